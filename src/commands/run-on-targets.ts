import { type BackupContext, forDatabase, type TargetContext } from './backup/context.ts';
import { databasesWithBackups, findDatabases, knownDatabases } from './backup/databases.ts';
import { parseRunName } from './backup/run-name.ts';
import type { LoadOptions } from './config/load.ts';
import type { Target } from './config/targets.ts';
import { describeError, PgBackupError } from './errors.ts';
import { type Language, render, type Text } from './language.ts';
import { logFailure } from './log-failure.ts';
import { createContext, loadFrom, type Surroundings } from './program.ts';
import { type NamedFailure, summedFailure } from './summed-failure.ts';

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

/** The same for each database of each target. A run that is named tells which database is meant. */
export async function runOnDatabases(
  surroundings: Surroundings,
  scope: Scope & { readonly run?: string | undefined },
  command: (context: BackupContext) => Promise<unknown>,
): Promise<number> {
  return runOnTargets(surroundings, scope, async (context) => {
    const databases = await databasesMeant(context, scope);
    const failures: NamedFailure[] = [];
    for (const name of databases) {
      context.signal.throwIfAborted();
      try {
        await command(forDatabase(context, name));
      } catch (error) {
        if (databases.length === 1) throw error;
        logFailure(context, error);
        failures.push({ name, error });
      }
    }
    if (failures.length > 0) throw summedFailure(failures, databases.length);
  });
}

/** The same for what is done to one database only; where several are configured, one has to be named. */
export async function runOnOneDatabase(
  surroundings: Surroundings,
  scope: Scope & { readonly run?: string | undefined },
  command: (context: BackupContext) => Promise<unknown>,
): Promise<number> {
  const refuse = (text: Text, names: readonly string[]): never => {
    const detail = render(text, surroundings.language, { names: names.join(', ') });
    throw new PgBackupError('USAGE', { detail });
  };
  return runTogether(surroundings, scope, async ([context, ...others]) => {
    if (!context) return;
    const targets = [context, ...others].map(({ target }) => target ?? '');
    if (others.length > 0) refuse(NAME_TARGET, targets);
    const [database, ...more] = await databasesMeant(context, scope);
    if (database === undefined || more.length > 0)
      refuse(NAME_DATABASE, database === undefined ? [] : [database, ...more]);
    else await command(forDatabase(context, database));
  });
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

/**
 * The databases that are meant: the one that is named, or whose run is, else those of the settings, as they were found the last time.
 * @throws PgBackupError why the server could not be asked, where it never was
 */
export async function databasesMeant(
  context: TargetContext,
  { database, run }: { readonly database?: string | undefined; readonly run?: string | undefined },
): Promise<string[]> {
  const named = database ?? (run === undefined ? undefined : parseRunName(run)?.database);
  if (named !== undefined) return [named];
  const known = await knownDatabases(context);
  return known.length > 0 ? known : findDatabases(context);
}

/** A context for each database that the targets have, or have backups of. */
export async function everyDatabase(
  contexts: readonly TargetContext[],
  { database }: Scope,
): Promise<BackupContext[]> {
  const all = await Promise.all(
    contexts.map(async (context) => {
      const names = database === undefined ? await databasesWithBackups(context) : [database];
      return names.map((name) => forDatabase(context, name));
    }),
  );
  return all.flat();
}

function contextsOf(surroundings: Surroundings, scope: Scope): TargetContext[] {
  return chooseTargets(surroundings, scope).map((target) => createContext(surroundings, target));
}

const NO_DATABASE: Text = {
  en: '--database means nothing to this command, which is about targets as a whole',
  zh: '该命令针对整个目标，不接受 --database',
};
const NAME_TARGET: Text = {
  en: 'Which target? Name one with --target: {names}',
  zh: '哪个目标？请用 --target 指定：{names}',
};
const NAME_DATABASE: Text = {
  en: 'Which database? Name a run, or one with --database: {names}',
  zh: '哪个数据库？请指定运行名，或用 --database 指定：{names}',
};
