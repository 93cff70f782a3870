import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, type TestContext, test } from 'node:test';
import { artifactsOf } from '../backup/past-run.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing, projectDirectory } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { reachableDirectory, reachableServerPrograms } from '../harness/server-programs.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import {
  addBackups,
  assertEqual,
  assertNotEqual,
  type Backups,
  type DrillInstallation,
  installDrills,
  makeBackups,
  replaceArtifact,
} from './drill-installation.ts';
import { type Env, lifetime } from './installation.ts';
import { processesThatMention } from './processes.ts';
import { freeBytesOf, smallDisk } from './small-disk.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const client15 = clientDirectories().get(15) ?? '';
const MEGABYTE = 1024 * 1024;
const directory = temporaryDirectory();
const HOLD = `touch 'PLACE/held'; until [ -e 'PLACE/go' ]; do sleep 0.05; done; exec "$REAL" "$@"`;

describe('a drill that cannot go on', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let shop: Backups;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('shop');
    await server.psql(
      `CREATE ROLE keeper LOGIN PASSWORD 'something'; CREATE TABLE item AS SELECT i AS id FROM generate_series(1, 999) AS i;
       ALTER TABLE item OWNER TO keeper; CREATE EXTENSION adminpack; CREATE EXTENSION hstore`,
      { database: 'shop' },
    );
    shop = await makeBackups(directory, server, 'shop', {}, {});
  });
  after(() => server.stop());

  async function start(t: TestContext, changes: Env = {}): Promise<DrillInstallation> {
    const here = await installDrills(t, server, 'shop', changes);
    addBackups(here, shop);
    return here;
  }

  /** A drill whose server runs and whose pg_restore waits. */
  async function startHeld(t: TestContext, args: string[] = ['drill']) {
    const here = await start(t);
    const script = HOLD.replaceAll('PLACE', here.directory);
    const running = here.start(args, { PG_BIN_DIR: wrapClient(client15, { pg_restore: script }, t) });
    await until(() => existsSync(join(here.directory, 'held')), true);
    return { here, running, goOn: () => writeFileSync(join(here.directory, 'go'), '') };
  }

  test('because it was killed leaves no server and no files, and hinders no other', async (t) => {
    const { here, running } = await startHeld(t);
    running.kill('SIGKILL');
    await running.finished;
    await until(() => [...readdirSync(here.place), ...processesThatMention(here.place)], []);
    await until(() => here.remains().filter((name) => name.startsWith('process')), []);
    assert.deepEqual(here.drills(), []);
    assertEqual(here, await here.run(['drill']));
  });

  for (const [signal, exitCode] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    test(`because of ${signal} clears everything away, and records that`, async (t) => {
      const { here, running } = await startHeld(t, ['drill', '--all-since', '2020-01-01']);
      running.kill(signal);
      const result = await running.finished;
      const { error, phases } = assertNotEqual(here, result, { exitCode, outcome: 'failed' });
      assert.deepEqual([error?.code, error?.exitCode, error?.phase], ['INTERRUPTED', exitCode, 'restore']);
      assert.deepEqual(phases.at(-1)?.name, 'clear');
      // The second backup is not begun.
      assert.equal(here.drills().length, 1);
    });
  }

  test('because its server died says so, and leaves nothing', async (t) => {
    const { here, running, goOn } = await startHeld(t);
    const [name = ''] = readdirSync(here.place);
    const pidFile = join(here.place, name, 'server/data/postmaster.pid');
    process.kill(Number.parseInt(readFileSync(pidFile, 'utf8'), 10), 'SIGKILL');
    goOn();
    const result = await running.finished;
    const { error } = assertNotEqual(here, result, { exitCode: 20, outcome: 'failed' });
    assert.deepEqual([error?.code, error?.phase], ['SCRATCH_FAILED', 'restore']);
    assert.match(error?.message ?? '', /postgres: killed by SIGKILL/);
  });

  test('because one of its sessions crashed says so, and leaves nothing', async (t) => {
    const place = reachableDirectory(t);
    // Kills sessions in the middle of the work of pg_restore, those of this drill alone: a server works in its data directory.
    const script = `"$REAL" "$@" & for i in $(seq 200); do
      for pid in $(pgrep -f 'postgres: backup_drill pgbackup_drill_[0-9a-f]* \\[local\\]'); do
        [[ $(readlink /proc/$pid/cwd) == ${place}/* ]] && kill -SEGV "$pid"; done; sleep 0.02; done; wait`;
    const client = wrapClient(client15, { pg_restore: script }, t);
    const here = await start(t, { DRILL_DIRECTORY: place, PG_BIN_DIR: client });
    const result = await here.run(['drill']);
    const { error } = assertNotEqual(here, result, { exitCode: 20, outcome: 'failed' });
    assert.equal(error?.code, 'SCRATCH_FAILED');
  });

  test('because pg_restore dies says so, and leaves nothing', async (t) => {
    const here = await start(t, { PG_BIN_DIR: wrapClient(client15, { pg_restore: 'kill -KILL $$' }, t) });
    const result = await here.run(['drill']);
    const { error, recoverySeconds } = assertNotEqual(here, result, { exitCode: 17, outcome: 'failed' });
    assert.deepEqual([error?.code, error?.phase, recoverySeconds], ['RESTORE_FAILED', 'restore', undefined]);
  });

  test('because there is no server program says which package has one', async (t) => {
    const here = await start(t, { DRILL_PG_BIN_DIR: '/usr/bin' });
    const result = await here.run(['drill']);
    const { error } = assertNotEqual(here, result, { exitCode: 3, outcome: 'failed' });
    assert.equal(error?.code, 'COMMAND_MISSING');
    assert.match(result.stderr, /apt-get install postgresql/);
  });

  test('because an extension is missing names it before anything is restored', {
    skip: missing('postgres-server-18'),
  }, async (t) => {
    const { directory: newer } = await reachableServerPrograms(18);
    const here = await start(t, { DRILL_PG_BIN_DIR: newer });
    const { error, phases } = assertNotEqual(here, await here.run(['drill']), {
      exitCode: 2,
      outcome: 'failed',
    });
    assert.equal(error?.code, 'DRILL_REFUSED');
    assert.match(error?.message ?? '', /lacks extensions that the backup needs: adminpack$/);
    assert.ok(!phases.some(({ name }) => name === 'restore'));
  });

  test('because the roles cannot be created says so, and tells no verifier', async (t) => {
    const here = await start(t);
    const [, run = ''] = shop.runs;
    const [, , globals] = artifactsOf(run);
    const good = readFileSync(join(here.data, globals), 'utf8');
    const [verifier = ''] = /SCRAM-SHA-256\$[^']+/.exec(good) ?? [];
    assert.ok(verifier.length > 50);
    const more = `ALTER ROLE keeper SET work_mem TO 'nonsense';`;
    replaceArtifact(here.base, run, globals, good.replace(/\nALTER ROLE keeper .*\n/, `$&${more}\n`));
    const { error } = assertNotEqual(here, await here.run(['drill']), { exitCode: 17, outcome: 'failed' });
    assert.deepEqual([error?.code, error?.phase], ['RESTORE_FAILED', 'prepare']);
    assert.match(error?.message ?? '', /"globals" failed: invalid value for parameter "work_mem"/);

    replaceArtifact(here.base, run, globals, good.slice(0, -200));
    const cut = assertNotEqual(here, await here.run(['drill']), { exitCode: 14, outcome: 'failed' });
    assert.deepEqual([cut.error?.code, cut.error?.phase, cut.server], ['ARCHIVE_UNKNOWN', 'read', undefined]);
    const everything = JSON.stringify(here.drills()) + here.log();
    assert.ok(!everything.includes(verifier) && !everything.includes('SCRAM-SHA-256'));
  });

  test('does not disturb another one at the same time', async (t) => {
    const here = await start(t);
    const results = await Promise.all(shop.runs.map((run) => here.run(['drill', run])));
    for (const result of results) assertEqual(here, result);
    assert.deepEqual(
      here
        .drills()
        .map(({ run }) => run)
        .sort(),
      shop.runs,
    );
  });

  describe('because of its disk', { skip: missing('root', 'tmpfs') }, () => {
    test('is refused where that is too small', async (t) => {
      const disk = await smallDisk(t, 200 * MEGABYTE);
      const here = await start(t, { DRILL_DIRECTORY: disk });
      const { error, phases } = assertNotEqual(here, await here.run(['drill']), {
        exitCode: 2,
        outcome: 'failed',
      });
      assert.equal(error?.code, 'DRILL_REFUSED');
      assert.match(error?.message ?? '', /has 2\d\d MB free, and restoring needs about 2\d\d MB$/);
      assert.deepEqual(
        phases.map(({ name }) => name),
        ['clear'],
      );
    });

    test('ends before that is full', async (t) => {
      const here = await start(t);
      const script = HOLD.replaceAll('PLACE', here.directory);
      const PG_BIN_DIR = wrapClient(client15, { pg_restore: script }, t);
      const mount = `mount -t tmpfs -o mode=755,size=${450 * MEGABYTE} tmpfs "$0" && exec "$@"`;
      const program = [process.execPath, join(projectDirectory, 'bin/pg-backup.js'), 'drill'];
      const child = spawn('unshare', ['--mount', 'sh', '-c', mount, here.place, ...program], {
        ...{
          cwd: here.directory,
          env: { ...here.env, PG_BIN_DIR },
          signal: lifetime(t),
          killSignal: 'SIGKILL',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.on('error', () => {});
      const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      await until(() => existsSync(join(here.directory, 'held')), true);
      const disk = join('/proc', String(child.pid), 'root', here.place);
      writeFileSync(join(disk, 'filler'), Buffer.alloc(freeBytesOf(disk) - 200 * MEGABYTE));
      const [stdout, stderr, [exitCode]] = await output;
      const result = { stdout, stderr, exitCode: Number(exitCode), signal: null };
      const { error } = assertNotEqual(here, result, { exitCode: 10, outcome: 'failed' });
      assert.deepEqual([error?.code, error?.phase], ['DISK_FULL', 'restore']);
    });
  });
});
