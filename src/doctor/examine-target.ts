import pMap from 'p-map';
import { forDatabase, type TargetContext } from '../backup/context.ts';
import { findDatabases, knownDatabases } from '../backup/databases.ts';
import { writePassfile } from '../backup/passfile.ts';
import { withTemporaryDirectory } from '../backup/temporary-directory.ts';
import type { Check } from '../check.ts';
import { PgBackupError } from '../errors.ts';
import type { Client } from '../postgres/clients.ts';
import { quoteWord } from '../quote-word.ts';
import { checkBucket } from './check-bucket.ts';
import { checkDatabase } from './check-database.ts';
import { checkEncryption } from './check-encryption.ts';
import { checkPast } from './check-past.ts';
import { checkPrograms } from './check-programs.ts';
import { checkRecovery } from './check-recovery.ts';
import { checkSchedule } from './check-schedule.ts';
import { checkVolume } from './check-volume.ts';
import { failedCheck, tryCheck } from './failed-check.ts';

export type Group =
  | 'programs'
  | 'database'
  | 'volume'
  | 'bucket'
  | 'encryption'
  | 'recovery'
  | 'schedule'
  | 'past';

export interface Finding {
  readonly group: Group;
  /** Only of what is looked at for each database. */
  readonly database?: string;
  readonly check: Check;
}

/** Each has two connections. */
const DATABASES_AT_A_TIME = 4;

/** Looks at one target with all of its databases, or the one that is named. What one finding keeps from being looked at is left out. */
export async function examineTarget(
  context: TargetContext,
  database: string | undefined,
): Promise<Finding[]> {
  let isUnderWay = false;
  try {
    return await withTemporaryDirectory(context, (directory) => {
      isUnderWay = true;
      return examine(context, database, directory);
    });
  } catch (error) {
    context.signal.throwIfAborted();
    if (isUnderWay || !(error instanceof PgBackupError)) throw error;
    // Without a place for keys and passwords nothing can be connected to.
    return examineHere(context, failedCheck('temporary-directory', error));
  }
}

async function examineHere(context: TargetContext, failure: Check): Promise<Finding[]> {
  const { checks } = await checkPrograms(context);
  const isTold = checks.some(({ id, state }) => id === 'flock' && state === 'bad');
  const volume = await tryCheck('volume', context.signal, () => checkVolume(context, []));
  return [...inGroup('programs', checks), ...inGroup('volume', [...(isTold ? [] : [failure]), ...volume])];
}

async function examine(
  context: TargetContext,
  named: string | undefined,
  directory: string,
): Promise<Finding[]> {
  const { signal, settings } = context;
  const look = (id: string, action: () => Promise<readonly Check[]>) => tryCheck(id, signal, action);
  const away = Promise.all([
    look('bucket', () => checkBucket(context, directory)),
    look('encryption', () => checkEncryption(context, directory)),
  ]);
  // What fails here is told where it is waited for.
  away.catch(() => {});
  const programs = await checkPrograms(context);
  const { databases, checks: ofNames } = await namesOfDatabases(context, named, programs.clients);
  const passfile = await writePassfile(settings.PGPASSWORD, directory);
  const examined = await pMap(
    databases,
    async (name) => ({
      name,
      ...(await checkDatabase(forDatabase(context, name), { clients: programs.clients, passfile })),
    }),
    { concurrency: DATABASES_AT_A_TIME },
  );
  const majors = examined.flatMap(({ server }) => server?.major ?? []);
  const sourceMajor = majors.length === 0 ? undefined : Math.max(...majors);
  const recovery = { clients: programs.clients, sourceMajor, temporaryDirectory: directory };
  let past = new Map<string, Check[]>();
  const ofPast = await look('last-backup', async () => {
    past = await checkPast(context, databases, (name) => scopeOf(context, name));
    return [];
  });
  const [bucket, encryption] = await away;
  return [
    ...inGroup('programs', programs.checks),
    ...inGroup('database', ofNames),
    ...examined.flatMap(({ name, checks }) => inGroup('database', checks, name)),
    ...inGroup('volume', await look('volume', () => checkVolume(context, databases))),
    ...inGroup('bucket', bucket),
    ...inGroup('encryption', encryption),
    ...inGroup('recovery', await look('recovery', () => checkRecovery(context, recovery))),
    ...inGroup('schedule', await look('schedule', () => checkSchedule(context))),
    ...inGroup('past', ofPast),
    ...databases.flatMap((name) => inGroup('past', past.get(name) ?? [], name)),
  ];
}

/** Where the server cannot be asked, those that it had the last time. */
async function namesOfDatabases(
  context: TargetContext,
  named: string | undefined,
  clients: readonly Client[],
): Promise<{ readonly databases: readonly string[]; readonly checks: readonly Check[] }> {
  if (named !== undefined) return { databases: [named], checks: [] };
  let databases: readonly string[] = [];
  const checks = await tryCheck('databases', context.signal, async () => {
    if (clients.length > 0) databases = await findDatabases(context);
    return [];
  });
  return { databases: databases.length > 0 ? databases : await knownDatabases(context), checks };
}

/** Tells a command which target and database is meant, where there are several. */
export function scopeOf({ target, settings }: TargetContext, database: string): string {
  return [
    target === undefined ? '' : ` --target ${quoteWord(target)}`,
    settings.PG_DATABASES === undefined ? '' : ` --database ${quoteWord(database)}`,
  ].join('');
}

function inGroup(group: Group, checks: readonly Check[], database?: string): Finding[] {
  return checks.map((check) => ({ group, check, ...(database === undefined ? {} : { database }) }));
}
