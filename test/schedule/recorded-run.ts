import { mkdirSync, writeFileSync } from 'node:fs';
import { runName } from '../../src/backup/run-name.ts';
import type { ErrorCode } from '../../src/error-table.ts';
import { filesOfRun, type Layout } from '../../src/files/layout.ts';
import type { RunRecord } from '../../src/report/record.ts';
import { REPORT_EXAMPLE } from '../report/report-example.ts';

export interface RecordedFacts {
  readonly database?: string;
  readonly startedAt: string | Date;
  /** Of a run that failed. */
  readonly errorCode?: ErrorCode;
  readonly host?: string;
  /** Of a failed run whose copy came to the store later. */
  readonly record?: Partial<RunRecord>;
  /** `report`: as the old script left it. */
  readonly only?: 'record' | 'report';
}

/** Writes the record and the report of a run of the server `db`. Returns its name. */
export function recordRun(layout: Layout, facts: RecordedFacts): string {
  const { database = 'community', errorCode, host = 'db', only } = facts;
  const startedAt = new Date(facts.startedAt);
  const run = runName({ database, startedAt, host: 'h' });
  for (const directory of [layout.records, layout.reports]) mkdirSync(directory, { recursive: true });
  const status = errorCode === undefined ? 'SUCCESS' : 'FAILED';
  const paths = filesOfRun(layout, run);
  const record = {
    ...{ version: 1, run, database, host, port: 5432, startedAt: startedAt.toISOString(), status },
    ...{ proof: 'none', artifacts: [], remote: [], awaitsUpload: false },
    ...(errorCode && { error: { code: errorCode, exitCode: 1, message: '', hint: '' } }),
    ...facts.record,
  };
  const report = { ...REPORT_EXAMPLE, database, host, port: '5432', status };
  if (only !== 'report') writeFileSync(paths.record, JSON.stringify(record));
  if (only !== 'record') writeFileSync(paths.report, JSON.stringify(report));
  return run;
}
