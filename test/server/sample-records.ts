import { runName } from '../../src/backup/run-name.ts';
import { ERRORS, type ErrorCode } from '../../src/error-table.ts';
import type { DrillRecord } from '../../src/report/drill-record.ts';
import type { Proof, RunRecord, Stage, StageRecord } from '../../src/report/record.ts';
import { type Report, utcSecond } from '../../src/report/report.ts';

/** What a run of the sample is made from. */
export interface SampleRun {
  readonly database: string;
  readonly startedAt: Date;
  readonly sizeBytes: number;
  readonly proof: Proof;
  /** Of a run that failed, and in which stage. */
  readonly failure?: { readonly code: ErrorCode; readonly stage: Stage };
  readonly hasWarning?: boolean;
}

const HOST = 'db';
const PORT = 5432;
/** What each stage takes: so many seconds, and so many more for each gigabyte. */
const STAGE_SECONDS: readonly (readonly [Stage, number, number])[] = [
  ['lock', 0.02, 0],
  ['preflight', 0.8, 0],
  ['dump', 2, 41],
  ['globals', 0.6, 0],
  ['verify', 1, 6],
  ['fingerprint', 1.5, 4],
  ['checksum', 0.1, 2.4],
  ['upload', 1.2, 18],
  ['confirm', 0.4, 0],
  ['report', 0.05, 0],
  ['retention', 0.2, 0],
];
const GIGABYTE = 1e9;
const SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Its record, as our own runs leave it. */
export function sampleRecord(sample: SampleRun): RunRecord {
  const { database, startedAt, sizeBytes, failure, proof, hasWarning = false } = sample;
  const run = runName({ database, startedAt, host: 'db01' });
  const stages = stagesOf(sample);
  const durationSeconds = rounded(stages.reduce((sum, stage) => sum + stage.durationSeconds, 0));
  const finishedAt = new Date(startedAt.getTime() + durationSeconds * 1000).toISOString();
  const hasDump = failure === undefined || failure.code === 'UPLOAD_FAILED';
  const artifacts = [
    { name: `${run}.dump`, sizeBytes, sha256: SHA256, crc64: '9548687815775124833' },
    { name: `${run}_globals.sql`, sizeBytes: 4_812, sha256: SHA256, crc64: '1234567890123456789' },
  ];
  const rows = Math.round(sizeBytes / 210);
  return {
    ...{ version: 1, run, database, host: HOST, port: PORT, runner: { hostname: 'db01', version: '0.1.0' } },
    ...{ startedAt: startedAt.toISOString(), finishedAt, durationSeconds, mode: 'both', tool: 'ossutil' },
    ...{ status: failure ? 'FAILED' : 'SUCCESS', proof: failure ? 'none' : proof, stages },
    server: {
      ...{ version: '17.6', databaseSizeBytes: sizeBytes * 4, encoding: 'UTF8', collation: 'en_US.utf8' },
      systemIdentifier: '7412345678901234567',
    },
    ...{ client: { version: '17.6' }, compression: 'zstd:3', encryption: 'none' },
    ...{ leftOut: [], globals: 'with passwords' },
    ...(hasDump && {
      fingerprint: {
        ...{ level: 'counts', status: 'complete', durationSeconds: 3.4, rows, sequences: 6, largeObjects: 0 },
        rowsByTable: { 'public.account': Math.round(rows * 0.2), 'public.post': Math.round(rows * 0.8) },
        inventory: { table: 24, index: 61, function: 12, view: 5 },
      },
    }),
    artifacts: hasDump ? artifacts : [],
    remote: failure
      ? []
      : artifacts.map(({ name, sizeBytes, crc64 }) => ({
          ...{ url: `oss://acme-backups/postgres/${name}`, sizeBytes, crc64, confirmedAt: finishedAt },
        })),
    ...(hasWarning && {
      warning: { anomalies: [{ kind: 'size', found: sizeBytes, median: Math.round(sizeBytes * 2.6) }] },
    }),
    awaitsUpload: failure?.code === 'UPLOAD_FAILED',
    ...(failure && { error: errorOf(failure, run) }),
  };
}

/** Its report, as the platform reads it. */
export function sampleReport(record: RunRecord): Report {
  const [dump] = record.artifacts;
  const file = (end: string): string => (dump ? `/data/db-backups/data/${record.run}${end}` : '');
  return {
    ...{ database: record.database, host: record.host, port: String(record.port) },
    ...{
      startedAt: utcSecond(new Date(record.startedAt)),
      finishedAt: utcSecond(new Date(record.finishedAt)),
    },
    ...{ durationSeconds: Math.round(record.durationSeconds), mode: record.mode, tool: record.tool },
    ...{ status: record.status, errorMessage: record.error?.message ?? '' },
    local: {
      ...{ file: file('.dump'), globalsFile: file('_globals.sql') },
      ...{ checksumSha256: dump?.sha256 ?? '', sizeBytes: dump?.sizeBytes ?? 0 },
    },
    remote: { urls: record.remote.map(({ url }) => url) },
  };
}

/** A drill of a run, two hours after it. */
export function sampleDrill(record: RunRecord, outcome: DrillRecord['outcome']): DrillRecord {
  const { run, database } = record;
  const [{ sizeBytes } = { sizeBytes: 0 }] = record.artifacts;
  const startedAt = new Date(Date.parse(record.startedAt) + 2 * 3600 * 1000);
  const recoverySeconds = Math.round((6 + (sizeBytes / GIGABYTE) * 55) * 10) / 10;
  const durationSeconds = rounded(recoverySeconds + 8.5);
  return {
    ...{ version: 1, run, database, runner: { hostname: 'db01', version: '0.1.0' } },
    startedAt: startedAt.toISOString(),
    finishedAt: new Date(startedAt.getTime() + durationSeconds * 1000).toISOString(),
    ...{ durationSeconds, outcome, place: 'remote', sizeBytes, jobs: 2, recoverySeconds },
    ...{ server: { kind: 'embedded', version: '17.6' }, client: { version: '17.6' } },
    phases: [
      {
        name: 'fetch',
        startedAt: startedAt.toISOString(),
        durationSeconds: recoverySeconds / 3,
        outcome: 'done',
      },
    ],
    compared: {
      ...{ tables: 24, rows: 812_004, sequences: 6, largeObjects: 0, objects: 102 },
      ...{ contents: false, definitions: true, collation: true },
    },
    differences:
      outcome === 'different'
        ? [{ kind: 'rows', object: 'public.post', expected: '812004', found: '811990' }]
        : [],
    omissions: [],
  };
}

function stagesOf({ startedAt, sizeBytes, failure }: SampleRun): StageRecord[] {
  const stages: StageRecord[] = [];
  let at = startedAt.getTime();
  for (const [name, seconds, perGigabyte] of STAGE_SECONDS) {
    const durationSeconds = rounded(seconds + (perGigabyte * sizeBytes) / GIGABYTE);
    const isLast = name === failure?.stage;
    const outcome = isLast ? 'failed' : 'done';
    stages.push({ name, startedAt: new Date(at).toISOString(), durationSeconds, outcome });
    if (isLast) break;
    at += durationSeconds * 1000;
  }
  return stages;
}

/** To the millisecond. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function errorOf(
  { code, stage }: { code: ErrorCode; stage: Stage },
  run: string,
): RunRecord['error'] & object {
  const { exitCode, message, hint } = ERRORS[code];
  const parameters: Readonly<Record<string, string>> = {
    ...{ object: `oss://acme-backups/postgres/${run}.dump`, detail: 'connection reset by peer' },
    ...{ host: HOST, port: String(PORT), user: 'backup', database: 'billing', remedy: 'Try again.' },
  };
  const filled = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => parameters[name] ?? placeholder);
  return { code, exitCode, stage, message: filled(message.en), hint: filled(hint.en) };
}
