import { parseArtifactName } from '../files/layout.ts';
import type { RecordSummary, RemoteObject } from '../report/record.ts';
import type { ListedObject, Store } from '../storage/store.ts';
import { isElsewhere, type KnownRun, type KnownRuns } from './known-runs.ts';
import type { RetentionRun } from './retention.ts';
import { parseRunName } from './run-name.ts';

/** A run of ours that has objects in the store, as its record tells of them. */
export interface RemoteRun extends KnownRun, RetentionRun {
  /** Those that the record names at this address, and only while they are listed. */
  readonly objects: readonly ListedObject[];
  /** Of the dump. */
  readonly sizeBytes: number;
}

/** Objects with the name of a run of the database that no record here vouches for: of another machine, from before a move, or replaced since. */
export interface UnrecordedRun {
  readonly name: string;
  readonly startedAt: Date;
  readonly objects: readonly ListedObject[];
}

export interface RemoteHistory {
  readonly runs: readonly RemoteRun[];
  readonly unrecorded: readonly UnrecordedRun[];
  /** The names of all objects that are of no run that is known here. */
  readonly foreign: readonly string[];
  /** How many objects do not belong to `runs`. */
  readonly others: number;
}

/**
 * Lists the store to its end and tells the runs of one database from everything else.
 * @throws PgBackupError STORE_FAILED, also where the listing breaks off in the middle.
 */
export async function readRemoteHistory(
  store: Store,
  known: KnownRuns,
  database: string,
  signal: AbortSignal,
): Promise<RemoteHistory> {
  const objects: ListedObject[] = [];
  for await (const object of store.list(signal)) {
    signal.throwIfAborted();
    objects.push(object);
  }
  return groupObjects(objects, known, database, (name) => store.url(name));
}

/** Sorts listed objects into runs; pure. */
export function groupObjects(
  objects: readonly ListedObject[],
  known: KnownRuns,
  database: string,
  urlOf: (name: string) => string,
): RemoteHistory {
  const ours = new Map<KnownRun, ListedObject[]>();
  const unrecorded = new Map<string, ListedObject[]>();
  const foreign: string[] = [];
  for (const object of objects) {
    const name = parseArtifactName(object.name)?.run ?? '';
    const run = known.byName.get(name);
    if (run && vouchesFor(run, object, urlOf)) {
      if (run.database === database) ours.set(run, [...(ours.get(run) ?? []), object]);
    } else if (!isElsewhere(name, known)) {
      foreign.push(object.name);
      if (parseRunName(name)?.database === database) {
        unrecorded.set(name, [...(unrecorded.get(name) ?? []), object]);
      }
    }
  }
  const runs = [...ours].map(([run, own]) => toRemoteRun(run, own, urlOf));
  return {
    runs,
    unrecorded: [...unrecorded].flatMap(([name, own]) => {
      const identity = parseRunName(name);
      return identity ? [{ name, startedAt: identity.startedAt, objects: own }] : [];
    }),
    foreign,
    others: objects.length - runs.reduce((sum, run) => sum + run.objects.length, 0),
  };
}

/** Its record says that this very object was confirmed, or is still to be; one of another size was put there since. */
function vouchesFor(run: KnownRun, object: ListedObject, urlOf: (name: string) => string): boolean {
  const { record } = run;
  if (!record || !run.artifactNames.includes(object.name)) return false;
  return record.awaitsUpload || confirmedObject(record, urlOf(object.name))?.sizeBytes === object.sizeBytes;
}

function confirmedObject(record: RecordSummary, url: string): RemoteObject | undefined {
  return record.remote.find((object) => object.url === url);
}

function toRemoteRun(
  run: KnownRun,
  objects: readonly ListedObject[],
  urlOf: (name: string) => string,
): RemoteRun {
  const [dumpName = ''] = run.artifactNames;
  const dump = objects.find(({ name }) => name === dumpName);
  const recorded = run.record?.artifacts.find(({ name }) => name === dumpName);
  const isConfirmed =
    dump !== undefined &&
    dump.sizeBytes === recorded?.sizeBytes &&
    dump.sizeBytes === (run.record && confirmedObject(run.record, urlOf(dumpName))?.sizeBytes);
  return { ...run, isGood: isConfirmed && dump.sizeBytes > 0, objects, sizeBytes: dump?.sizeBytes ?? 0 };
}
