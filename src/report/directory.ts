import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { listDirectory, PUBLIC_FILE_MODE, writeDurably } from '../files/durable-files.ts';
import { compileSchema } from '../schema.ts';
import type { DrillRecord } from './drill-record.ts';
import type { RunRecord } from './record.ts';
import { FOREIGN_REPORT_SCHEMA, REPORT_SCHEMA, type Report } from './report.ts';

const MAXIMUM_REPORT_BYTES = 1024 * 1024;
/** A record names every table: a database may have a hundred thousand. */
const MAXIMUM_RECORD_BYTES = 32 * 1024 * 1024;
const SUFFIX = '.json';

export interface JsonDirectory<T> {
  /** By run name. */
  readonly entries: ReadonlyMap<string, T>;
  /** File names that were passed over: broken, too large, not a regular file, or not of the expected shape. */
  readonly unreadable: readonly string[];
}

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
export async function readDrillRecords(directory: string): Promise<JsonDirectory<DrillRecord>> {
  return readJsonDirectory<DrillRecord>(directory, checkDrillRecord, MAXIMUM_RECORD_BYTES);
}

/** Reads every report of a directory, those of the old script too; whatever cannot be read is counted, never an error. */
export async function readReports(directory: string): Promise<JsonDirectory<Report>> {
  return readJsonDirectory<Report>(directory, checkForeignReport, MAXIMUM_REPORT_BYTES);
}

/** Reads every record of a directory; whatever cannot be read is counted, never an error. */
export async function readRecords(directory: string): Promise<JsonDirectory<RunRecord>> {
  return readJsonDirectory<RunRecord>(directory, checkRecord, MAXIMUM_RECORD_BYTES);
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

async function readJsonDirectory<T>(
  directory: string,
  check: Check,
  maximumBytes: number,
): Promise<JsonDirectory<T>> {
  const entries = new Map<string, T>();
  const unreadable: string[] = [];
  const names = (await listDirectory(directory)).map((entry) => entry.name);
  for (const name of names.filter((candidate) => candidate.endsWith(SUFFIX)).sort()) {
    const value = await readJson<T>(join(directory, name), check, maximumBytes);
    if (value === undefined) unreadable.push(name);
    else entries.set(name.slice(0, -SUFFIX.length), value);
  }
  return { entries, unreadable };
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
