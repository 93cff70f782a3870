import type { TargetContext } from '../backup/context.ts';
import type { LoadOptions } from '../config/load.ts';
import type { Target } from '../config/targets.ts';
import { describeError, PgBackupError } from '../errors.ts';
import { type Language, render, type Text } from '../language.ts';
import { logFailure } from '../log-failure.ts';
import { createContext, loadFrom, type Surroundings } from '../program.ts';
import { type NamedFailure, summedFailure } from '../summed-failure.ts';

/** Which of the configured targets and databases are meant; all of them unless one is named. */
export interface Scope {
  readonly target?: string | undefined;
  readonly database?: string | undefined;
}

/**
 * The targets that are meant.
 * @throws PgBackupError SETTINGS_INVALID; USAGE for one that does not exist
 */
export function chooseTargets(
  surroundings: Surroundings,
  { target }: Scope,
  options?: LoadOptions,
): Target[] {
  return loadFrom(surroundings, { ...options, only: target });
}

/**
 * For commands that are about targets as a whole.
 * @throws PgBackupError USAGE where a database is named
 */
export function refuseDatabase({ database }: Scope, language: Language): void {
  if (database !== undefined) throw new PgBackupError('USAGE', { detail: render(NO_DATABASE, language) });
}

/** Runs a command for each target that is meant, one after the other, and returns the exit code; what it throws is logged and keeps no other from its turn. */
export async function runOnTargets(
  surroundings: Surroundings,
  scope: Scope,
  command: (context: TargetContext) => Promise<unknown>,
): Promise<number> {
  const contexts = contextsOf(surroundings, scope);
  const failures: NamedFailure[] = [];
  for (const context of contexts) {
    try {
      await command(context);
    } catch (error) {
      logFailure(context, error);
      failures.push({ name: context.target ?? '', error });
      if (context.signal.aborted) break;
    }
  }
  if (failures.length === 0) return 0;
  return describeError(summedFailure(failures, contexts.length), surroundings.language).exitCode;
}

/** Runs a command once, with the contexts of all targets that are meant, and returns the exit code; what it throws is logged. */
export async function runTogether(
  surroundings: Surroundings,
  scope: Scope,
  command: (contexts: readonly TargetContext[]) => Promise<unknown>,
): Promise<number> {
  const contexts = contextsOf(surroundings, scope);
  try {
    await command(contexts);
    return 0;
  } catch (error) {
    const [context] = contexts;
    if (!context) throw error;
    return logFailure(context, error);
  }
}

/** The same for what only looks at reports and records: nothing is required of the settings, and nothing is written. */
export async function runOnReports(
  surroundings: Surroundings,
  scope: Scope,
  command: (contexts: readonly TargetContext[]) => Promise<unknown>,
): Promise<number> {
  const targets = chooseTargets(surroundings, scope, { readsReportsOnly: true });
  const contexts = targets.map((target) => createContext(surroundings, target, { writesNothing: true }));
  try {
    await command(contexts);
    return 0;
  } catch (error) {
    if (!(error instanceof PgBackupError) || error.code !== 'UNHEALTHY') throw error;
    // It is the answer, and whoever probes wants it on one line.
    const { exitCode, message } = describeError(error, surroundings.language);
    surroundings.stdout.write(`${message}\n`);
    return exitCode;
  }
}

function contextsOf(surroundings: Surroundings, scope: Scope): TargetContext[] {
  return chooseTargets(surroundings, scope).map((target) => createContext(surroundings, target));
}

const NO_DATABASE: Text = {
  en: '--database means nothing to this command, which is about targets as a whole',
  zh: '该命令针对整个目标，不接受 --database',
};
