import { timeOfName } from './facts.ts';
import { inFull } from './kept-texts.ts';
import { type IndexedDrill, type IndexedRun, runNameOf } from './run-index.ts';

/** A run as lists tell of it. */
export interface RunView {
  readonly run: string;
  readonly target: string | null;
  readonly database: string;
  readonly server: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly durationSeconds: number | null;
  readonly mode: string | null;
  readonly status: string;
  readonly succeeded: boolean;
  readonly proof: string | null;
  readonly sizeBytes: number | null;
  readonly encryption: string | null;
  readonly copies: number | null;
  readonly awaitsUpload: boolean;
  readonly hasWarning: boolean;
  readonly errorCode: string | null;
  readonly hasReport: boolean;
  readonly hasRecord: boolean;
}

export interface DrillView {
  readonly drill: string;
  readonly run: string;
  readonly database: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly durationSeconds: number | null;
  readonly outcome: string;
  readonly source: string | null;
  readonly sizeBytes: number;
  readonly recoverySeconds: number | null;
  readonly differences: number;
  readonly errorCode: string | null;
}

/** What the record says counts where there is one: a later upload or drill makes it better, and leaves the report as it was. */
export function runView(one: IndexedRun, target: string | undefined): RunView {
  const { report, record } = one;
  return {
    run: runNameOf(one),
    target: target ?? null,
    database: one.database,
    server: serverOf(one),
    startedAt: new Date(one.startedAt).toISOString(),
    finishedAt: record?.finishedAt ?? report?.finishedAt ?? null,
    durationSeconds: record?.durationSeconds ?? report?.durationSeconds ?? null,
    mode: record?.mode ?? report?.mode ?? null,
    status: record?.status ?? report?.status ?? 'FAILED',
    succeeded: isGood(one),
    proof: record?.proof ?? null,
    sizeBytes: record?.sizeBytes ?? report?.sizeBytes ?? null,
    encryption: record?.encryption ?? null,
    copies: record?.copies ?? null,
    awaitsUpload: record?.awaitsUpload ?? false,
    hasWarning: record?.hasWarning ?? false,
    errorCode: record?.errorCode ?? null,
    hasReport: report !== undefined,
    hasRecord: record !== undefined,
  };
}

export function drillView(one: IndexedDrill): DrillView {
  return {
    drill: runNameOf(one),
    run: one.run,
    database: one.database,
    startedAt: one.startedAt,
    finishedAt: one.finishedAt,
    durationSeconds: one.durationSeconds,
    outcome: one.outcome,
    source: one.source,
    sizeBytes: one.sizeBytes,
    recoverySeconds: one.recoverySeconds,
    differences: one.differences,
    errorCode: one.errorCode,
  };
}

/** `host:port` of the server that was backed up. */
export function serverOf({ report, record }: IndexedRun): string {
  return record?.series ?? report?.series ?? '';
}

/** Whether it was reported as a success, or was made good by a later upload (as `isProven` has it for whole records). */
export function isGood({ report, record }: IndexedRun): boolean {
  if (report?.status === 'SUCCESS' || record?.status === 'SUCCESS') return true;
  return record !== undefined && (record.proof === 'stored' || record.copies > 0);
}

/** The same for runs that filters cannot tell apart but by database and time. */
export function classOf(run: IndexedRun): string {
  return `${run.place} ${isGood(run)} ${run.record?.proof ?? 'none'} ${serverOf(run)}`;
}

/** Whether there is a copy elsewhere: confirmed where there is a record, else as the report claims. */
export function isOffSite({ report, record }: IndexedRun): boolean {
  return record ? record.copies > 0 : (report?.remoteUrls ?? null) !== null;
}

/** The record that the platform's routes give. The keys and their order are agreed. */
export function platformView(one: IndexedRun): object | undefined {
  const { report } = one;
  if (!report) return undefined;
  const run = runNameOf(one);
  return {
    database: report.database,
    startedAt: report.startedAt ?? timeOfName(run),
    finishedAt: report.finishedAt,
    durationSeconds: report.durationSeconds,
    mode: report.mode,
    status: report.status,
    sizeBytes: report.sizeBytes,
    localFile: report.localFile === null ? null : inFull(report.localFile, run),
    remoteUrls: report.remoteUrls?.map((url) => inFull(url, run)) ?? null,
  };
}
