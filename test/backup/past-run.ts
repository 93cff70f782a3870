import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checksumLine } from '../../src/backup/checksum.ts';
import { runName } from '../../src/backup/run-name.ts';
import { filesOfRun, type Layout } from '../../src/files/layout.ts';
import { writeFingerprint } from '../../src/fingerprint/fingerprint.ts';
import type { Artifact, RunRecord } from '../../src/report/record.ts';
import type { Report } from '../../src/report/report.ts';
import { REPORT_EXAMPLE } from '../report/report-example.ts';

const DAY = 24 * 60 * 60 * 1000;
/** The same for all runs of a test file, so that runs of one age have one time. */
const NOW = Date.now();
const CONFIRMED_AT = '2025-10-11T18:05:00.000Z';

export interface PastRunFacts {
  readonly database?: string;
  readonly host?: string;
  readonly port?: number;
  readonly record?: Partial<RunRecord>;
  readonly report?: Partial<Report>;
  /** Whether its files are below `data/`; default: yes. */
  readonly local?: boolean;
  /** A directory that is a store, and gets its objects. */
  readonly store?: string;
  /** The addresses of objects that somebody else puts there. */
  readonly urlOf?: (name: string) => string;
}

/** Writes what a good run of some days ago leaves: a report, a record, four files and, if wanted, their copies. Returns its name. */
export function addPastRun(layout: Layout, ageDays: number, facts: PastRunFacts = {}): string {
  const { database = 'community', host = 'db', port = 5432, local = true, store } = facts;
  const urlOf = facts.urlOf ?? (store === undefined ? undefined : (name: string) => join(store, name));
  const run = runName({ database, startedAt: new Date(NOW - ageDays * DAY), host: 'h' });
  const contents = contentsOf(run);
  const artifacts = [...contents].map(([name, content]) => measure(name, content));
  for (const [name, content] of contents) {
    if (local) writeFileSync(join(layout.data, name), content);
    if (store === undefined) continue;
    mkdirSync(store, { recursive: true });
    writeFileSync(join(store, name), content);
  }
  const paths = filesOfRun(layout, run);
  const record: RunRecord = {
    version: 1,
    run,
    database,
    host,
    port,
    runner: { hostname: 'h', version: '0.0.0' },
    startedAt: '2025-10-11T18:00:00.000Z',
    finishedAt: CONFIRMED_AT,
    durationSeconds: 300,
    mode: urlOf ? 'both' : 'local',
    tool: 'ossutil',
    status: 'SUCCESS',
    proof: urlOf ? 'stored' : 'read',
    stages: [],
    compression: '9',
    leftOut: [],
    globals: 'with passwords',
    artifacts,
    remote: urlOf
      ? artifacts.map(({ name, sizeBytes }) => {
          return { url: urlOf(name), sizeBytes, crc64: '', confirmedAt: CONFIRMED_AT };
        })
      : [],
    awaitsUpload: false,
    ...facts.record,
  };
  writeFileSync(paths.record, JSON.stringify(record));
  const report: Report = { ...REPORT_EXAMPLE, database, host, port: String(port), status: record.status };
  writeFileSync(paths.report, JSON.stringify({ ...report, ...facts.report }));
  return run;
}

/** The names of a run's artifacts, the dump's first. */
export function artifactsOf(
  run: string,
): [dump: string, checksum: string, globals: string, fingerprint: string] {
  return [`${run}.dump`, `${run}.dump.sha256`, `${run}_globals.sql`, `${run}_fingerprint.json`];
}

function contentsOf(run: string): Map<string, string> {
  const [dump, checksum, globals, fingerprint] = artifactsOf(run);
  const content = `the dump of ${run}`;
  const measured = measure(dump, content);
  return new Map([
    [dump, content],
    [checksum, checksumLine(measured)],
    [globals, 'CREATE ROLE somebody;\n'],
    [fingerprint, fingerprintOf(run, measured.sha256)],
  ]);
}

/** Of a database with one empty table. */
function fingerprintOf(run: string, dumpSha256: string): string {
  return writeFingerprint({
    ...{ version: 1, run, dumpSha256, level: 'counts', status: 'complete', leftOut: [] },
    ...{ takenAt: CONFIRMED_AT, durationSeconds: 0.1, serverMajor: 15 },
    database: { encoding: 'UTF8', collation: 'C', ctype: 'C' },
    tables: [{ schema: 'public', name: 'item', state: 'counted', rows: 0 }],
    sequences: [],
    largeObjects: { state: 'counted', count: 0 },
    inventory: [{ kind: 'table', name: 'public.item', definition: '1' }],
  });
}

function measure(name: string, content: string): Artifact {
  return {
    name,
    sizeBytes: Buffer.byteLength(content),
    sha256: createHash('sha256').update(content).digest('hex'),
  };
}
