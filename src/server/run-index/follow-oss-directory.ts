import { setImmediate } from 'node:timers/promises';
import pMap from 'p-map';
import {
  type ListedReport,
  type ReportSource,
  type SharedKind,
  sharedPath,
} from '../../report/report-source.ts';
import type { FollowedDirectory } from './follow-directory.ts';
import type { JsonKind } from './read-file.ts';

export interface OssDirectoryOptions<Facts> {
  readonly source: ReportSource;
  readonly kind: SharedKind;
  readonly json: JsonKind;
  readonly clock: () => Date;
  readonly relistMilliseconds: number;
  /** undefined for what cannot be used after all. */
  readonly factsOf: (value: unknown, run: string) => Facts | undefined;
  /** undefined: it is gone. */
  readonly onChange: (fileName: string, facts: Facts | undefined) => void;
  /** Where it has changed whether the object can be used as it stands. */
  readonly onUnreadable?: (fileName: string, isUnreadable: boolean) => void;
}

/** Of each of a hundred thousand objects: kept flat. */
interface ObjectState {
  stamp: string;
  isUnreadable: boolean;
  isUsed: boolean;
  /** The number of the last scan that has seen it. */
  seen: number;
}

const SUFFIX = '.json';
const NAMED = 20;
const READ_AT_ONCE = 16;
/** Of larger ones, several at once would be much. */
const LARGE_BYTES = 1024 * 1024;

/**
 * Objects of one kind as a directory of files: each look lists what is of this month and the month before, once in a while all of it, and reads what is new
 * or has changed. A look that cannot list, or cannot read an object for another reason than the object, throws.
 */
export function followOssDirectory<Facts>(options: OssDirectoryOptions<Facts>): FollowedDirectory {
  const { source, kind, json, clock, relistMilliseconds, factsOf, onChange, onUnreadable } = options;
  const objects = new Map<string, ObjectState>();
  let isKnown = false;
  let scans = 0;
  let listedAll = Number.NEGATIVE_INFINITY;

  const take = ({ path, stamp }: ListedReport, value: unknown): void => {
    const before = objects.get(path);
    const fileName = nameOf(path);
    const facts = value === undefined ? undefined : factsOf(value, fileName.slice(0, -SUFFIX.length));
    const isUsed = facts !== undefined || before?.isUsed === true;
    const isUnreadable = facts === undefined;
    objects.set(path, { stamp, isUnreadable, isUsed, seen: scans });
    if (facts !== undefined) onChange(fileName, facts);
    if (isUnreadable !== (before?.isUnreadable ?? false)) onUnreadable?.(fileName, isUnreadable);
  };
  const forget = (path: string): void => {
    const before = objects.get(path);
    objects.delete(path);
    if (before?.isUsed) onChange(nameOf(path), undefined);
    if (before?.isUnreadable) onUnreadable?.(nameOf(path), false);
  };
  const read = async (object: ListedReport, signal: AbortSignal): Promise<void> => {
    const content = await source.read(kind, object.path, json.maximumBytes, signal);
    if (content === 'gone') forget(object.path);
    else take(object, content === 'unusable' ? undefined : understand(content, json));
  };
  /** What has to be read of a page; whatever has the wrong name or size is never asked for. */
  const lookAt = (page: readonly ListedReport[]): ListedReport[] =>
    page.filter((object) => {
      if (!object.path.endsWith(SUFFIX)) return false;
      const before = objects.get(object.path);
      if (before) before.seen = scans;
      if (before?.stamp === object.stamp) return false;
      const isWanted =
        sharedPath(nameOf(object.path)) === object.path && object.sizeBytes <= json.maximumBytes;
      if (!isWanted) take(object, undefined);
      return isWanted;
    });

  return {
    path: `${source.url}/${kind}`,
    isKnown: () => isKnown,
    unreadable() {
      let count = 0;
      const names: string[] = [];
      for (const [path, { isUnreadable }] of objects) {
        if (!isUnreadable) continue;
        count += 1;
        if (names.length < NAMED) names.push(path);
      }
      return { count, names };
    },
    async scan(_sliceMilliseconds, signal) {
      scans += 1;
      const begin = performance.now();
      const after = begin - listedAll < relistMilliseconds ? monthBefore(clock()) : undefined;
      const ended = new AbortController();
      const within = AbortSignal.any([signal, ended.signal]);
      try {
        for await (const page of source.list(kind, after, within)) {
          const changed = Object.groupBy(lookAt(page), ({ sizeBytes }) =>
            sizeBytes > LARGE_BYTES ? 'large' : 'small',
          );
          await pMap(changed.small ?? [], (one) => read(one, within), { concurrency: READ_AT_ONCE });
          for (const one of changed.large ?? []) await read(one, within);
          await setImmediate();
        }
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      } finally {
        // One that failed ends the others: what they would bring may be old by the next look.
        ended.abort();
      }
      for (const [path, { seen }] of objects) {
        if (seen !== scans && (after === undefined || path > after)) forget(path);
      }
      if (after === undefined) listedAll = begin;
      isKnown = true;
    },
    async look() {},
  };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path before all paths of the month before this one. */
function monthBefore(now: Date): string {
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1));
  return `${month.toISOString().slice(0, 7).replace('-', '/')}/`;
}

/** The value that an object holds; undefined for one that is broken, or another thing. */
export function understand(content: Buffer, { check }: JsonKind): unknown {
  try {
    const value: unknown = JSON.parse(content.toString());
    return check(value).length === 0 ? value : undefined;
  } catch {
    return undefined;
  }
}
