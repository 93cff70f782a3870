import type { TargetContext } from '../../backup/context.ts';
import { type IndexedRun, runNameOf } from '../run-index/run-index.ts';
import { isOffSite } from '../run-index/views.ts';

const DAY = 24 * 60 * 60 * 1000;
/** Of a run that ended since, a listing of the files may know nothing yet. */
const SETTLED_MILLISECONDS = 15 * 60_000;
const DUMP = /^(.+)\.dump(?:\.age|\.gpg)?$/;

/** The names of the runs whose dump is among the files. */
export function runsWithDump(files: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...files].flatMap((file) => DUMP.exec(file)?.[1] ?? []));
}

/** Whether neither a dump is here nor a copy elsewhere on record; undefined where nobody can tell. `dumps`: undefined where the files cannot be listed. */
export function isLost(
  run: IndexedRun,
  dumps: ReadonlySet<string> | undefined,
  now: Date,
): boolean | undefined {
  if (isOffSite(run)) return false;
  if (dumps === undefined) return undefined;
  if (dumps.has(runNameOf(run))) return false;
  const endedAt = Date.parse(run.record?.finishedAt ?? run.report?.finishedAt ?? '');
  return now.getTime() - (endedAt || run.startedAt) > SETTLED_MILLISECONDS ? true : undefined;
}

/** Whether it may still be restored, as far as anybody can tell: what the bucket's own rules removed is in no record. */
export function isStillThere(
  run: IndexedRun,
  dumps: ReadonlySet<string> | undefined,
  settings: TargetContext['settings'],
  now: Date,
): boolean {
  if (dumps === undefined || dumps.has(runNameOf(run))) return true;
  const { REMOTE_RETENTION_DAYS: days, REMOTE_RETENTION_KEEP: keep } = settings;
  const isKept =
    days === undefined || keep !== undefined || run.startedAt >= now.getTime() - (days + 1) * DAY;
  return isOffSite(run) ? isKept : isLost(run, dumps, now) !== true;
}
