import type { BackupContext } from '../backup/context.ts';
import { createStages } from '../backup/stages.ts';
import { describeError, PgBackupError } from '../errors.ts';
import { type Comparison, compare, type Difference } from '../fingerprint/compare.ts';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import { measureDatabase } from '../fingerprint/measure-database.ts';
import type { Text } from '../language.ts';
import { findClients } from '../postgres/clients.ts';
import type { DrillPhase } from '../report/drill-record.ts';
import type { StageRecord } from '../report/record.ts';
import type { DrillOptions, FoundRun } from './drill.ts';
import type { Draft } from './drill-outcome.ts';
import { readBackup } from './drill-read.ts';
import { restoreInto } from './drill-restore.ts';
import { checkInStage, fetchInStage } from './obtain-in-stages.ts';
import { chooseRestoreClient, warnOfHoles } from './restore-client.ts';
import { openRunSource } from './run-source.ts';
import { checkScratch, explained, openScratch, type Scratch } from './scratch.ts';
import { type Clearing, prepareScratch, type ScratchDatabase } from './scratch-database.ts';

/**
 * The phases of a drill, one after the other; the draft is filled in on the way. Whatever happens, what was made is thrown away.
 * @throws PgBackupError for what kept it from its end
 */
export async function carryOutDrill(
  context: BackupContext,
  found: FoundRun,
  options: DrillOptions,
  draft: Draft,
): Promise<void> {
  const clearing: Clearing = [];
  try {
    await carryOut(context, found, { ...options, clearing }, draft);
  } finally {
    if (clearing.length > 0) await clear(context, clearing, draft.phases);
  }
}

async function carryOut(
  context: BackupContext,
  { run, store, temporaryDirectory }: FoundRun,
  { onSourceServer, clearing }: DrillOptions & { readonly clearing: Clearing },
  draft: Draft,
): Promise<void> {
  const { settings, environment } = context;
  const stage = createStages<DrillPhase>(context, draft.phases);
  const source = await openRunSource(context, run, { store, temporaryDirectory });
  clearing.push(() => source.close());
  Object.assign(draft, { place: source.place, sizeBytes: source.dump.sizeBytes });
  draft.isEncrypted = source.encryption !== 'none';
  // An encrypted dump comes through a pipe, which parallel jobs cannot share.
  if (draft.isEncrypted) draft.jobs = 1;
  const { jobs } = draft;
  if (!source.canRead) throw new PgBackupError('DRILL_REFUSED', { detail: NO_KEYS, remedy: SET_KEYS });
  const clients = await findClients(settings.PG_BIN_DIR, environment['PATH']);
  await checkScratch(context, source);

  const startedMilliseconds = performance.now();
  const dump = await fetchInStage(context, source, store, stage);
  clearing.push(() => dump.release());
  await checkInStage(context, source, dump, stage);
  const { toc, globals, fingerprint } = await stage('read', () => readBackup(source, dump));
  const sourceMajor = Number.parseInt(toc.serverVersion, 10);
  const client = chooseRestoreClient(clients, toc, sourceMajor);
  draft.client = { version: client.version };
  warnOfHoles(context, client);

  const scratch = await stage('server', () =>
    openScratch(context, { source, sourceMajor, client, temporaryDirectory, jobs }),
  );
  clearing.push(() => scratch.stop());
  const onScratch = <T>(name: DrillPhase, action: () => Promise<T>): Promise<T> =>
    stage(name, () => explained(context, scratch, action));
  const database = await onScratch('prepare', () =>
    prepareScratch(context, scratch, { source, toc, globals, sourceMajor, onSourceServer, clearing }),
  );
  draft.server = { kind: scratch.kind, version: database.target.server.version };
  const notRestored = await onScratch('restore', () =>
    restoreInto(context, scratch, database, { source, toc, client, dump, temporaryDirectory, jobs }),
  );
  draft.recoverySeconds = Math.round(performance.now() - startedMilliseconds) / 1000;
  draft.comparison = await onScratch('compare', () =>
    compareWith(fingerprint, { context, scratch, database, notRestored }),
  );
}

interface Restored {
  readonly context: BackupContext;
  readonly scratch: Scratch;
  readonly database: ScratchDatabase;
  readonly notRestored: readonly Difference[];
}

async function compareWith(
  fingerprint: Fingerprint | undefined,
  { context, scratch, database, notRestored }: Restored,
): Promise<Comparison> {
  if (!fingerprint) return { ...NOTHING_COMPARED, differences: notRestored };
  const signal = AbortSignal.any([context.signal, scratch.lost]);
  const measured = await measureDatabase({
    openSession: () => scratch.access.open(database.name, signal),
    level: fingerprint.level,
    leftOut: fingerprint.leftOut,
  });
  const comparison = compare(fingerprint, measured, {
    owners: database.hasRoles,
    grants: database.hasRoles,
    collation: database.hasCollation,
  });
  return { ...comparison, differences: [...notRestored, ...comparison.differences] };
}

/** The last phase, also after a failure or an interruption. What cannot be cleared away is told, and is no fault of the backup. */
async function clear(
  context: BackupContext,
  clearing: Clearing,
  phases: StageRecord<DrillPhase>[],
): Promise<void> {
  const startedAt = context.clock().toISOString();
  const startedMilliseconds = performance.now();
  let outcome: StageRecord['outcome'] = 'done';
  for (const step of clearing.toReversed()) {
    try {
      await step();
    } catch (error) {
      outcome = 'failed';
      context.log('warn', 'CLEARING_FAILED', { detail: describeError(error, context.language).message });
    }
  }
  const durationSeconds = Math.round(performance.now() - startedMilliseconds) / 1000;
  phases.push({ name: 'clear', startedAt, durationSeconds, outcome });
}

const NOTHING_COMPARED: Comparison = {
  compared: {
    ...{ tables: 0, rows: 0, sequences: 0, largeObjects: 0, objects: 0 },
    ...{ contents: false, definitions: false, collation: false },
  },
  differences: [],
  omissions: [{ kind: 'no fingerprint', objects: [] }],
};
const NO_KEYS: Text = {
  en: 'it is encrypted, and no key is here that opens it',
  zh: '该备份已加密，而此处没有可解密的密钥',
};
const SET_KEYS: Text = {
  en: 'Set BACKUP_ENCRYPTION_IDENTITY_FILE or BACKUP_ENCRYPTION_PASSPHRASE.',
  zh: '请设置 BACKUP_ENCRYPTION_IDENTITY_FILE 或 BACKUP_ENCRYPTION_PASSPHRASE。',
};
