import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { removeAbandonedServers } from '../../src/restore/abandoned-servers.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { startChildScript } from '../harness/child-script.ts';
import { missing } from '../harness/parts.ts';
import { reachableDirectory, reachableServerPrograms } from '../harness/server-programs.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';
import { isAtWork, keeperOf, postmasterOf } from './server-processes.ts';

const HOLD_SERVER = new URL('./hold-server.ts', import.meta.url);
const AN_HOUR_MILLISECONDS = 60 * 60_000;
/** Older than a lock file has to be, and than a living drill lets its directory grow. */
const A_WHILE_MILLISECONDS = 20_000;

describe('what a drill left whose keeper was killed too', {
  skip: missing('postgres-server-15'),
  timeout: 60_000,
}, () => {
  for (const [what, milliseconds] of [
    ['after a short while, where locks can be trusted', A_WHILE_MILLISECONDS],
    ['after a longer one, wherever it is', AN_HOUR_MILLISECONDS],
  ] as const) {
    test(`goes ${what}`, async (t) => {
      const { parent, directory, holder } = await startDrill(t);
      const postmaster = postmasterOf(parent);
      const keeper = keeperOf(parent);
      // As when a container is killed: the keeper goes as well, here even without the server.
      process.kill(holder, 'SIGSTOP');
      process.kill(keeper, 'SIGKILL');
      await until(() => [isAtWork(keeper), isAtWork(holder)], [false, false]);
      assert.ok(isAtWork(postmaster));
      age(directory, milliseconds);
      const { look, logged } = lookBelow(parent);
      await look();
      assert.ok(!existsSync(directory));
      assert.ok(!isAtWork(postmaster));
      assert.deepEqual(logged, [{ id: 'SERVER_REMOVED', parameters: { directory } }]);
    });
  }

  test('goes at once after a kill -9 of both, however young it is', async (t) => {
    const { parent, directory, holder } = await startDrill(t);
    age(join(directory, 'lock'), A_WHILE_MILLISECONDS);
    const keeper = keeperOf(parent);
    process.kill(holder, 'SIGSTOP');
    process.kill(keeper, 'SIGKILL');
    process.kill(holder, 'SIGKILL');
    await until(() => isAtWork(keeper), false);
    const { look } = lookBelow(parent);
    await look();
    assert.deepEqual(readdirSync(parent), []);
  });

  test('stays as long as a drill holds it, or is at work without its keeper', async (t) => {
    const { parent, directory } = await startDrill(t);
    age(directory, AN_HOUR_MILLISECONDS);
    const { look, logged } = lookBelow(parent);
    await look();
    assert.ok(existsSync(directory));
    await until(() => Date.now() - statSync(directory).mtimeMs < AN_HOUR_MILLISECONDS / 2, true);
    process.kill(keeperOf(parent), 'SIGKILL');
    await look();
    assert.ok(existsSync(directory));
    assert.ok(isAtWork(postmasterOf(parent)));
    assert.deepEqual(logged, []);
  });

  test('stays where it is so young that its lock may still come', async (t) => {
    const parent = temporaryDirectory(t);
    const fresh = join(parent, 'pg-backup-drill-AbCdEf');
    mkdirSync(fresh, { mode: 0o700 });
    const { look } = lookBelow(parent);
    await look();
    assert.ok(existsSync(fresh));
    age(fresh, AN_HOUR_MILLISECONDS);
    await look();
    assert.ok(!existsSync(fresh));
  });

  test('is told apart from what others can have put there', async (t) => {
    const parent = reachableDirectory(t);
    for (const [name, mode] of [
      ['pg-backup-drill-shared', 0o777],
      ['pg-backup-drill-longer1', 0o700],
      ['other-AbCdEf', 0o700],
    ] as const) {
      mkdirSync(join(parent, name));
      chmodSync(join(parent, name), mode);
      age(join(parent, name), AN_HOUR_MILLISECONDS);
    }
    const names = readdirSync(parent);
    for (const directory of [parent, join(parent, 'nowhere')]) {
      const { look, logged } = lookBelow(directory);
      await look();
      assert.deepEqual(logged, []);
    }
    assert.deepEqual(readdirSync(parent), names);
  });
});

async function startDrill(t: TestContext) {
  const parent = reachableDirectory(t);
  const programs = await reachableServerPrograms(15);
  const holder = startChildScript(t, HOLD_SERVER, [programs.directory, parent, '0']);
  assert.equal(await holder.nextLine(), 'ready');
  const [name = ''] = readdirSync(parent);
  return { parent, directory: join(parent, name), holder: holder.child.pid };
}

function lookBelow(directory: string) {
  const { context, logged } = recordingContext(directory);
  const settings = { ...context.settings, DRILL_DIRECTORY: directory };
  return { look: () => removeAbandonedServers({ ...context, settings }), logged };
}

/** Its lock file, too. */
function age(path: string, milliseconds: number): void {
  const longAgo = new Date(Date.now() - milliseconds);
  const lock = join(path, 'lock');
  if (existsSync(lock)) utimesSync(lock, longAgo, longAgo);
  utimesSync(path, longAgo, longAgo);
}
