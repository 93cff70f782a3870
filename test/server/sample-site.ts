import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesOfRun, type Layout } from '../../src/files/layout.ts';
import type { RunRecord } from '../../src/report/record.ts';
import { type SampleRun, sampleDrill, sampleRecord, sampleReport } from './sample-records.ts';
import { NOW, type SiteOptions } from './site.ts';

const DAY = 24 * 60 * 60 * 1000;
const DAYS = 84;
/** So many days of dumps lie here. */
const LOCAL_DAYS = 7;
const GIGABYTE = 1e9;

/** A name that would break out of markup, of addresses and of lines. */
export const HOSTILE = `<img src=x onerror=alert(1)>"'&\u202e`;
export const ORDINARY_DATABASES = ['billing', 'community', '订单'] as const;
/** Still backed up by the script before. */
const OLD_DATABASE = 'legacy_cms';
const DATABASES = [...ORDINARY_DATABASES, HOSTILE, OLD_DATABASE];

/** For a server of all databases that are there. */
export const SAMPLE_SETTINGS: NonNullable<SiteOptions['settings']> = {
  PG_DATABASE: undefined as never,
  PG_HOST: undefined as never,
};

/**
 * Twelve weeks of each database: growing, with failures, drills, a warning, a run under
 * way, and files that nobody can read. `billing` has had no good backup for three days. Always the same.
 */
export function fillSample(layout: Layout, databases: readonly string[] = DATABASES): void {
  const directories = [
    layout.data,
    layout.reports,
    layout.records,
    layout.drills,
    layout.running,
    layout.skipped,
  ];
  for (const path of directories) mkdirSync(path, { recursive: true });
  for (const [place, database] of databases.entries()) {
    for (let age = DAYS - 1; age >= 0; age -= 1) {
      if (database === OLD_DATABASE) writeOldReport(layout, age);
      else writeSample(layout, sampleOf(database, place, age), age);
    }
  }
  mkdirSync(join(layout.running, 'community_20270110T115900Z_db01'));
  writeFileSync(join(layout.reports, 'half-written.json'), '{"database": "commu');
  symlinkSync('/etc/hostname', join(layout.reports, 'link.json'));
  writeFileSync(join(layout.skipped, 'backup_20261224T020000000Z_1.json'), JSON.stringify(SKIP));
}

/** One more good run of `community`, which began so many minutes after noon. Returns its name. */
export function addSampleRun(layout: Layout, minutes: number): string {
  const startedAt = new Date(Date.parse(NOW) + minutes * 60_000);
  return writeSample(layout, { ...sampleOf('community', 1, 0), startedAt }, 0).run;
}

const SKIP = {
  ...{ version: 1, kind: 'backup', database: 'community', skippedAt: '2026-12-24T02:00:00.000Z' },
  ...{ dueAt: '2026-12-24T02:00:00.000Z', hostname: 'db01', reason: 'overlap' },
  detail: 'still under way',
};
const FIRST_SIZES = [3.1 * GIGABYTE, 1.2 * GIGABYTE, 0.36 * GIGABYTE, 0.009 * GIGABYTE];

function sampleOf(database: string, place: number, age: number): SampleRun {
  const day = DAYS - age;
  const startedAt = new Date(Date.parse(NOW) - age * DAY - 10 * 3600 * 1000 + place * 61_000);
  const growth = 1 + day / 260 + Math.sin(day * 1.7 + place) / 90;
  const sizeBytes = Math.round((FIRST_SIZES[place] ?? GIGABYTE) * growth);
  const failure = failureOf(place, age);
  const hasWarning = place === 2 && age === 1;
  const proof = age % 7 === 3 && place < 3 ? 'restored' : 'stored';
  return {
    ...{
      database,
      startedAt,
      proof,
      hasWarning,
      sizeBytes: hasWarning ? Math.round(sizeBytes / 3) : sizeBytes,
    },
    ...(failure && { failure }),
  };
}

function failureOf(place: number, age: number): SampleRun['failure'] {
  if (place === 0 && age < 3) return { code: 'CONNECTION_FAILED', stage: 'preflight' };
  if (place === 1 && (age === 16 || age === 52)) return { code: 'UPLOAD_FAILED', stage: 'upload' };
  if (place === 2 && age === 33) return { code: 'DISK_FULL', stage: 'dump' };
  if (place === 3 && age === 61) return { code: 'KILLED', stage: 'dump' };
  return undefined;
}

function writeSample(layout: Layout, sample: SampleRun, age: number): RunRecord {
  const record = sampleRecord(sample);
  const paths = filesOfRun(layout, record.run);
  writeFileSync(paths.record, JSON.stringify(record));
  writeFileSync(paths.report, JSON.stringify(sampleReport(record)));
  if (age < LOCAL_DAYS && record.artifacts.length > 0) writeFileSync(paths.dump, '');
  if (record.proof === 'restored') {
    const isDifferent = sample.database === '订单' && age === 10;
    const drill = sampleDrill(record, isDifferent ? 'different' : 'equal');
    writeFileSync(join(layout.drills, `${record.run}_${age}.json`), JSON.stringify(drill));
  }
  return record;
}

/** As the script before left them: no record, and one empty address where nothing was uploaded. */
function writeOldReport(layout: Layout, age: number): void {
  const sample = { ...sampleOf(OLD_DATABASE, 3, age), proof: 'none' } as const;
  const record = sampleRecord({ ...sample, sizeBytes: sample.sizeBytes * 12 });
  const isFailed = age % 21 === 0 && age > 0;
  const report = { ...sampleReport(record), status: isFailed ? 'FAILED' : 'SUCCESS', remote: { urls: [''] } };
  writeFileSync(join(layout.reports, `${record.run}.json`), JSON.stringify(report));
}
