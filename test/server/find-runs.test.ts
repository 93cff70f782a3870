import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { runName } from '../../src/backup/run-name.ts';
import { PROOFS } from '../../src/report/record.ts';
import type { Site } from '../../src/server/overview/site.ts';
import { readCursor, writeCursor } from '../../src/server/routes/cursor.ts';
import { findRuns, type RunsFilter } from '../../src/server/routes/find-runs.ts';
import { recordFacts, reportFacts } from '../../src/server/run-index/facts.ts';
import { createRunIndex, type IndexedRun, runNameOf } from '../../src/server/run-index/run-index.ts';
import { classOf, isGood } from '../../src/server/run-index/views.ts';
import { REPORT_EXAMPLE } from '../report/report-example.ts';
import { startSite } from './site.ts';

const LIMIT = { timeout: 60_000 };
const BEGIN = Date.parse('2026-12-01T00:00:00Z');
const HOUR = 3_600_000;
const EVERY: RunsFilter = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
const FILTERS: readonly Partial<RunsFilter>[] = [
  {},
  { database: 'a' },
  { database: 'nope' },
  { status: 'FAILED' },
  { status: 'SUCCESS' },
  { proof: 'read' },
  { proof: 'restored', status: 'FAILED' },
  { database: 'b', status: 'SUCCESS', proof: 'stored' },
  { target: 'ours' },
  { target: 'nope' },
  { target: 'ours', database: 'c', status: 'FAILED' },
  { from: BEGIN + 50 * HOUR },
  { to: BEGIN + 50 * HOUR },
  { status: 'SUCCESS', from: BEGIN + 20 * HOUR, to: BEGIN + 60 * HOUR },
  { to: BEGIN },
];

for (const [what, servers] of [
  ['a few servers', 3],
  ['a server for each run', 1000],
] as const) {
  test(`every page of every filter has what fits, of ${what}, also while it changes`, LIMIT, async (t) => {
    const { site } = await siteOf(t);
    for (let index = 0; index < 400; index += 1) setRun(site, index, servers, 'report');
    site.followed.index.sort();
    assertPages(site);
    for (let index = 0; index < 400; index += 3) setRun(site, index, servers, 'record');
    for (let index = 400; index < 420; index += 1) setRun(site, index, servers, 'report');
    for (let index = 0; index < 420; index += 7) setRun(site, index, servers, 'none');
    assertPages(site);
  });
}

test('whoever pages on behind a run that has gone meanwhile misses and repeats nothing', LIMIT, async (t) => {
  const { site } = await siteOf(t);
  for (let index = 0; index < 40; index += 1) setRun(site, index, 1, 'report');
  site.followed.index.sort();
  const all = site.followed.index.runs.items.map(runNameOf);
  const first = findRuns(site, EVERY, undefined, 10);
  const gone = first.runs.at(-1);
  if (gone) site.followed.index.setReport(0, gone.fileName, undefined);
  const next = findRuns(site, EVERY, readCursor(first.nextCursor ?? ''), 10);
  assert.deepEqual(next.runs.map(runNameOf), all.slice(10, 20));
});

test('groups that were asked for before the runs were in order are in order afterwards', () => {
  const index = createRunIndex(classOf);
  for (const hour of [2, 3, 1]) {
    const startedAt = new Date(BEGIN + hour * HOUR);
    const run = runName({ database: 'a', startedAt, host: 'h' });
    index.setReport(0, `${run}.json`, reportFacts({ ...REPORT_EXAMPLE, database: 'a' }, run));
  }
  const starts = () =>
    index.groups.of('a', () => true)?.map((runs) => runs.map((run) => run.startedAt - BEGIN));
  assert.equal(starts()?.flat().length, 3);
  index.sort();
  assert.deepEqual(starts(), [[3 * HOUR, 2 * HOUR, HOUR]]);
});

test('a cursor of a time that is none is no cursor', () => {
  const cursor = { startedAt: 1e300, fileName: 'x.json', place: 0 };
  assert.equal(readCursor(writeCursor(cursor)), undefined);
  assert.deepEqual(readCursor(writeCursor({ ...cursor, startedAt: 1 })), { ...cursor, startedAt: 1 });
});

/** Compares with what looking at every run finds. */
function assertPages(site: Site): void {
  const all = [...site.followed.index.runs.items];
  for (const wishes of FILTERS) {
    const filter = { ...EVERY, ...wishes };
    const expected = all.filter((run) => fits(site, run, filter)).map(runNameOf);
    const found: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = findRuns(site, filter, readCursor(cursor ?? ''), 7);
      found.push(...page.runs.map(runNameOf));
      cursor = page.nextCursor;
    } while (cursor !== null);
    assert.deepEqual(found, expected, JSON.stringify(wishes));
  }
}

function fits(site: Site, run: IndexedRun, filter: RunsFilter): boolean {
  const { target, database, status, proof, from, to } = filter;
  if (target !== undefined && site.targetOf(run) !== target) return false;
  if (database !== undefined && run.database !== database) return false;
  if (status !== undefined && isGood(run) !== (status === 'SUCCESS')) return false;
  if (proof !== undefined && PROOFS.indexOf(run.record?.proof ?? 'none') < PROOFS.indexOf(proof))
    return false;
  return run.startedAt >= from && run.startedAt < to;
}

/** A target with a server of its own. */
function siteOf(t: TestContext) {
  return startSite(t, { settings: { PG_HOST: 'db0', PG_PORT: 5432 }, changes: { target: 'ours' } });
}

/** Four runs begin together, each of another database. */
function setRun(site: Site, index: number, servers: number, what: 'report' | 'record' | 'none'): void {
  const database = 'abcd'[index % 4] ?? '';
  const startedAt = new Date(BEGIN + Math.floor(index / 4) * HOUR);
  const run = runName({ database, startedAt, host: 'h' });
  const server = { database, host: `db${index % servers}`, port: '5432' };
  const status = index % 5 === 0 ? 'FAILED' : 'SUCCESS';
  const report = reportFacts(
    { ...REPORT_EXAMPLE, ...server, status, startedAt: startedAt.toISOString() },
    run,
  );
  const record = recordFacts({ ...server, status, proof: PROOFS[index % PROOFS.length] });
  const file = `${run}.json`;
  site.followed.index.setReport(0, file, what === 'none' ? undefined : report);
  site.followed.index.setRecord(0, file, what === 'record' ? record : undefined);
}
