import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { listDirectory, PUBLIC_FILE_MODE, writeDurably } from '../files/durable-files.ts';
import { compileSchema } from '../schema.ts';
import type { DrillRecord } from './drill-record.ts';
import type { RecordSummary, RunRecord } from './record.ts';
import { FOREIGN_REPORT_SCHEMA, REPORT_SCHEMA, type Report } from './report.ts';

const MAXIMUM_REPORT_BYTES = 1024 * 1024;
/** A record names every table: a database may have a hundred thousand. */
const MAXIMUM_RECORD_BYTES = 32 * 1024 * 1024;
const SUFFIX = '.json';
/** Each may be of the largest size, and the threads that read files are no more. */
const READ_AT_ONCE = 4;

export interface JsonDirectory<T> {
  /** By run name. */
  readonly entries: ReadonlyMap<string, T>;
  /** File names that were passed over: broken, too large, not a regular file, or not of the expected shape. */
  readonly unreadable: readonly string[];
  /** The names, as those of entries, that were not wanted and not looked at. */
  readonly unread: readonly string[];
}

/** Says by its name whether a file is to be read. */
export type IsWanted = (name: string) => boolean;

/**
 * Writes a report atomically; readable for everybody, because the platform runs as another user.
 * @throws Error for a report that does not have exactly the agreed shape: that is a bug.
 */
export async function writeReport(path: string, report: Report): Promise<void> {
  const problems = checkReport(report);
  if (problems.length > 0) throw new Error(`report of the wrong shape: ${JSON.stringify(problems)}`);
  await writeDurably(path, `${JSON.stringify(report, undefined, 2)}\n`, PUBLIC_FILE_MODE);
}

export async function writeRecord(path: string, record: RunRecord): Promise<void> {
  await writeDurably(path, `${JSON.stringify(record, undefined, 2)}\n`, PUBLIC_FILE_MODE);
}

/** `mode`: private where it names what is encrypted in the backup. */
export async function writeDrillRecord(path: string, record: DrillRecord, mode: number): Promise<void> {
  await writeDurably(path, `${JSON.stringify(record, undefined, 2)}\n`, mode);
}

/** Reads every drill record of a directory; whatever cannot be read is counted, never an error. */
export async function readDrillRecords(
  directory: string,
  isWanted: IsWanted = everything,
): Promise<JsonDirectory<DrillRecord>> {
  const read = (path: string) => readJson<DrillRecord>(path, checkDrillRecord, MAXIMUM_RECORD_BYTES);
  return readJsonDirectory(directory, isWanted, read);
}

/** Reads every report of a directory, those of the old script too; whatever cannot be read is counted, never an error. */
export async function readReports(
  directory: string,
  isWanted: IsWanted = everything,
): Promise<JsonDirectory<Report>> {
  return readJsonDirectory(directory, isWanted, readReport);
}

/** Reads every record of a directory, and keeps a summary of each; whatever cannot be read is counted, never an error. */
export async function readRecords(
  directory: string,
  isWanted: IsWanted = everything,
): Promise<JsonDirectory<RecordSummary>> {
  return readJsonDirectory(directory, isWanted, async (path) => {
    const record = await readRecord(path);
    return record && summaryOf(record);
  });
}

/** Reads one report; undefined where there is none that can be read. */
export async function readReport(path: string): Promise<Report | undefined> {
  return readJson<Report>(path, checkForeignReport, MAXIMUM_REPORT_BYTES);
}

/** Reads one record; undefined where there is none that can be read. */
export async function readRecord(path: string): Promise<RunRecord | undefined> {
  return readJson<RunRecord>(path, checkRecord, MAXIMUM_RECORD_BYTES);
}

export type Check = (value: unknown) => readonly unknown[];

const checkReport = compileSchema(REPORT_SCHEMA);
const checkForeignReport = compileSchema(FOREIGN_REPORT_SCHEMA);
const checkRecord = compileSchema({
  type: 'object',
  properties: {
    version: { const: 1 },
    artifacts: { type: 'array' },
    remote: { type: 'array' },
    awaitsUpload: { type: 'boolean' },
  },
  required: ['version', 'run', 'artifacts', 'remote', 'awaitsUpload'],
});

const checkDrillRecord = compileSchema({
  type: 'object',
  properties: {
    version: { const: 1 },
    outcome: { enum: ['equal', 'incomplete', 'different', 'failed'] },
    sizeBytes: { type: 'integer', minimum: 0 },
    phases: { type: 'array' },
    differences: { type: 'array' },
    omissions: { type: 'array' },
  },
  required: [
    'version',
    'run',
    'database',
    'startedAt',
    'outcome',
    'sizeBytes',
    'phases',
    'differences',
    'omissions',
  ],
});

function everything(): boolean {
  return true;
}

function summaryOf({ stages: _stages, fingerprint: _fingerprint, ...summary }: RunRecord): RecordSummary {
  return summary;
}

const checkSkip = compileSchema({
  type: 'object',
  properties: {
    version: { const: 1 },
    kind: { enum: ['backup', 'drill', 'verify'] },
    skippedAt: { type: 'string' },
  },
  required: ['version', 'kind', 'skippedAt', 'reason'],
});

/** What a file of each directory must be, and how much of it is read at most. */
export const JSON_KINDS = {
  reports: { check: checkForeignReport, maximumBytes: MAXIMUM_REPORT_BYTES },
  records: { check: checkRecord, maximumBytes: MAXIMUM_RECORD_BYTES },
  drills: { check: checkDrillRecord, maximumBytes: MAXIMUM_RECORD_BYTES },
  skipped: { check: checkSkip, maximumBytes: MAXIMUM_REPORT_BYTES },
} as const;

async function readJsonDirectory<T>(
  directory: string,
  isWanted: IsWanted,
  read: (path: string) => Promise<T | undefined>,
): Promise<JsonDirectory<T>> {
  const names = (await listDirectory(directory))
    .filter(({ name }) => name.endsWith(SUFFIX))
    .map(({ name }) => name.slice(0, -SUFFIX.length))
    .sort();
  const { wanted = [], unread = [] } = Object.groupBy(names, (name) =>
    isWanted(name) ? 'wanted' : 'unread',
  );
  const entries = new Map<string, T>();
  const unreadable: string[] = [];
  const values = await pMap(wanted, (name) => read(join(directory, name + SUFFIX)), {
    concurrency: READ_AT_ONCE,
  });
  for (const [index, name] of wanted.entries()) {
    const value = values[index];
    if (value === undefined) unreadable.push(name + SUFFIX);
    else entries.set(name, value);
  }
  return { entries, unreadable, unread };
}

/** Reads one JSON file of at most so many bytes; undefined where there is none, or it does not pass the check. */
export async function readJson<T>(path: string, check: Check, maximumBytes: number): Promise<T | undefined> {
  try {
    // Neither a link to elsewhere is followed nor a FIFO waited for.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const facts = await file.stat();
      if (!facts.isFile() || facts.size > maximumBytes) return undefined;
      const value: unknown = JSON.parse(await file.readFile('utf8'));
      return check(value).length === 0 ? (value as T) : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
