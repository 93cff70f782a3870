import type { Store } from '../storage/store.ts';
import type { BackupContext } from './context.ts';
import { type PastRun, readHistory } from './history.ts';
import type { KnownRun, KnownRuns } from './known-runs.ts';
import { type RemoteRun, readRemoteHistory, type UnrecordedRun } from './remote-history.ts';
import { newestFirst } from './retention.ts';

/** Where one run is found, here and in the store. */
export interface CopiesOfRun {
  readonly name: string;
  readonly startedAt: Date;
  /** Absent where neither a report nor a record here tells of it. */
  readonly known: KnownRun | undefined;
  readonly local: PastRun | undefined;
  readonly remote: RemoteRun | undefined;
  /** Objects of that name in the store that no record here vouches for. */
  readonly unrecorded: UnrecordedRun | undefined;
  /** True for a run that nothing of ours removes, so that its copies cannot be absent for a good reason: the newest good one of its server. */
  readonly isIndispensable: boolean;
  /** The same of its remote copies: the newest run of its server that has any. */
  readonly isIndispensableInStore: boolean;
}

export interface Copies {
  /** Newest first; without those that are under way. */
  readonly runs: readonly CopiesOfRun[];
  readonly known: KnownRuns;
  readonly foreignFiles: readonly string[];
  readonly foreignObjects: readonly string[];
}

/**
 * Finds the runs of the configured database here and, if a store is given, there; also those that must have a copy and have none.
 * @throws PgBackupError STORE_FAILED
 */
export async function findCopies(context: BackupContext, store: Store | undefined): Promise<Copies> {
  const { settings, signal } = context;
  const { runs: localRuns, known, foreign } = await readHistory(context);
  const remote = store && (await readRemoteHistory(store, known, settings.PG_DATABASE, signal));
  const locals = byName(localRuns);
  const remotes = byName(remote?.runs ?? []);
  const unrecorded = byName(remote?.unrecorded ?? []);

  const ours = [...known.byName.values()].filter((run) => run.database === settings.PG_DATABASE);
  const indispensable = new Set([
    ...ours.filter((run) => run.record?.awaitsUpload).map(({ name }) => name),
    ...newestOfEachServer(ours.filter((run) => run.isProven)),
  ]);
  const indispensableInStore = new Set(
    settings.BACKUP_MODE === 'local'
      ? []
      : newestOfEachServer(ours.filter(({ record }) => record && record.remote.length > 0)),
  );
  const names = new Set([
    ...[...locals.keys(), ...remotes.keys(), ...unrecorded.keys()],
    ...[...indispensable, ...indispensableInStore],
  ]);
  const runs = [...names].flatMap((name): CopiesOfRun[] => {
    const run = known.byName.get(name);
    const startedAt = run?.startedAt ?? unrecorded.get(name)?.startedAt;
    if (startedAt === undefined || known.running.has(name)) return [];
    return [
      {
        name,
        startedAt,
        known: run,
        local: locals.get(name),
        remote: remotes.get(name),
        unrecorded: unrecorded.get(name),
        isIndispensable: indispensable.has(name),
        isIndispensableInStore: indispensableInStore.has(name),
      },
    ];
  });
  return { runs: newestFirst(runs), known, foreignFiles: foreign, foreignObjects: remote?.foreign ?? [] };
}

/** Their names, as retention keeps them. */
function newestOfEachServer(runs: readonly KnownRun[]): string[] {
  return [...Map.groupBy(newestFirst(runs), ({ series }) => series).values()].flatMap(([newest]) =>
    newest ? [newest.name] : [],
  );
}

function byName<T extends { readonly name: string }>(runs: readonly T[]): Map<string, T> {
  return new Map(runs.map((run) => [run.name, run]));
}
