import { filesOfRun, layoutOf } from '../files/layout.ts';
import { readRecord, readReport, writeRecord, writeReport } from '../report/directory.ts';
import type { RunRecord } from '../report/record.ts';
import { type Report, utcSecond } from '../report/report.ts';
import type { BackupContext } from './context.ts';
import { sendWaitingRuns } from './pending-uploads.ts';
import type { BackedUp } from './run.ts';
import { createStages } from './stages.ts';
import { oweReports } from './unsent-reports.ts';
import { withStore } from './with-store.ts';

/**
 * Sends what waits, for a run of this very command of which only the upload failed; where its copies are confirmed now, it has succeeded after all,
 * and its record and report say so. What fails again leaves everything as it was. Never rejects.
 */
export async function retryUpload(
  context: BackupContext,
  before: BackedUp & { readonly record: RunRecord },
): Promise<BackedUp> {
  const layout = layoutOf(context.settings.BACKUP_BASE_DIR);
  try {
    const stage = createStages(context, []);
    await withStore(context, async (store) => store && sendWaitingRuns(context, layout, store, stage));
    const record = await readRecord(filesOfRun(layout, before.record.run).record);
    if (!record || record.awaitsUpload) return before;
    return { record: await makeGood(context, record) };
  } catch (failure) {
    return { ...before, failure: context.signal.aborted ? context.signal.reason : failure };
  }
}

async function makeGood(context: BackupContext, record: RunRecord): Promise<RunRecord> {
  const { error: _error, ...others } = record;
  const files = filesOfRun(layoutOf(context.settings.BACKUP_BASE_DIR), record.run, record.encryption);
  const finishedAt = context.clock();
  const elapsedSeconds = Math.floor((finishedAt.getTime() - new Date(record.startedAt).getTime()) / 1000);
  const good: RunRecord = {
    ...others,
    status: 'SUCCESS',
    finishedAt: finishedAt.toISOString(),
    durationSeconds: Math.max(0, elapsedSeconds),
  };
  await oweReports(context, record.run, ['records', 'reports']);
  await writeRecord(files.record, good);
  const report = await readReport(files.report);
  if (report) await writeReport(files.report, goodReport(report, good));
  return good;
}

function goodReport(report: Report, { finishedAt, durationSeconds, mode, remote }: RunRecord): Report {
  const [dump] = remote;
  return {
    ...report,
    ...{ status: 'SUCCESS', errorMessage: '', finishedAt: utcSecond(new Date(finishedAt)), durationSeconds },
    local: mode === 'oss' ? { ...report.local, file: '', globalsFile: '' } : report.local,
    remote: { urls: dump ? [dump.url] : [] },
  };
}
