import type { BackupContext } from '../backup/context.ts';
import type { CopiesOfRun } from '../backup/copies.ts';
import { parseRunName } from '../backup/run-name.ts';
import { nearestNames } from '../config/typos.ts';
import { PgBackupError } from '../errors.ts';
import { type ArtifactKind, parseArtifactName } from '../files/layout.ts';
import { fillIn, type Text, type TextParameters } from '../language.ts';
import type { ListedObject } from '../storage/store.ts';

/** Which backup to use; exactly one of them is given. */
export interface RunChoice {
  readonly run?: string | undefined;
  readonly latest?: boolean | undefined;
  /** The newest one that began at this time or before it; a day without a time is meant to its end. */
  readonly at?: string | undefined;
}

const NEAREST_NAMES = 3;

/** The database whose backups are meant: that of the run's name, where one is named. */
export function databaseOf({ run }: RunChoice, { settings }: BackupContext): string {
  return (run === undefined ? undefined : parseRunName(run)?.database) ?? settings.PG_DATABASE;
}

/**
 * The run that is meant; `runs` are newest first, `others` are names that may have been meant as well.
 * @throws PgBackupError NO_SUCH_RUN with the most alike names, USAGE for a time that is none
 */
export function chooseRun(
  runs: readonly CopiesOfRun[],
  choice: RunChoice,
  database: string,
  others: Iterable<string> = [],
): CopiesOfRun {
  const { run: name } = choice;
  if (name !== undefined) {
    const found = runs.find((run) => run.name === name);
    if (found && dumpIsSomewhere(found)) return found;
    throw found
      ? noSuchRun(NO_DUMP, { run: name })
      : noSuchRun(UNKNOWN, { run: name, nearest: nearest(name, runs, others) });
  }
  const latest = choice.at === undefined ? undefined : parseTime(choice.at, END_OF_DAY);
  const usable = runs.filter(isRestorable);
  const [newest] = latest ? usable.filter(({ startedAt }) => startedAt <= latest) : usable;
  if (newest) return newest;
  const oldest = usable.at(-1)?.name;
  throw latest && oldest
    ? noSuchRun(NONE_BEFORE, { at: latest.toISOString(), oldest })
    : noSuchRun(NONE, { database });
}

/**
 * Every run that can be restored and began at that time or later, oldest first.
 * @throws PgBackupError NO_SUCH_RUN where there is none, USAGE for a time that is none
 */
export function runsSince(runs: readonly CopiesOfRun[], since: string, database: string): CopiesOfRun[] {
  const earliest = parseTime(since, '00:00');
  const found = runs.filter((run) => isRestorable(run) && run.startedAt >= earliest).toReversed();
  if (found.length === 0) throw noSuchRun(NONE, { database });
  return found;
}

/** A run whose dump is known to have been complete once. */
function isRestorable(run: CopiesOfRun): boolean {
  const { known, unrecorded } = run;
  // Of another machine's run, the checksum is sent behind the dump.
  const wasComplete = known
    ? known.isProven || (known.record?.artifacts.length ?? 0) > 0
    : holds(unrecorded?.objects, 'checksum');
  return wasComplete && dumpIsSomewhere(run);
}

function dumpIsSomewhere({ local, remote, unrecorded }: CopiesOfRun): boolean {
  if (local && local.sizeBytes > 0) return true;
  return holds(remote?.objects, 'dump') || holds(unrecorded?.objects, 'dump');
}

function holds(objects: readonly ListedObject[] = [], kind: ArtifactKind): boolean {
  return objects.some(({ name, sizeBytes }) => sizeBytes > 0 && parseArtifactName(name)?.kind === kind);
}

const TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(?: ?(Z|UTC|[+-]\d{2}:?\d{2}))?$/;
const END_OF_DAY = '23:59:59.999';

/** `2026-11-20 03:00`, `2026-11-20`, or any ISO 8601 time; UTC, as in the names of runs, unless it says otherwise. */
function parseTime(text: string, timeOfDay: string): Date {
  const [, date = '', time = timeOfDay, zone = 'Z'] = TIME.exec(text.trim()) ?? [];
  const offset = zone === 'UTC' ? 'Z' : zone.replace(/^(...):?(..)$/, '$1:$2');
  const parsed = new Date(`${date}T${time}${offset}`);
  // The 30th of February would become a day in March.
  const midnight = new Date(`${date}T00:00Z`);
  const isDay = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date);
  if (!isDay || Number.isNaN(parsed.getTime())) {
    throw new PgBackupError('USAGE', { detail: fillIn(NO_TIME, { at: text }) });
  }
  return parsed;
}

function nearest(name: string, runs: readonly CopiesOfRun[], others: Iterable<string>): string {
  const names = [...new Set([...runs.map((run) => run.name), ...others])];
  return nearestNames(name, names).slice(0, NEAREST_NAMES).join(', ') || '-';
}

function noSuchRun(text: Text, parameters: TextParameters): PgBackupError {
  return new PgBackupError('NO_SUCH_RUN', { detail: fillIn(text, parameters) });
}

const UNKNOWN: Text = {
  en: 'There is no backup {run}. The most alike: {nearest}',
  zh: '没有备份 {run}。最接近的是：{nearest}',
};
const NO_DUMP: Text = { en: 'The dump of {run} is in no place any more', zh: '{run} 的转储已不在任何位置' };
const NONE: Text = {
  en: 'There is no backup of {database} that could be restored',
  zh: '没有可恢复的 {database} 备份',
};
const NONE_BEFORE: Text = {
  en: 'There is no backup from {at} or before; the oldest is {oldest}',
  zh: '{at} 及之前没有备份；最早的是 {oldest}',
};
const NO_TIME: Text = {
  en: '{at} is no time; write it as 2026-11-20 03:00 (UTC) or 2026-11-20T03:00+08:00',
  zh: '{at} 不是时间；请写成 2026-11-20 03:00（UTC）或 2026-11-20T03:00+08:00',
};
