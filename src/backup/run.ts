import { join } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { describeError, PgBackupError } from '../errors.ts';
import { removeFiles } from '../files/durable-files.ts';
import { artifactFiles, partialFiles } from '../files/layout.ts';
import type { RunRecord } from '../report/record.ts';
import type { Following, Store } from '../storage/store.ts';
import type { BackupContext } from './context.ts';
import { runAfterHook, runBeforeHook } from './hooks.ts';
import { makeFiles } from './make-files.ts';
import { type OpenRun, openRun } from './open-run.ts';
import { type Findings, noFindings, publishOutcome } from './outcome.ts';
import { sendPendingUploads } from './pending-uploads.ts';
import { connect, preflight } from './preflight.ts';
import { prune } from './prune.ts';
import { pauseReplay, type ReplayPause } from './replay-pause.ts';
import { openRunFingerprint } from './run-fingerprint.ts';
import { createStages } from './stages.ts';
import { uploadRun } from './upload-run.ts';
import { warnOfAnomalies } from './warn-of-anomalies.ts';

export interface BackedUp {
  /** Absent where the run left no report: another one was at work, or the disk would take none. */
  readonly record?: RunRecord;
  /** What went wrong; a run whose retention failed has succeeded all the same. */
  readonly failure?: unknown;
}

/** One backup of one database, from trigger to report. Never rejects. */
export async function backup(context: BackupContext): Promise<BackedUp> {
  const run = await openRun(context).catch((error: unknown) => ({ failure: error }));
  if ('failure' in run) return run;
  const cleanUp = new AsyncDisposableStack();
  const attempt: Attempt = { context: run.context, run, findings: noFindings(), cleanUp };
  try {
    await attemptBackup(attempt);
    return outcomeOf(attempt);
  } catch (error) {
    await attempt.pause?.end();
    if (!attempt.record && !isBusy(error)) {
      await reportFailure(attempt, error);
      await emptyOutbox(attempt);
    }
    return { ...outcomeOf(attempt), failure: error };
  } finally {
    await closeRun(attempt);
    if (attempt.record) await runAfterHook(context, run, attempt.record.status);
  }
}

function outcomeOf({ record }: Attempt): BackedUp {
  return record ? { record } : {};
}

interface Attempt {
  readonly context: BackupContext;
  readonly run: OpenRun;
  readonly findings: Findings;
  /** What has to be let go when the run ends, the newest first. */
  readonly cleanUp: AsyncDisposableStack;
  /** Once it is open; undefined in mode local. */
  store?: Store | undefined;
  /** The upload that goes along with the dump, as long as nothing has decided on it. */
  following?: Following | undefined;
  /** As long as a standby server stands still for this run. */
  pause?: ReplayPause | undefined;
  /** Set once the outcome is published. */
  record?: RunRecord;
  /** True where even the failure could not be written: the mark then stays, and the next start reports the run. */
  isUnreported?: boolean;
}

async function attemptBackup(attempt: Attempt): Promise<void> {
  const { context, run, findings, cleanUp } = attempt;
  const { settings, clock, log } = context;
  const { files, journal } = run;
  const stage = createStages(context, findings.stages);
  log('info', 'RUN_STARTED', { run: journal.run, ...targetOf(context) });

  if (settings.BACKUP_HOOK_BEFORE) await stage('before-hook', () => runBeforeHook(context, run));
  const connected = await stage('lock', () => connect(context, run));
  const access = connected.access;
  cleanUp.defer(() => access.close());

  const { server, client, store, encryption } = await stage('preflight', () =>
    preflight(context, run, connected, cleanUp),
  );
  attempt.store = store;
  const { major: _major, isStandby: _isStandby, ...facts } = server;
  findings.server = facts;
  findings.client = { version: client.version };

  const { psql } = client;
  attempt.pause = await pauseReplay(context, access, { psql, isStandby: server.isStandby });
  const fingerprint = await openRunFingerprint(context, access, {
    psql,
    leftOut: journal.leftOut,
  });
  cleanUp.defer(async () => fingerprint?.close());
  await makeFiles({
    ...{ context, run, access, client, server, store, encryption, fingerprint, findings },
    pause: attempt.pause,
    onFollowing: (following) => {
      attempt.following = following;
    },
  });
  await attempt.pause?.end();
  // An upload may take hours, and the next dump need not wait for it.
  await access.close();
  // From here on the files wait, and what was sent of them is of use to whoever sends the rest.
  const { following } = attempt;
  attempt.following = undefined;
  if (store) {
    const local = findings.artifacts.map((artifact) => ({
      path: join(run.layout.data, artifact.name),
      artifact,
    }));
    findings.remote = await uploadRun(context, local, store, stage, following);
    for (const { url, sizeBytes, crc64, md5 } of findings.remote) {
      const checksum = crc64 ? `CRC-64 ${crc64}` : md5 ? `MD5 ${md5}` : 'sha256';
      log('info', 'OBJECT_CONFIRMED', { object: url, size: prettyBytes(sizeBytes), checksum });
    }
    if (findings.proof === 'read') findings.proof = 'stored';
  }
  await warnOfAnomalies(context, run, findings);
  const keepsLocalFiles = settings.BACKUP_MODE !== 'oss';
  const record = await stage('report', () =>
    publishOutcome(journal, files, findings, { status: 'SUCCESS', finishedAt: clock(), keepsLocalFiles }),
  );
  attempt.record = record;
  log('info', 'RUN_SUCCEEDED', {
    file: keepsLocalFiles ? files.dump : (record.remote[0]?.url ?? ''),
    size: prettyBytes(findings.artifacts[0]?.sizeBytes ?? 0),
    seconds: record.durationSeconds,
    proof: record.proof,
  });

  if (!keepsLocalFiles) {
    await removeFiles(artifactFiles(files));
    log('info', 'LOCAL_FILES_REMOVED', { run: journal.run });
  }
  if (store) await sendPendingUploads(context, run.layout, store, stage);
  await stage('retention', () => prune(context, store));
}

/** A fault in clearing away never hides what the run itself came to. */
async function closeRun({ context, run, cleanUp, isUnreported }: Attempt): Promise<void> {
  try {
    await cleanUp.disposeAsync();
    await run.close({ keepMark: isUnreported === true });
  } catch (error) {
    context.log('warn', 'CLEARING_FAILED', { detail: describeError(error, context.language).message });
  }
}

/** Removes what is unfinished and writes the FAILED report; a fault in doing so is logged and never hides the first one. */
async function reportFailure(attempt: Attempt, error: unknown): Promise<void> {
  const { context, run, findings } = attempt;
  const { files } = run;
  const description = describeError(error, context.language);
  const message = context.scrub(description.message);
  const hint = context.scrub(description.hint);
  // Where an interruption ends several at a time, the one that began first.
  const failed = findings.stages.find(({ outcome }) => outcome === 'failed') ?? findings.stages.at(-1);
  const stage = failed?.name ?? 'lock';
  const isComplete = findings.artifacts.length > 0;
  try {
    await removeFiles(partialFiles(files));
    if (!isComplete) await removeFiles(artifactFiles(files));
    attempt.record = await publishOutcome(run.journal, files, findings, {
      status: 'FAILED',
      finishedAt: context.clock(),
      keepsLocalFiles: isComplete,
      error: { ...description, message, hint, stage },
    });
  } catch (secondError) {
    attempt.isUnreported = true;
    context.log('error', 'REPORT_UNWRITABLE', {
      detail: describeError(secondError, context.language).message,
    });
  }
  // Last, because a store that hangs must not keep the report from being written before somebody loses patience.
  await attempt.following?.abort();
}

/** What waits may be what fills the disk, and dumping and uploading are separate facts: it is sent also where this run failed. */
async function emptyOutbox({ context, run, findings, store }: Attempt): Promise<void> {
  const hasTriedStore = findings.stages.some(({ name }) => name === 'upload');
  if (!store || hasTriedStore || context.signal.aborted) return;
  // It tells of everything by itself, and an interruption changes nothing in what this run came to.
  await sendPendingUploads(context, run.layout, store, createStages(context, [])).catch(() => {});
}

function isBusy(error: unknown): boolean {
  return error instanceof PgBackupError && error.code === 'BUSY';
}

function targetOf(context: BackupContext): { database: string; host: string; port: number; user: string } {
  const { PG_DATABASE, PG_HOST, PG_PORT, PG_USER } = context.settings;
  return { database: PG_DATABASE, host: PG_HOST, port: PG_PORT, user: PG_USER };
}
