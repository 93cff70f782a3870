import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { layoutOf } from '../files/layout.ts';
import { findClients } from '../postgres/clients.ts';
import { clientEnvironment } from '../postgres/connection.ts';
import { openSession } from '../postgres/session.ts';
import { readDatabaseNames, writeDatabaseNames } from '../report/database-names.ts';
import type { TargetContext } from './context.ts';
import { readKnownRuns } from './known-runs.ts';
import { writePassfile } from './passfile.ts';
import { withTemporaryDirectory } from './temporary-directory.ts';

const EVERY = '*';
/** Every server has it unless somebody dropped it, and nobody's data lies there. */
const MAINTENANCE_DATABASE = 'postgres';

/**
 * The databases that the settings mean now. For PG_DATABASES=* the server is asked, what it says is remembered, and new and vanished ones are logged.
 * @throws PgBackupError why the server could not be asked
 */
export async function findDatabases(context: TargetContext): Promise<string[]> {
  const named = namedDatabases(context.settings);
  if (named) return named;
  const found = (await askServer(context)).filter((name) => !isExcluded(name, context.settings));
  await remember(context, found);
  return found;
}

/** The same without asking the server: for PG_DATABASES=* those that it had the last time; none where it was never asked. */
export async function knownDatabases({ settings }: TargetContext): Promise<string[]> {
  return namedDatabases(settings) ?? (await readDatabaseNames(fileOf(settings))) ?? [];
}

/** The same with those of PG_DATABASES=* that the server has no more, as long as there is a backup of them. */
export async function databasesWithBackups(context: TargetContext): Promise<string[]> {
  const { PG_HOST, PG_PORT, BACKUP_BASE_DIR } = context.settings;
  const known = await knownDatabases(context);
  if (namedDatabases(context.settings)) return known;
  const { byName } = await readKnownRuns(layoutOf(BACKUP_BASE_DIR));
  const backedUp = [...byName.values()].filter(({ series }) => series === `${PG_HOST}:${PG_PORT}`);
  return [...new Set([...known, ...backedUp.map(({ database }) => database).sort()])];
}

/** undefined where they are found out by asking. */
function namedDatabases({ PG_DATABASE, PG_DATABASES }: Settings): string[] | undefined {
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

async function remember(context: TargetContext, found: readonly string[]): Promise<void> {
  const { settings, log } = context;
  const before = await readDatabaseNames(fileOf(settings));
  for (const database of before ? found.filter((name) => !before.includes(name)) : [])
    log('info', 'DATABASE_NEW', { database });
  for (const database of before?.filter((name) => !found.includes(name)) ?? [])
    log('warn', 'DATABASE_GONE', { database });
  await writeDatabaseNames(fileOf(settings), found, context.clock());
}

function fileOf({ BACKUP_BASE_DIR, PG_HOST, PG_PORT }: Settings): string {
  const { databases } = layoutOf(BACKUP_BASE_DIR);
  return join(databases, `${encodeURIComponent(PG_HOST ?? '').replaceAll('.', '%2E')}_${PG_PORT}.json`);
}
