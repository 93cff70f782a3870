import { type BackupContext, forDatabase, type TargetContext } from '../backup/context.ts';
import { databasesWithBackups, findDatabases, knownDatabases } from '../backup/databases.ts';
import { parseRunName } from '../backup/run-name.ts';
import { PgBackupError } from '../errors.ts';
import { render, type Text } from '../language.ts';
import { logFailure } from '../log-failure.ts';
import type { Surroundings } from '../program.ts';
import { type NamedFailure, summedFailure } from '../summed-failure.ts';
import { runOnTargets, runTogether, type Scope } from './run-on-targets.ts';

/** Runs a command for each database of each target that is meant, as `runOnTargets` does. A run that is named tells which database is meant. */
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

const NAME_TARGET: Text = {
  en: 'Which target? Name one with --target: {names}',
  zh: '哪个目标？请用 --target 指定：{names}',
};
const NAME_DATABASE: Text = {
  en: 'Which database? Name a run, or one with --database: {names}',
  zh: '哪个数据库？请指定运行名，或用 --database 指定：{names}',
};
