import { basename } from 'node:path';
import type { ErrorDescription } from '../errors.ts';
import type { RunFiles } from '../files/layout.ts';
import { writeRecord, writeReport } from '../report/directory.ts';
import type {
  Artifact,
  FingerprintSummary,
  Proof,
  RemoteObject,
  RunRecord,
  Stage,
  StageRecord,
} from '../report/record.ts';
import { type Report, type RunStatus, utcSecond } from '../report/report.ts';
import type { Journal } from './running.ts';

/** What a run has observed so far; filled stage by stage. */
export interface Findings {
  readonly stages: StageRecord[];
  server?: NonNullable<RunRecord['server']>;
  client?: NonNullable<RunRecord['client']>;
  globals: RunRecord['globals'];
  fingerprint?: FingerprintSummary;
  proof: Proof;
  /** The dump first; empty until the files have their final names. */
  artifacts: readonly Artifact[];
  remote: readonly RemoteObject[];
  warning?: NonNullable<RunRecord['warning']>;
}

export interface Outcome {
  readonly status: RunStatus;
  readonly finishedAt: Date;
  /** Whether the files are still below `data/`. */
  readonly keepsLocalFiles: boolean;
  readonly error?: ErrorDescription & { readonly stage?: Stage };
}

export function noFindings(): Findings {
  return { stages: [], globals: 'none', proof: 'none', artifacts: [], remote: [] };
}

/** Writes the record and then, last of all, the report: where there is a report, all of the run is known. */
export async function publishOutcome(
  journal: Journal,
  files: RunFiles,
  findings: Findings,
  outcome: Outcome,
): Promise<RunRecord> {
  const record = toRecord(journal, findings, outcome);
  await writeRecord(files.record, record);
  await writeReport(files.report, toReport(record, files, outcome));
  return record;
}

function toRecord(journal: Journal, findings: Findings, outcome: Outcome): RunRecord {
  const { bootId: _bootId, temporaryDirectory: _temporaryDirectory, ...known } = journal;
  const elapsedSeconds = wholeSeconds(outcome.finishedAt) - wholeSeconds(new Date(journal.startedAt));
  const awaitsUpload =
    journal.mode !== 'local' &&
    findings.artifacts.length > 0 &&
    findings.remote.length < findings.artifacts.length;
  return {
    version: 1,
    ...known,
    ...findings,
    finishedAt: outcome.finishedAt.toISOString(),
    // A clock that was set back must not make a negative duration.
    durationSeconds: Math.max(0, elapsedSeconds),
    status: outcome.status,
    awaitsUpload,
    ...(outcome.error ? { error: outcome.error } : {}),
  };
}

/** Cut as in the report, so that its times and its duration agree. */
function wholeSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function toReport(record: RunRecord, files: RunFiles, outcome: Outcome): Report {
  const [dump] = record.artifacts;
  const hasLocalFiles = dump !== undefined && outcome.keepsLocalFiles;
  const dumpUrl = record.remote[0]?.url;
  return {
    database: record.database,
    host: record.host,
    port: String(record.port),
    startedAt: utcSecond(new Date(record.startedAt)),
    finishedAt: utcSecond(outcome.finishedAt),
    durationSeconds: record.durationSeconds,
    mode: record.mode,
    tool: record.tool,
    status: record.status,
    errorMessage: record.error ? `${record.error.message} ${record.error.hint}`.trim() : '',
    local: {
      file: hasLocalFiles ? files.dump : '',
      globalsFile:
        hasLocalFiles && record.artifacts.some(({ name }) => name === basename(files.globals))
          ? files.globals
          : '',
      checksumSha256: dump?.sha256 ?? '',
      sizeBytes: dump?.sizeBytes ?? 0,
    },
    remote: { urls: dumpUrl === undefined ? [] : [dumpUrl] },
  };
}
