import { availableParallelism } from 'node:os';
import { parseToc, type Toc } from '../archive/toc.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { syncFile } from '../files/durable-files.ts';
import type { Taken } from '../fingerprint/fingerprint.ts';
import type { Client } from '../postgres/clients.ts';
import type { Server } from '../postgres/server.ts';
import type { Artifact } from '../report/record.ts';
import type { Following, Store } from '../storage/store.ts';
import { compareRows, type EntryWithRows, entriesWithRows } from './compare-rows.ts';
import { completeFiles } from './complete-files.ts';
import { compressThreads } from './compress-threads.ts';
import type { BackupContext } from './context.ts';
import type { DatabaseAccess } from './database-access.ts';
import { type Dumped, dumpDatabase, fileSizeBytes } from './dump.ts';
import { type DumpFollowers, followDump } from './follow-dump.ts';
import { globalsBeside } from './globals-beside.ts';
import { measureCounted, type Reading } from './measure-counted.ts';
import type { OpenRun } from './open-run.ts';
import type { Findings } from './outcome.ts';
import type { ReplayPause } from './replay-pause.ts';
import { type RunFingerprint, summaryForRecord } from './run-fingerprint.ts';
import { createStages, type RunStage } from './stages.ts';
import { type Team, workTogether } from './work-together.ts';

export interface MakeFilesOptions {
  readonly context: BackupContext;
  readonly run: OpenRun;
  readonly access: DatabaseAccess;
  readonly client: Client;
  readonly server: Pick<Server, 'databaseSizeBytes'>;
  readonly store: Store | undefined;
  readonly encryption: Encryption | undefined;
  readonly fingerprint: RunFingerprint | undefined;
  readonly pause: ReplayPause | undefined;
  readonly findings: Findings;
  /** Told of the upload that goes along with the dump, each time that one begins. */
  readonly onFollowing: (following: Following | undefined) => void;
}

/** What the parts of the work share. */
interface Work extends MakeFilesOptions {
  readonly team: Team;
  readonly stage: RunStage;
  /** Once it is known what the dump holds. */
  readonly entries: Promise<readonly EntryWithRows[]>;
}

/**
 * Makes the files of a run. All goes on at the same time as far as it can: the dump is read back, counted and uploaded while it is being written, and
 * the globals are dumped beside it. The first failure ends everything, and is what is thrown.
 */
export async function makeFiles(options: MakeFilesOptions): Promise<void> {
  const { context, findings, fingerprint } = options;
  const team = workTogether();
  // It may wait for somebody's lock, and a failure is not to wait with it.
  team.failed.addEventListener('abort', () => void fingerprint?.close(), { once: true });
  const { promise: entries, resolve } = Promise.withResolvers<readonly EntryWithRows[]>();
  let isKnown = false;
  // It may be large, and nobody keeps all of it.
  const onToc = (toc: Toc): void => {
    isKnown = true;
    fingerprint?.onToc(toc);
    resolve(entriesWithRows(toc));
  };
  const onHead = (head: Buffer): void => {
    const toc = isKnown ? undefined : parseToc(head);
    if (toc) onToc(toc);
  };
  const work: Work = {
    ...options,
    team,
    entries,
    stage: createStages(context, findings.stages, team.failed),
  };
  const followers = followDump(options, team, onHead);
  const dumping = team.add(dump(work, followers, onToc));
  const globals = team.add(makeGlobals(work, dumping));
  team.add(finish(work, { followers, dumping, globals }));
  await team.end();
}

function dump(
  { context, run, access, client, server, encryption, fingerprint, team, stage }: Work,
  followers: DumpFollowers,
  onToc: (toc: Toc) => void,
): Promise<Dumped> {
  const { settings, log } = context;
  const { partialDump } = run.files;
  const options = {
    compression: settings.BACKUP_COMPRESS,
    compressThreads:
      settings.BACKUP_COMPRESS_THREADS ?? compressThreads(availableParallelism(), settings.BACKUP_PARALLEL),
    onUnknownArchive: (detail: string) => log('warn', 'COMPRESSED_BY_PG_DUMP', { detail }),
    extraOptions: settings.PG_DUMP_EXTRA_OPTS ?? [],
    lockWaitSeconds: settings.BACKUP_LOCK_WAIT_SECONDS,
    onLockWait: (wait: object) => log('warn', 'LOCK_AWAITED', { ...wait }),
    encryption,
    snapshot: fingerprint?.snapshot,
    giveUpSnapshot: fingerprint?.giveUp,
    onBegin: followers.begin,
    onToc,
  };
  return stage(
    'dump',
    () => dumpDatabase(endingWith(team, access), client, partialDump, options),
    () => ({ bytesDone: fileSizeBytes(partialDump), yardstickBytes: server.databaseSizeBytes }),
  );
}

async function makeGlobals(work: Work, dumping: Promise<Dumped>): Promise<void> {
  const { context, run, access, client, encryption, findings, entries, team, stage } = work;
  const { INCLUDE_GLOBALS, PG_DATABASE: database, PG_HOST, PG_PORT, PG_USER } = context.settings;
  if (!INCLUDE_GLOBALS) return;
  findings.globals = await globalsBeside(endingWith(team, access), client, run.files.partialGlobals, {
    ...{ encryption, stage, dumpBegins: entries, dumpEnds: dumping },
  });
  if (findings.globals !== 'without passwords') return;
  context.log('warn', 'GLOBALS_WITHOUT_PASSWORDS', { database, host: PG_HOST, port: PG_PORT, user: PG_USER });
}

/** Brings to an end what goes along with the dump, and gives the files their final names. */
async function finish(
  work: Work,
  {
    followers,
    dumping,
    globals,
  }: { followers: DumpFollowers; dumping: Promise<Dumped>; globals: Promise<void> },
): Promise<void> {
  const { context, pause, findings, team } = work;
  const dumped = await dumping;
  const reading = followers.end();
  if (!reading) context.log('warn', 'NOT_READ_BACK');
  const taking = team.add(takeFingerprint(work, dumped, reading?.counted));
  // Reading back may take long, and needs the server no more.
  Promise.all([globals, taking]).then(
    () => pause?.end(),
    () => {},
  );
  findings.artifacts = await completeDump(work, reading, { globals, taking });
  if (reading) findings.proof = 'read';
}

/** Measures the dump while the others come to their ends, and waits for them. */
function completeDump(
  { context, run, store, encryption, team, stage }: Work,
  reading: Reading | undefined,
  { globals, taking }: { globals: Promise<void>; taking: Promise<Taken | undefined> },
): Promise<Artifact[]> {
  const { files, journal } = run;
  const signal = AbortSignal.any([context.signal, team.failed]);
  const also = store?.checksum;
  const yardstickBytes = fileSizeBytes(files.partialDump);
  let bytesDone = 0;
  const onBytes = (done: number): void => {
    bytesDone = done;
  };
  const options = { also, signal, onBytes };
  return stage(
    'checksum',
    async () => {
      const measuring = measureCounted(files.partialDump, files.dump, reading, options);
      const [artifact] = await Promise.all([measuring, syncFile(files.partialDump), globals]);
      const taken = await taking;
      return completeFiles(files, artifact, {
        withGlobals: context.settings.INCLUDE_GLOBALS,
        fingerprint: taken && { ...taken, version: 1, run: journal.run },
        ...{ encryption, also, signal },
      });
    },
    () => ({ bytesDone, yardstickBytes }),
  );
}

async function takeFingerprint(
  { fingerprint, encryption, findings, entries, team, stage }: Work,
  { sharing, rowsByDumpId }: Dumped,
  counted: Promise<unknown> | undefined,
): Promise<Taken | undefined> {
  if (!fingerprint) return undefined;
  const taken = await stage('fingerprint', async () => {
    // Of a quick dump, they are found only now; of one that is not understood, never.
    await Promise.race([entries, counted]);
    const found = await fingerprint.result(sharing, team.failed);
    if (found && rowsByDumpId) compareRows(found, await entries, rowsByDumpId);
    return found;
  });
  if (taken) findings.fingerprint = summaryForRecord(taken, encryption !== undefined);
  return taken;
}

function endingWith(team: Team, access: DatabaseAccess): DatabaseAccess {
  return { ...access, signal: AbortSignal.any([access.signal, team.failed]) };
}
