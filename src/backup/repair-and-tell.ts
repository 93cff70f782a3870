import type { Outcome } from '../notify/notifier.ts';
import type { RunRecord } from '../report/record.ts';
import type { TargetContext } from './context.ts';
import { repairKilledRuns } from './repair.ts';
import { notifierFor } from './target-notifier.ts';
import { describeAnomalies } from './warn-of-anomalies.ts';

/** Repairs what killed runs have left, and tells of each run that was reported now. */
export async function repairAndTell(context: TargetContext): Promise<void> {
  const records = await repairKilledRuns(context);
  if (records.length === 0) return;
  await notifierFor(context).tell(
    'backup',
    records.map((record) => recordOutcome(record, false)),
  );
}

/** What a run came to, as notifications tell it. */
export function recordOutcome(record: RunRecord, failedBefore: boolean): Outcome {
  const { database, host, port, status, run, startedAt, durationSeconds, proof, error, warning } = record;
  const [dump] = record.artifacts;
  return {
    ...{ database, host, port, status, failedBefore, run, startedAt, durationSeconds, proof },
    ...(dump ? { sizeBytes: dump.sizeBytes } : {}),
    ...(warning ? { warnings: describeAnomalies(warning) } : {}),
    ...(error ? { error: { code: error.code, message: error.message, hint: error.hint } } : {}),
  };
}
