import { join } from 'node:path';
import type { BackupContext } from '../backup/context.ts';
import { oweReports, sendReports } from '../backup/unsent-reports.ts';
import {
  ensureDirectory,
  PRIVATE_FILE_MODE,
  PUBLIC_DIRECTORY_MODE,
  PUBLIC_FILE_MODE,
} from '../files/durable-files.ts';
import { filesOfRun, type Layout, layoutOf } from '../files/layout.ts';
import type { Comparison, OmissionKind } from '../fingerprint/compare.ts';
import { readRecord, writeDrillRecord, writeRecord } from '../report/directory.ts';
import type { DrillOutcome, DrillPhase, DrillRecord } from '../report/drill-record.ts';
import type { StageRecord } from '../report/record.ts';

/** What a drill has observed so far. */
export interface Draft {
  readonly run: string;
  readonly database: string;
  readonly startedAt: Date;
  readonly phases: StageRecord<DrillPhase>[];
  place: DrillRecord['place'];
  sizeBytes: number;
  /** Its record may name what is encrypted in the backup. */
  isEncrypted: boolean;
  jobs: number;
  server?: NonNullable<DrillRecord['server']>;
  client?: NonNullable<DrillRecord['client']>;
  recoverySeconds?: number;
  comparison?: Comparison;
  error?: NonNullable<DrillRecord['error']>;
}

/** What the backup itself leaves out speaks of the database, not against the backup. */
const OF_THE_BACKUP: readonly OmissionKind[] = ['rows', 'large objects', 'options'];

/** Writes the record of a drill, and then the proof that it gave into the record of its run. */
export async function publishDrill(context: BackupContext, draft: Draft): Promise<DrillRecord> {
  const layout = layoutOf(context.settings.BACKUP_BASE_DIR);
  const record = toRecord(context, draft);
  await ensureDirectory(layout.drills, PUBLIC_DIRECTORY_MODE);
  const time = record.startedAt.replaceAll(/[-:.]/g, '');
  const name = `${draft.run}_${time}`;
  const mode = draft.isEncrypted ? PRIVATE_FILE_MODE : PUBLIC_FILE_MODE;
  await oweReports(context, name, ['drills']);
  await writeDrillRecord(join(layout.drills, `${name}.json`), record, mode);
  if (draft.comparison && provesRestoring(draft.comparison)) {
    await oweReports(context, draft.run, ['records']);
    await raiseProof(layout, draft.run);
  }
  await sendReports(context);
  return record;
}

function toRecord(context: BackupContext, draft: Draft): DrillRecord {
  const { run, database, startedAt, comparison, server, client, recoverySeconds, error } = draft;
  const finishedAt = context.clock();
  const isCompared = comparison && !comparison.omissions.some(({ kind }) => kind === 'no fingerprint');
  return {
    version: 1,
    run,
    database,
    runner: { hostname: context.hostname, version: context.version },
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    durationSeconds: Math.max(0, Math.round(finishedAt.getTime() - startedAt.getTime()) / 1000),
    outcome: comparison ? outcomeOf(comparison) : 'failed',
    place: draft.place,
    sizeBytes: draft.sizeBytes,
    ...(server ? { server } : {}),
    ...(client ? { client } : {}),
    jobs: draft.jobs,
    phases: draft.phases,
    ...(recoverySeconds === undefined ? {} : { recoverySeconds }),
    compared: isCompared ? comparison.compared : null,
    // What a server said of a statement may hold anything.
    differences: (comparison?.differences ?? []).map(({ object, found, ...rest }) => {
      return { ...rest, object: context.scrub(object), found: context.scrub(found) };
    }),
    omissions: comparison?.omissions ?? [],
    ...(error ? { error } : {}),
  };
}

function outcomeOf({ differences, omissions }: Comparison): DrillOutcome {
  if (differences.length > 0) return 'different';
  return omissions.length > 0 ? 'incomplete' : 'equal';
}

function provesRestoring({ differences, omissions }: Comparison): boolean {
  return differences.length === 0 && omissions.every(({ kind }) => OF_THE_BACKUP.includes(kind));
}

/** Read again: an upload may have changed it meanwhile. */
async function raiseProof(layout: Layout, run: string): Promise<void> {
  const path = filesOfRun(layout, run).record;
  const record = await readRecord(path);
  if (record) await writeRecord(path, { ...record, proof: 'restored' });
}
