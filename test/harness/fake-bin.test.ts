import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { wrapClient } from './fake-bin.ts';
import { clientDirectories, missing } from './parts.ts';

const skip = missing('postgres-client-15');
const binDirectory = clientDirectories().get(15) ?? '';

test('a replaced program runs the script, which reaches the real one', { skip }, (t) => {
  const bin = wrapClient(
    binDirectory,
    { pg_dump: 'echo "$1 instead"; "$REAL" --help | head -n 1; exit 9' },
    t,
  );
  const { stdout, status } = spawnSync(join(bin, 'pg_dump'), ['it is'], { encoding: 'utf8' });
  assert.match(stdout, /^it is instead\npg_dump dumps a database/);
  assert.equal(status, 9);
});

test('replaced and other programs give the real version', { skip }, (t) => {
  const bin = wrapClient(binDirectory, { pg_dump: 'exit 9' }, t);
  for (const program of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql', 'createdb']) {
    const version = execFileSync(join(bin, program), ['--version'], { encoding: 'utf8' });
    assert.match(version, new RegExp(`^${program} \\(PostgreSQL\\) 15\\.`));
  }
});

test('the directory is gone after the test', { skip }, async (t) => {
  let bin = '';
  await t.test('inner', (inner) => {
    bin = wrapClient(binDirectory, {}, inner);
    assert.ok(existsSync(bin));
  });
  assert.ok(!existsSync(bin));
});
