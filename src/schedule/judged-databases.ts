import { basename } from 'node:path';
import type { TargetContext } from '../backup/context.ts';
import { namedDatabases } from '../backup/databases.ts';
import { layoutOf } from '../files/layout.ts';
import { databaseNamesPath, type RememberedDatabases } from '../report/database-names.ts';

export type { RememberedDatabases };

const DAY = 24 * 60 * 60 * 1000;
/** How long a database, or a server, that is configured nowhere counts as one of ours. */
const REMEMBERED_MILLISECONDS = 30 * DAY;

export const NONE_REMEMBERED: RememberedDatabases = { databases: [], newSince: new Map() };

/** The name of the file below `databases/` that tells of the target's databases. */
export function rememberedFileName({ settings, target }: TargetContext): string {
  const { BACKUP_BASE_DIR, PG_HOST: host, PG_PORT: port } = settings;
  return basename(databaseNamesPath(layoutOf(BACKUP_BASE_DIR), { target, host, port }));
}

/** Whether the settings, or what is remembered, say which databases are to be judged; else the runs do. */
export function isEachNamed({ settings }: TargetContext, { databases }: RememberedDatabases): boolean {
  return (namedDatabases(settings) ?? databases).length > 0;
}

/**
 * Those that are configured or remembered, else those that had a run of late, else all that ever had one; undefined for all of them where none is
 * known.
 */
export function judgedDatabases(
  context: TargetContext,
  remembered: RememberedDatabases,
  runs: Iterable<{ readonly database: string; readonly startedAt: Date | number }>,
  now: Date,
): (string | undefined)[] {
  const known = namedDatabases(context.settings) ?? remembered.databases;
  if (known.length > 0) return [...known];
  const [recent, all] = [new Set<string>(), new Set<string>()];
  for (const { database, startedAt } of runs) {
    all.add(database);
    if (isOfLate(startedAt, now)) recent.add(database);
  }
  const names = recent.size > 0 ? recent : all;
  return names.size > 0 ? [...names].sort() : [undefined];
}

/** When a database was found; only a server that is asked for its databases can have new ones. */
export function newSinceOf(
  { settings }: TargetContext,
  { newSince }: RememberedDatabases,
  database: string | undefined,
): Date | undefined {
  if (database === undefined || namedDatabases(settings) !== undefined) return undefined;
  return newSince.get(database);
}

export function isOfLate(startedAt: Date | number, now: Date): boolean {
  return Number(startedAt) >= now.getTime() - REMEMBERED_MILLISECONDS;
}
