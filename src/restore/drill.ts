import type { BackupContext } from '../backup/context.ts';
import type { CopiesOfRun } from '../backup/copies.ts';
import { parseRunName } from '../backup/run-name.ts';
import { describeError, PgBackupError } from '../errors.ts';
import type { DrillRecord } from '../report/drill-record.ts';
import type { Store } from '../storage/store.ts';
import { type Draft, publishDrill } from './drill-outcome.ts';
import { carryOutDrill } from './drill-phases.ts';
import { jobsFor } from './plan.ts';

export interface DrillOptions {
  readonly jobs: number | undefined;
  /** Said where the scratch database may be made on the very server that was dumped. */
  readonly onSourceServer: boolean;
}

/** The run to drill, and what may be needed to get at its files. */
export interface FoundRun {
  readonly run: CopiesOfRun;
  readonly store: Store | undefined;
  /** Private. */
  readonly temporaryDirectory: string;
}

export interface Drilled {
  readonly record: DrillRecord;
  /** What kept it from its end. */
  readonly failure: PgBackupError | undefined;
}

/**
 * One drill of one backup: fetch, check, restore into a scratch server, compare with the fingerprint, throw away, record. Returns what came out; only
 * an interruption, a record that cannot be written and what is a bug are thrown.
 */
export async function drillRun(
  context: BackupContext,
  found: FoundRun,
  options: DrillOptions,
): Promise<Drilled> {
  const draft = startDraft(context, found.run, options);
  let failure: PgBackupError | undefined;
  try {
    await carryOutDrill(context, found, options, draft);
  } catch (error) {
    if (!(error instanceof PgBackupError)) throw error;
    failure = error;
    draft.error = describeFailure(context, error, draft);
  }
  const record = await publishDrill(context, draft);
  context.signal.throwIfAborted();
  return { record, failure };
}

function startDraft(context: BackupContext, run: CopiesOfRun, { jobs }: DrillOptions): Draft {
  const isHere = run.local !== undefined && run.local.sizeBytes > 0;
  return {
    run: run.name,
    database: parseRunName(run.name)?.database ?? '',
    startedAt: context.clock(),
    phases: [],
    place: isHere ? 'local' : 'remote',
    sizeBytes: isHere ? run.local.sizeBytes : 0,
    isEncrypted: false,
    jobs: jobsFor({ jobs }),
  };
}

function describeFailure(
  { language, scrub }: BackupContext,
  error: PgBackupError,
  { phases }: Draft,
): NonNullable<DrillRecord['error']> {
  const { message, hint, ...codes } = describeError(error, language);
  const failed = phases.find(({ outcome, name }) => outcome === 'failed' && name !== 'clear')?.name;
  return { ...codes, ...(failed ? { phase: failed } : {}), message: scrub(message), hint: scrub(hint) };
}
