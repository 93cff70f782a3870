import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { PgBackupError } from '../../src/errors.ts';
import type { ServerPrograms } from '../../src/postgres/server-programs.ts';
import { openSession, type Session } from '../../src/postgres/session.ts';
import {
  type EmbeddedServer,
  type EmbeddedServerOptions,
  startEmbeddedServer,
} from '../../src/restore/embedded-server.ts';
import { startChildScript } from '../harness/child-script.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { reachableDirectory, reachableServerPrograms } from '../harness/server-programs.ts';
import { serverUserId } from '../harness/server-user.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { processesThatMention } from '../integration/processes.ts';
import { freeBytesOf } from '../integration/small-disk.ts';
import { until } from '../integration/until.ts';
import { isAtWork, keeperOf, postmasterOf } from './server-processes.ts';

const HOLD_SERVER = new URL('./hold-server.ts', import.meta.url);

for (const major of [14, 15, 16, 17, 18]) {
  test(`a server ${major} starts for us alone, and nothing is left of it`, {
    skip: missing(`postgres-server-${major}`),
  }, async (t) => {
    const parent = reachableDirectory(t);
    const before = new Set(segmentsOf());
    const server = await start(t, parent, { programs: await reachableServerPrograms(major) });
    assert.equal(server.major, major);
    const session = connect(t, server);
    const [facts] = await session.query(`
      SELECT split_part(current_setting('server_version'), ' ', 1) AS version, rolsuper, rolname, inet_server_addr() AS address,
        current_setting('listen_addresses') AS addresses, current_setting('server_encoding') AS encoding,
        datcollate AS collation, current_setting('data_checksums') AS checksums
      FROM pg_roles, pg_database WHERE rolname = current_user AND datname = 'template0'`);
    assert.deepEqual(facts, {
      ...{ version: server.version, rolsuper: true, rolname: server.user, address: null, addresses: '' },
      ...{ encoding: 'UTF8', collation: 'C', checksums: 'off' },
    });
    const settings = await session.query(`SELECT name || '=' || setting AS setting FROM pg_settings
      WHERE name IN ('fsync', 'max_connections', 'maintenance_work_mem', 'dynamic_shared_memory_type')
      ORDER BY name`);
    assert.deepEqual(
      settings.map(({ setting }) => setting),
      [
        'dynamic_shared_memory_type=mmap',
        'fsync=off',
        `maintenance_work_mem=${256 * 1024}`,
        'max_connections=12',
      ],
    );
    await session.close();

    const postmaster = postmasterOf(parent);
    const status = readFileSync(`/proc/${postmaster}/status`, 'utf8');
    const userId = serverUserId ?? process.getuid?.();
    assert.match(status, new RegExp(`^Uid:(\\t${userId}){4}$`, 'm'));
    assert.match(status, /^CapEff:\t0+$/m);
    assert.deepEqual(tcpSocketsOf(postmaster), []);
    assert.equal(statSync(server.host).mode & 0o777, 0o700);
    assert.equal(statSync(server.host).uid, userId);
    const segments = segmentsOf(postmaster).filter((segment) => !before.has(segment));
    assert.equal(segments.length, 1);

    await server.stop();
    assertGone(parent);
    assert.ok(!segmentsOf().includes(segments[0] ?? ''));
    assert.equal(server.lost.aborted, false);
    await server.stop();
  });
}

/** The ids of the shared memory segments that a process made, or all; those of killed servers stay (proc(5), sysvipc). */
function segmentsOf(pid?: number): string[] {
  const [, ...lines] = readFileSync('/proc/sysvipc/shm', 'utf8').trimEnd().split('\n');
  const segments = lines.map((line) => line.trim().split(/\s+/));
  return segments.flatMap(([, id = '', , , creator]) =>
    pid === undefined || Number(creator) === pid ? [id] : [],
  );
}

describe('a throw-away server', { skip: missing('postgres-server-15'), concurrency: 3 }, () => {
  let programs: ServerPrograms;
  before(async () => {
    programs = await reachableServerPrograms(15);
  });

  test('has the encoding that it was asked for', async (t) => {
    const server = await start(t, reachableDirectory(t), { programs, encoding: 'EUC_CN' });
    const [row] = await connect(t, server).query(`SELECT current_setting('server_encoding') AS encoding`);
    assert.deepEqual(row, { encoding: 'EUC_CN' });
    await server.stop();
  });

  test('has its socket elsewhere where a path is too long for one, or has a comma', async (t) => {
    for (const name of ['long '.repeat(20), 'two,"hosts"']) {
      const parent = join(reachableDirectory(t), name);
      mkdirSync(parent, { mode: 0o755 });
      const server = await start(t, parent, { programs });
      assert.match(server.host, /^\/tmp\/pg-backup-socket-/);
      assert.equal(statSync(server.host).mode & 0o777, 0o700);
      await assertAnswers(t, server);
      await server.stop();
      assertGone(parent);
      assert.ok(!existsSync(server.host));
    }
  });

  test('has its socket beside its data where the path is odd, but short enough', async (t) => {
    const parent = join(reachableDirectory(t), `a "b" $c 'd'`);
    mkdirSync(parent, { mode: 0o755 });
    const server = await start(t, parent, { programs });
    assert.ok(server.host.startsWith(parent));
    await assertAnswers(t, server);
    await server.stop();
    assertGone(parent);
  });

  test('takes along what its sessions have started, though that may ignore SIGQUIT', async (t) => {
    const parent = reachableDirectory(t);
    const server = await start(t, parent, { programs });
    const session = connect(t, server);
    // What a shell starts with & ignores SIGQUIT.
    const work = session.execute(`COPY (SELECT 1) TO PROGRAM 'setsid sleep 1000 & wait'`);
    const ended = assert.rejects(work, { code: 'CONNECTION_LOST' });
    const sleeping = () => workingIn(parent).filter((line) => line === 'sleep 1000').length;
    await until(sleeping, 1);
    await server.stop();
    await ended;
    assertGone(parent);
  });

  test('ends though its files were removed by somebody else', async (t) => {
    const parent = reachableDirectory(t);
    const server = await start(t, parent, { programs });
    const postmaster = postmasterOf(parent);
    for (const name of readdirSync(parent)) rmSync(join(parent, name), { recursive: true, maxRetries: 3 });
    await server.stop();
    assert.ok(!isAtWork(postmaster));
    assertGone(parent);
  });

  test('ends where the way to its directory is a link', async (t) => {
    const link = join(reachableDirectory(t), 'link');
    const parent = reachableDirectory(t);
    symlinkSync(parent, link);
    const server = await start(t, link, { programs });
    await server.stop();
    assertGone(parent);
  });

  test('that dies by itself is lost, with the reason, and leaves nothing', async (t) => {
    const parent = reachableDirectory(t);
    const server = await start(t, parent, { programs });
    process.kill(postmasterOf(parent), 'SIGKILL');
    if (!server.lost.aborted) await once(server.lost, 'abort');
    assert.ok(server.lost.reason instanceof PgBackupError);
    assert.equal(server.lost.reason.code, 'SCRATCH_FAILED');
    assert.match(server.lost.reason.message, /: postgres: killed by SIGKILL: .*ready to accept connections$/);
    await server.stop();
    assertGone(parent);
  });

  test('one of whose sessions crashes is lost too, and says no statement', async (t) => {
    const parent = reachableDirectory(t);
    const server = await start(t, parent, { programs });
    const session = connect(t, server);
    const [row] = await session.query('SELECT pg_backend_pid() AS pid');
    const ended = assert.rejects(session.query(`SELECT pg_sleep(1000), 'hush'`), { code: 'CONNECTION_LOST' });
    await until(() => readFileSync(`/proc/${row?.['pid']}/cmdline`, 'utf8').includes('SELECT'), true);
    process.kill(Number(row?.['pid']), 'SIGKILL');
    await ended;
    if (!server.lost.aborted) await once(server.lost, 'abort');
    assert.match(String(server.lost.reason), /was terminated by signal 9/);
    assert.doesNotMatch(String(server.lost.reason), /hush/);
    await server.stop();
    assertGone(parent);
  });

  test('is ended and removed after a kill -9 of its holder', { timeout: 60_000 }, async (t) => {
    const parent = reachableDirectory(t);
    const holder = startChildScript(t, HOLD_SERVER, [programs.directory, parent, '0']);
    assert.equal(await holder.nextLine(), 'ready');
    const postmaster = postmasterOf(parent);
    holder.child.kill('SIGKILL');
    await until(() => remainsOf(parent), []);
    assert.doesNotMatch(readFileSync('/proc/sysvipc/shm', 'utf8'), new RegExp(`\\s${postmaster}\\s`));
  });

  test('is ended and removed after a kill -9 while it is being made', { timeout: 60_000 }, async (t) => {
    const parent = reachableDirectory(t);
    const holder = startChildScript(t, HOLD_SERVER, [programs.directory, parent, '0']);
    await until(
      () => readdirSync(parent).some((name) => existsSync(join(parent, name, 'server/data'))),
      true,
    );
    holder.child.kill('SIGKILL');
    await until(() => remainsOf(parent), []);
  });

  test('is ended and removed though its keeper was killed', async (t) => {
    const parent = reachableDirectory(t);
    const server = await start(t, parent, { programs });
    process.kill(keeperOf(parent), 'SIGKILL');
    await server.stop();
    assertGone(parent);
  });

  test('is kept by one that ignores what a terminal or a shutdown sends', async (t) => {
    const parent = reachableDirectory(t);
    const server = await start(t, parent, { programs });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGPIPE'] as const) {
      process.kill(keeperOf(parent), signal);
    }
    await assertAnswers(t, server);
    await server.stop();
    assertGone(parent);
  });

  test('that initdb cannot make is an error that says why', async (t) => {
    const parent = reachableDirectory(t);
    await assert.rejects(start(t, parent, { programs, encoding: 'KLINGON' }), {
      code: 'SCRATCH_FAILED',
      message: /: initdb: exit code 1: initdb: error: "KLINGON" is not a valid server encoding name$/,
    });
    assertGone(parent);
  });

  test('that does not start is an error that says why', async (t) => {
    const parent = reachableDirectory(t);
    const directory = wrapped(t, programs, 'postgres', 'exec "$REAL" "$@" -c shared_buffers=1000TB');
    await assert.rejects(start(t, parent, { programs: { ...programs, ...directory } }), {
      code: 'SCRATCH_FAILED',
      message: /: postgres: exit code 1: FATAL: .*shared_buffers/,
    });
    assertGone(parent);
  });

  for (const name of ['initdb', 'postgres'] as const) {
    test(`can be given up where ${name} takes its time`, async (t) => {
      const parent = reachableDirectory(t);
      const interruption = new AbortController();
      const hanging = wrapped(t, programs, name, 'exec sleep 1000');
      const starting = start(t, parent, {
        programs: { ...programs, ...hanging },
        signal: interruption.signal,
      });
      const rejected = assert.rejects(starting, { code: 'INTERRUPTED' });
      await until(() => workingIn(parent), ['sleep 1000']);
      interruption.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' }));
      await rejected;
      assertGone(parent);
    });
  }

  test('is not made where too little is free, or there is no directory', async (t) => {
    const parent = reachableDirectory(t);
    await assert.rejects(start(t, parent, { programs, minimumFreeBytes: Number.MAX_SAFE_INTEGER }), {
      code: 'DISK_FULL',
      message: new RegExp(`${parent}/pg-backup-drill-\\w{6} \\(.* free\\)`),
    });
    assertGone(parent);
    await assert.rejects(start(t, join(parent, 'nowhere'), { programs }), {
      code: 'SCRATCH_FAILED',
      message: /ENOENT.*nowhere/,
    });
  });

  test('is not made where its user cannot go', { skip: missing('root') }, async (t) => {
    const closed = temporaryDirectory(t);
    const parent = join(closed, 'open');
    mkdirSync(parent, { mode: 0o755 });
    await assert.rejects(start(t, parent, { programs }), {
      code: 'SCRATCH_FAILED',
      message: new RegExp(`: its user \\(uid 65534\\) cannot enter ${closed}$`),
    });
    assertGone(parent);
    const open = reachableDirectory(t);
    await assert.rejects(start(t, open, { programs: { ...programs, directory: parent } }), (error) => {
      assert.ok(error instanceof PgBackupError);
      assert.match(error.message, new RegExp(`cannot enter ${closed}$`));
      assert.match(JSON.stringify(error.parameters['remedy']), /DRILL_PG_BIN_DIR.*chmod o\+x/);
      return true;
    });
    assertGone(open);
  });
});

describe('a bounded disk', {
  skip: missing('postgres-server-15') || missing('root') || missing('tmpfs'),
  timeout: 60_000,
}, () => {
  test('that others fill up ends the server in time', async (t) => {
    const { holder, disk } = await holdOnDisk(t, { sizeMegabytes: 150, minimumFreeMegabytes: 50 });
    assert.equal(await holder.nextLine(), 'ready');
    writeFileSync(join(disk, 'filler'), Buffer.alloc(freeBytesOf(disk) - 40 * 1024 * 1024));
    assert.match(
      await holder.nextLine(),
      /^No space left .*\/pg-backup-drill-\w{6} \(\d+(\.\d+)? MB free\)\.$/,
    );
    await until(() => readdirSync(disk), ['filler']);
  });

  test('that is full all of a sudden is told as such', async (t) => {
    const { holder, disk } = await holdOnDisk(t, { sizeMegabytes: 120, minimumFreeMegabytes: 0 });
    assert.equal(await holder.nextLine(), 'ready');
    const [name = ''] = readdirSync(disk);
    const session = connect(t, { host: join(disk, name, 'server'), port: 5432, user: 'backup_drill' });
    await session.query('SELECT 1 AS one');
    fill(join(disk, 'filler'));
    const writeLog = `DO $$ BEGIN FOR i IN 1..10 LOOP
      PERFORM pg_logical_emit_message(true, '', ''); PERFORM pg_switch_wal(); END LOOP; END $$`;
    await assert.rejects(session.execute(writeLog), { code: 'CONNECTION_LOST' });
    assert.match(await holder.nextLine(), /^No space left on the device/);
    holder.child.stdin?.write('stop\n');
    assert.equal(await holder.nextLine(), 'stopped');
    assert.deepEqual(readdirSync(disk), ['filler']);
  });

  test('that is too small for a cluster is told as such', async (t) => {
    const { holder, disk } = await holdOnDisk(t, { sizeMegabytes: 20, minimumFreeMegabytes: 1 });
    assert.match(await holder.nextLine(), /^No space left on the device/);
    assert.deepEqual(readdirSync(disk), []);
  });
});

async function start(
  t: TestContext,
  parentDirectory: string,
  options: Partial<EmbeddedServerOptions> & { readonly programs: ServerPrograms },
): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer({
    ...{ parentDirectory, jobs: 2, minimumFreeBytes: 0, searchPath: process.env['PATH'] },
    signal: new AbortController().signal,
    ...options,
  });
  t.after(() => server.stop());
  return server;
}

function connect(t: TestContext, server: Pick<EmbeddedServer, 'host' | 'port' | 'user'>): Session {
  const lifetime = new AbortController();
  t.after(() => lifetime.abort());
  const directory = [...clientDirectories().values()].at(-1) ?? '';
  return openSession({
    psql: join(directory, 'psql'),
    target: { host: server.host, port: server.port, user: server.user, database: 'postgres' },
    environment: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
    applicationName: 'test',
    signal: lifetime.signal,
  });
}

async function assertAnswers(t: TestContext, server: EmbeddedServer): Promise<void> {
  const session = connect(t, server);
  assert.deepEqual(await session.query('SELECT 1 AS one'), [{ one: 1 }]);
  await session.close();
}

/** A server on a tmpfs of its own, which is `disk` for us as long as the holder lives. */
async function holdOnDisk(t: TestContext, sizes: { sizeMegabytes: number; minimumFreeMegabytes: number }) {
  const { directory } = await reachableServerPrograms(15);
  const place = reachableDirectory(t);
  const mount = `mount -t tmpfs -o mode=755,size=${sizes.sizeMegabytes}m tmpfs "$0" && exec "$@"`;
  const holder = startChildScript(
    t,
    HOLD_SERVER,
    [directory, place, String(sizes.minimumFreeMegabytes * 1024 * 1024)],
    ['unshare', '--mount', 'sh', '-c', mount, place],
  );
  return { holder, disk: join('/proc', String(holder.child.pid), 'root', place) };
}

/** The same programs, but one of them is a script, in which `$REAL` is the real one. */
function wrapped(
  t: TestContext,
  programs: ServerPrograms,
  name: 'initdb' | 'postgres',
  script: string,
): Partial<ServerPrograms> {
  const file = join(reachableDirectory(t), name);
  writeFileSync(file, `#!/bin/sh\nREAL='${programs[name]}'\n${script}\n`);
  chmodSync(file, 0o755);
  return { [name]: file };
}

/** The command lines of what works below the directory. */
function workingIn(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (!readlinkSync(`/proc/${pid}/cwd`).startsWith(directory)) return [];
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()];
      } catch {
        return [];
      }
    });
}

/** The TCP sockets that the process has open. */
function tcpSocketsOf(pid: number): string[] {
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  return ['tcp', 'tcp6'].flatMap((table) => {
    const lines = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n').slice(1);
    return lines.filter((line) => open.includes(`socket:[${line.trim().split(/\s+/)[9]}]`));
  });
}

function remainsOf(parent: string): string[] {
  return [...readdirSync(parent), ...processesThatMention(parent)];
}

function assertGone(parent: string): void {
  assert.deepEqual(remainsOf(parent), []);
}

function fill(path: string): void {
  const megabyte = Buffer.alloc(1024 * 1024);
  assert.throws(() => {
    for (;;) appendFileSync(path, megabyte);
  }, /ENOSPC/);
}
