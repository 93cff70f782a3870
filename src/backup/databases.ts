import type { Settings } from '../config/settings.ts';
import { describeError, PgBackupError } from '../errors.ts';
import { layoutOf } from '../files/layout.ts';
import { findClients } from '../postgres/clients.ts';
import { clientEnvironment } from '../postgres/connection.ts';
import { openSession } from '../postgres/session.ts';
import { databaseNamesPath, readRememberedDatabases, writeDatabaseNames } from '../report/database-names.ts';
import type { TargetContext } from './context.ts';
import { withinMinutes } from './deadline.ts';
import { readAllKnownRuns } from './known-runs.ts';
import { writePassfile } from './passfile.ts';
import { withTemporaryDirectory } from './temporary-directory.ts';

const EVERY = '*';
/** Every server has it unless somebody dropped it, and nobody's data lies there. */
const MAINTENANCE_DATABASE = 'postgres';
const ASKING_MINUTES = 2;

/**
 * The databases that the settings mean now; for PG_DATABASES=* the server is asked.
 * @throws PgBackupError why it could not be asked
 */
export async function findDatabases(context: TargetContext): Promise<string[]> {
  const named = namedDatabases(context.settings);
  if (named) return named;
  return (await askServer(context)).filter((name) => !isExcluded(name, context.settings));
}

export interface Discovered {
  readonly databases: readonly string[];
  /** Those of the last time that the server has no more. */
  readonly gone: readonly string[];
}

/**
 * The same for a backup: what PG_DATABASES=* stands for is remembered, and what is new or gone is logged. Where the server cannot be asked, those of
 * the last time are meant, whose runs will then tell what is wrong.
 * @throws PgBackupError why it could not be asked, where it never was; NO_DATABASES
 */
export async function discoverDatabases(context: TargetContext): Promise<Discovered> {
  const { settings, log, language } = context;
  if (namedDatabases(settings)) return { databases: await findDatabases(context), gone: [] };
  const before = await knownDatabases(context);
  try {
    const databases = await withinMinutes(ASKING_MINUTES, context.signal, (signal) =>
      findDatabases({ ...context, signal }),
    );
    if (databases.length === 0) throw noDatabases(settings);
    const gone = before.filter((name) => !databases.includes(name));
    if (before.length > 0) logChanges(context, databases, before, gone);
    await writeDatabaseNames(fileOf(context), databases, context.clock());
    return { databases, gone };
  } catch (error) {
    context.signal.throwIfAborted();
    if (before.length === 0 || !(error instanceof PgBackupError) || error.code === 'NO_DATABASES')
      throw error;
    log('warn', 'DATABASES_UNKNOWN', { detail: describeError(error, language).message });
    return { databases: before, gone: [] };
  }
}

/** The same without asking the server: for PG_DATABASES=* those that it had the last time; none where it was never asked. */
export async function knownDatabases(context: TargetContext): Promise<string[]> {
  const named = namedDatabases(context.settings);
  return named ?? [...((await readRememberedDatabases(fileOf(context)))?.databases ?? [])];
}

/** The same with those of PG_DATABASES=* that the server has no more, as long as there is a backup of them. */
export async function databasesWithBackups(context: TargetContext): Promise<string[]> {
  const { PG_HOST, PG_PORT } = context.settings;
  const known = await knownDatabases(context);
  if (namedDatabases(context.settings)) return known;
  const { byName } = await readAllKnownRuns(context);
  const backedUp = [...byName.values()].filter(({ series }) => series === `${PG_HOST}:${PG_PORT}`);
  return [...new Set([...known, ...backedUp.map(({ database }) => database).sort()])];
}

/** Those that the settings name; undefined where they are found out by asking. */
export function namedDatabases({
  PG_DATABASE,
  PG_DATABASES,
}: Pick<Settings, 'PG_DATABASE' | 'PG_DATABASES'>): string[] | undefined {
  if (PG_DATABASE !== undefined) return [PG_DATABASE];
  return PG_DATABASES?.includes(EVERY) ? undefined : [...new Set(PG_DATABASES)];
}

/** `*` in a pattern stands for any text. */
export function isExcluded(
  name: string,
  { PG_EXCLUDE_DATABASES = [] }: Pick<Settings, 'PG_EXCLUDE_DATABASES'>,
): boolean {
  return PG_EXCLUDE_DATABASES.some((pattern) => {
    const parts = pattern.split(EVERY).map((part) => RegExp.escape(part));
    return new RegExp(`^${parts.join('[\\s\\S]*')}$`, 'u').test(name);
  });
}

async function askServer(context: TargetContext): Promise<string[]> {
  const { settings, environment, signal } = context;
  const clients = await findClients(settings.PG_BIN_DIR, environment['PATH']);
  return withTemporaryDirectory(context, async (directory) => {
    const session = openSession({
      psql: clients[0]?.psql ?? '',
      target: {
        host: settings.PG_HOST,
        port: settings.PG_PORT,
        user: settings.PG_USER,
        database: MAINTENANCE_DATABASE,
      },
      environment: clientEnvironment(environment, await writePassfile(settings.PGPASSWORD, directory)),
      applicationName: `pg-backup on ${context.hostname}`,
      signal,
    });
    try {
      const rows = await session.query(
        'SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname',
      );
      return rows.map((row) => String(row['name']));
    } finally {
      await session.close();
    }
  });
}

function logChanges(
  { log }: TargetContext,
  databases: readonly string[],
  before: readonly string[],
  gone: readonly string[],
): void {
  for (const database of databases.filter((name) => !before.includes(name))) {
    log('info', 'DATABASE_NEW', { database });
  }
  for (const database of gone) log('warn', 'DATABASE_GONE', { database });
}

function noDatabases({ PG_HOST: host, PG_PORT: port }: Settings): PgBackupError {
  return new PgBackupError('NO_DATABASES', { host, port });
}

function fileOf({ settings, target }: TargetContext): string {
  const { BACKUP_BASE_DIR, PG_HOST: host, PG_PORT: port } = settings;
  return databaseNamesPath(layoutOf(BACKUP_BASE_DIR), { target, host, port });
}
