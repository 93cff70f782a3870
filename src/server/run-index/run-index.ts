import { isDeepStrictEqual } from 'node:util';
import { parseRunName } from '../../backup/run-name.ts';
import type { DrillFacts, RecordFacts, ReportFacts, SkipFacts } from './facts.ts';
import { createPlaceFacts, type PlaceFacts } from './place-facts.ts';
import { createRunGroups, type RunGroups } from './run-groups.ts';
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

/** What the order of runs looks at. */
export type RunPosition = Pick<IndexedRun, 'startedAt' | 'fileName' | 'place'>;

export interface IndexedDrill extends DrillFacts {
  readonly place: number;
  readonly fileName: string;
}

/** What the order of drills looks at. */
export type DrillPosition = Pick<IndexedDrill, 'startedAt' | 'fileName' | 'place'>;

/** What the directories hold, in memory. */
export interface RunIndex extends PlaceFacts {
  /** Newest start first. */
  readonly runs: SortedList<IndexedRun>;
  /** The same runs in groups, put together when they are first asked for. */
  readonly groups: RunGroups;
  /** Those with a report, the newest finish first, compared as text. */
  readonly reported: SortedList<IndexedRun>;
  readonly reportedByStatus: Readonly<Record<ReportFacts['status'], SortedList<IndexedRun>>>;
  /** Newest first. */
  readonly drills: SortedList<IndexedDrill>;
  readonly skips: ReadonlyMap<string, SkipFacts>;
  /** Grows with every change. */
  readonly revision: number;
  find(place: number, run: string): IndexedRun | undefined;
  setReport(place: number, fileName: string, facts: ReportFacts | undefined): void;
  setRecord(place: number, fileName: string, facts: RecordFacts | undefined): void;
  setDrill(place: number, fileName: string, facts: DrillFacts | undefined): void;
  setSkip(place: number, fileName: string, facts: SkipFacts | undefined): void;
  /** From now on the lists are in order. */
  sort(): void;
}

const SUFFIX = '.json';

export function runNameOf({ fileName }: { readonly fileName: string }): string {
  return fileName.slice(0, -SUFFIX.length);
}

/** An empty index; `classOf`: the same for runs that filters cannot tell apart but by database and time. */
export function createRunIndex(classOf: (run: IndexedRun) => string): RunIndex {
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
  let revision = 0;
  const places = createPlaceFacts(() => {
    revision += 1;
  });

  let groups: RunGroups | undefined;
  const replace = (before: IndexedRun | undefined, after: IndexedRun | undefined): void => {
    revision += 1;
    runs.replace(before, after);
    groups?.replace(before, after);
    reported.replace(before?.report && before, after?.report && after);
    for (const status of STATUSES)
      reportedByStatus[status].replace(havingStatus(before, status), havingStatus(after, status));
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
    ...places,
    get groups() {
      groups ??= createRunGroups(runs.items, classOf, byStart);
      return groups;
    },
    get running() {
      return places.running;
    },
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
      drills.replace(before, after);
      if (after) drillsByFile.set(key, after);
      else drillsByFile.delete(key);
    },
    setSkip(place, fileName, facts) {
      const key = keyOf(place, fileName);
      if (isDeepStrictEqual(skips.get(key), facts)) return;
      revision += 1;
      if (facts) skips.set(key, facts);
      else skips.delete(key);
    },
    sort() {
      groups = undefined;
      runs.sort();
      // What began first mostly ended first.
      reported.sort(runs.items.filter(({ report }) => report !== undefined));
      for (const status of STATUSES)
        reportedByStatus[status].sort(reported.items.filter(({ report }) => report?.status === status));
      drills.sort();
    },
  };
}

const STATUSES = ['SUCCESS', 'FAILED'] as const;

function havingStatus(run: IndexedRun | undefined, status: ReportFacts['status']): IndexedRun | undefined {
  return run?.report?.status === status ? run : undefined;
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

/** The order of `runs`. */
export function byStart(one: RunPosition, other: RunPosition): number {
  return other.startedAt - one.startedAt || byFile(one, other);
}

function byFinish(one: IndexedRun, other: IndexedRun): number {
  const [first, second] = [one.report?.finishedAt ?? '', other.report?.finishedAt ?? ''];
  if (first !== second) return first < second ? 1 : -1;
  return byStart(one, other);
}

/** The order of `drills`; as texts the times are not in order: some have fractions of a second. */
export function byDrill(one: DrillPosition, other: DrillPosition): number {
  return Date.parse(other.startedAt) - Date.parse(one.startedAt) || byFile(one, other);
}

function byFile(
  one: { readonly place: number; readonly fileName: string },
  other: { readonly place: number; readonly fileName: string },
): number {
  if (one.fileName !== other.fileName) return one.fileName < other.fileName ? 1 : -1;
  return one.place - other.place;
}
