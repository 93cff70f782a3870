import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DrillRecord } from '../../src/report/drill-record.ts';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { type Documented, documented, filledIn, type Outcome } from './documented.ts';
import { blocksOf, FENCES, namesInTable } from './pages.ts';

const PAGE = 'docs/drill.md';
const skip = missing('postgres-server-15') || missing('postgres-client-15');

test('both languages of the drill page give the same commands', () => {
  for (const fence of FENCES) {
    assert.deepEqual(blocksOf('docs/drill.zh-CN.md', fence), blocksOf(PAGE, fence), fence);
  }
});

test('the commands of the drill page', { skip }, async (t) => {
  const here = await documented(t);
  const [commands = '', ...others] = blocksOf(PAGE, 'sh');
  assert.deepEqual(others, [], 'each block of commands has its step');

  await t.test('drill the backups that are meant, in a server of their own', async () => {
    const { exitCode, stdout, stderr } = await here.shell(fill(commands, here), {
      changes: { BACKUP_ENCRYPTION_IDENTITY_FILE: here.identityFile },
    });
    assert.equal(exitCode, 0, stdout + stderr);
    const { run, encryptedRun } = here;
    const drilled = drillsOf(here).map((record) => record.run);
    assert.deepEqual(drilled.sort(), [run, run, run, encryptedRun].sort());
    assert.equal(stdout.match(/result +restored, and equal/g)?.length, 4);
  });

  await t.test('leave records whose keys the page explains', () => {
    const keys = new Set(drillsOf(here).flatMap((record) => Object.keys(record)));
    for (const [page, heading] of [
      [PAGE, 'The drill record'],
      ['docs/drill.zh-CN.md', '演练记录'],
    ] as const) {
      const named = namesInTable(page, heading);
      for (const key of keys) assert.ok(named.includes(key), `${page}: ${key}`);
      assert.deepEqual(
        named.filter((name) => !keys.has(name) && name !== 'error'),
        [],
        page,
      );
    }
  });

  await t.test('work on a server of your own, with the user of the page', async (t) => {
    const other = await startPostgres();
    t.after(() => other.stop());
    const [create = '', promote = ''] = blocksOf(PAGE, 'sql');
    const [settings = ''] = blocksOf(PAGE, 'ini');
    const changes = filledIn(settings, {
      ...{ DRILL_PG_HOST: other.host, DRILL_PG_PORT: String(other.port), DRILL_PG_PASSWORD: 'a secret' },
    });
    await other.psql(create.replace('<password>', 'a secret'));
    const drill = (): Promise<Outcome> => here.shell(`pg-backup drill ${here.run}`, { changes });
    assert.equal((await drill()).exitCode, 18);
    assert.deepEqual(
      drillsOf(here)
        .at(-1)
        ?.omissions.map(({ kind }) => kind),
      ['owners', 'grants'],
    );
    await other.psql(promote);
    const psql = `psql -h ${other.host} -p ${other.port} -U ${other.user} -f ${here.run}_globals.sql postgres`;
    await here.shell(psql, { password: other.password });
    const { exitCode, stdout } = await drill();
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /result +restored, and equal/);
    // As the page says, also this password is the source's now.
    const { password } = here.server;
    const left = await other.psql(`SELECT count(*) FROM pg_database WHERE datname ~ 'drill'`, { password });
    assert.equal(left, '0');
  });
});

function drillsOf({ base }: Documented): DrillRecord[] {
  const directory = join(base, 'drills');
  return readdirSync(directory)
    .map((name): DrillRecord => JSON.parse(readFileSync(join(directory, name), 'utf8')))
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}

/** Days become yesterday, so that the backups were made since then. */
function fill(block: string, { run }: Documented): string {
  const yesterday = new Date(Date.now() - 24 * 60 * 60_000).toISOString().slice(0, 10);
  return block.replaceAll('<run>', run).replaceAll('2026-11-01', yesterday);
}
