import { isDeepStrictEqual } from 'node:util';
import { parseRunName } from '../../backup/run-name.ts';
import type { DrillFacts, RecordFacts, ReportFacts, SkipFacts } from './facts.ts';
import { createSortedList, type SortedList } from './sorted-list.ts';

/** What is known of a run without reading a file. */
export interface IndexedRun {
  /** Which of the directories it lies in. */
  readonly place: number;
  /** Of its report and its record; with `.json`. */
  readonly fileName: string;
  readonly database: string;
  /** In milliseconds. */
  readonly startedAt: number;
  /** False for a file with another name than runs have. */
  readonly isNamed: boolean;
  readonly report: ReportFacts | undefined;
  readonly record: RecordFacts | undefined;
}

export interface IndexedDrill extends DrillFacts {
  readonly place: number;
  readonly fileName: string;
}

/** A run that is marked as under way, or was killed. */
export interface RunningRun {
  readonly place: number;
  readonly run: string;
  readonly database: string;
  readonly startedAt: Date;
}

/** What the directories hold, in memory. */
export interface RunIndex {
  /** Newest start first. */
  readonly runs: SortedList<IndexedRun>;
  /** Those with a report, the newest finish first, compared as text. */
  readonly reported: SortedList<IndexedRun>;
  readonly reportedByStatus: Readonly<Record<ReportFacts['status'], SortedList<IndexedRun>>>;
  /** Newest first. */
  readonly drills: SortedList<IndexedDrill>;
  readonly skips: ReadonlyMap<string, SkipFacts>;
  readonly running: readonly RunningRun[];
  /** The names below `data/` of each place; undefined where they cannot be listed. */
  readonly dataFiles: readonly (ReadonlySet<string> | undefined)[];
  /** Grows with every change. */
  readonly revision: number;
  find(place: number, run: string): IndexedRun | undefined;
  setReport(place: number, fileName: string, facts: ReportFacts | undefined): void;
  setRecord(place: number, fileName: string, facts: RecordFacts | undefined): void;
  setDrill(place: number, fileName: string, facts: DrillFacts | undefined): void;
  setSkip(place: number, fileName: string, facts: SkipFacts | undefined): void;
  setRunning(place: number, names: readonly string[]): void;
  setDataFiles(place: number, names: readonly string[] | undefined): void;
  /** From now on the lists are in order. */
  sort(): void;
}

const SUFFIX = '.json';

export function runNameOf({ fileName }: { readonly fileName: string }): string {
  return fileName.slice(0, -SUFFIX.length);
}

/** An empty index. */
export function createRunIndex(): RunIndex {
  const byFile = new Map<string, IndexedRun>();
  const drillsByFile = new Map<string, IndexedDrill>();
  const skips = new Map<string, SkipFacts>();
  const runs = createSortedList<IndexedRun>(byStart);
  const reported = createSortedList<IndexedRun>(byFinish);
  const reportedByStatus = {
    SUCCESS: createSortedList<IndexedRun>(byFinish),
    FAILED: createSortedList<IndexedRun>(byFinish),
  };
  const drills = createSortedList<IndexedDrill>(byDrill);
  let running: readonly RunningRun[] = [];
  const dataFiles: (ReadonlySet<string> | undefined)[] = [];
  let revision = 0;

  const replace = (before: IndexedRun | undefined, after: IndexedRun | undefined): void => {
    revision += 1;
    if (before) {
      runs.remove(before);
      if (before.report) {
        reported.remove(before);
        reportedByStatus[before.report.status].remove(before);
      }
    }
    if (!after) return;
    runs.add(after);
    if (after.report) {
      reported.add(after);
      reportedByStatus[after.report.status].add(after);
    }
  };
  const change = (
    place: number,
    fileName: string,
    facts: { report?: ReportFacts | undefined } | { record?: RecordFacts | undefined },
  ): void => {
    const key = keyOf(place, fileName);
    const before = byFile.get(key);
    const known = { report: before?.report, record: before?.record, ...facts };
    const after = runOf(place, before?.fileName ?? fileName, known);
    // A file that is looked at twice while it settles has not changed.
    if (isDeepStrictEqual(before, after)) return;
    replace(before, after);
    if (after) byFile.set(key, after);
    else byFile.delete(key);
  };

  return {
    runs,
    reported,
    reportedByStatus,
    drills,
    skips,
    get running() {
      return running;
    },
    dataFiles,
    get revision() {
      return revision;
    },
    find: (place, run) => byFile.get(keyOf(place, `${run}${SUFFIX}`)),
    setReport: (place, fileName, report) => change(place, fileName, { report }),
    setRecord: (place, fileName, record) => change(place, fileName, { record }),
    setDrill(place, fileName, facts) {
      const key = keyOf(place, fileName);
      const before = drillsByFile.get(key);
      const after = facts && { ...facts, place, fileName };
      if (isDeepStrictEqual(before, after)) return;
      revision += 1;
      if (before) drills.remove(before);
      drillsByFile.delete(key);
      if (!after) return;
      drillsByFile.set(key, after);
      drills.add(after);
    },
    setSkip(place, fileName, facts) {
      const key = keyOf(place, fileName);
      if (isDeepStrictEqual(skips.get(key), facts)) return;
      revision += 1;
      if (facts) skips.set(key, facts);
      else skips.delete(key);
    },
    setRunning(place, names) {
      const now = running.filter((one) => one.place === place).map(({ run }) => run);
      if (now.length === names.length && names.every((name) => now.includes(name))) return;
      const found = names.flatMap((run) => {
        const identity = parseRunName(run);
        return identity ? [{ place, run, database: identity.database, startedAt: identity.startedAt }] : [];
      });
      running = [...running.filter((one) => one.place !== place), ...found];
      revision += 1;
    },
    setDataFiles(place, names) {
      const before = dataFiles[place];
      const isSame =
        before === undefined || names === undefined
          ? before === names
          : before.size === names.length && names.every((name) => before.has(name));
      if (isSame) return;
      dataFiles[place] = names && new Set(names);
      revision += 1;
    },
    sort() {
      runs.sort();
      // What began first mostly ended first.
      reported.sort(runs.items.filter(({ report }) => report !== undefined));
      for (const status of ['SUCCESS', 'FAILED'] as const)
        reportedByStatus[status].sort(reported.items.filter(({ report }) => report?.status === status));
      drills.sort();
    },
  };
}

function runOf(
  place: number,
  fileName: string,
  { report, record }: { report: ReportFacts | undefined; record: RecordFacts | undefined },
): IndexedRun | undefined {
  const known = record ?? report;
  if (!known) return undefined;
  const identity = parseRunName(fileName.slice(0, -SUFFIX.length));
  const startedAt = identity?.startedAt.getTime() ?? Date.parse(known.startedAt ?? '');
  return {
    place,
    fileName,
    database: identity?.database === known.database ? known.database : (identity?.database ?? known.database),
    startedAt: Number.isNaN(startedAt) ? 0 : startedAt,
    isNamed: identity !== undefined,
    report,
    record,
  };
}

/** One directory is the rule, and then the name needs no copy. */
function keyOf(place: number, fileName: string): string {
  return place === 0 ? fileName : `${place}/${fileName}`;
}

function byStart(one: IndexedRun, other: IndexedRun): number {
  return other.startedAt - one.startedAt || byFile(one, other);
}

function byFinish(one: IndexedRun, other: IndexedRun): number {
  const [first, second] = [one.report?.finishedAt ?? '', other.report?.finishedAt ?? ''];
  if (first !== second) return first < second ? 1 : -1;
  return byStart(one, other);
}

function byDrill(one: IndexedDrill, other: IndexedDrill): number {
  if (one.startedAt !== other.startedAt) return one.startedAt < other.startedAt ? 1 : -1;
  return byFile(one, other);
}

function byFile(
  one: { readonly place: number; readonly fileName: string },
  other: { readonly place: number; readonly fileName: string },
): number {
  if (one.fileName !== other.fileName) return one.fileName < other.fileName ? 1 : -1;
  return one.place - other.place;
}
