import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { documented } from './documented.ts';
import { blocksOf, FENCES } from './pages.ts';

const PAGES = ['databases', 'anomalies', 'schedule', 'notifications', 'doctor', 'hooks', 'standby'];
const skip = missing('postgres-server-15') || missing('postgres-client-15');

for (const page of PAGES) {
  test(`both languages of the page on ${page} give the same commands`, () => {
    for (const fence of FENCES) {
      assert.deepEqual(blocksOf(`docs/${page}.zh-CN.md`, fence), blocksOf(`docs/${page}.md`, fence), fence);
    }
  });
}

test('the settings and commands of the page on many databases', { skip }, async (t) => {
  const here = await documented(t);
  for (const name of ['shop', 'old shop', 'test_a']) await here.server.createDatabase(name);
  const [listed = '', every = '', ...others] = blocksOf('docs/databases.md', 'ini').map(quotedSettings);
  assert.deepEqual(others, []);
  const [commands = ''] = blocksOf('docs/databases.md', 'sh');
  const changes = { PG_DATABASE: '' };
  const { exitCode, stdout, stderr } = await here.shell(commands, { changes: { ...changes, ...listed } });
  assert.equal(exitCode, 0, stdout + stderr);
  assert.equal(stderr.match(/RUN_SUCCEEDED/g)?.length, 4, 'three databases, and one of them again');
  assert.match(stdout, /^old shop:$/m);
  assert.match(stdout, /Drill of shop_/);

  const all = await here.shell('pg-backup backup', { changes: { ...changes, ...every } });
  assert.equal(all.exitCode, 0, all.stderr);
  const found = all.stderr.match(/"databases":"([^"]*)"/)?.[1]?.split(', ');
  assert.deepEqual(found, ['community', 'old shop', 'shop']);
});

test('the command of the page on backups that look wrong', { skip }, async (t) => {
  const here = await documented(t);
  const backUp = 'pg-backup backup';
  for (let earlier = 0; earlier < 2; earlier += 1) assert.equal((await here.shell(backUp)).exitCode, 0);
  await here.server.psql('DELETE FROM shop.orders', { database: 'community' });
  assert.match((await here.shell(backUp)).stderr, /RUN_UNLIKE/);
  const [accept = ''] = blocksOf('docs/anomalies.md', 'sh');
  const accepted = await here.shell(accept);
  assert.equal(accepted.exitCode, 0, accepted.stderr);
  assert.doesNotMatch((await here.shell(backUp)).stderr, /RUN_UNLIKE/);
});

/** Whoever writes the env file quotes them again. */
function quotedSettings(block: string): Record<string, string> {
  return Object.fromEntries(
    block
      .trim()
      .split('\n')
      .map((line) => {
        const [name = '', ...value] = line.split('=');
        return [name, value.join('=').replaceAll("'", '')];
      }),
  );
}
