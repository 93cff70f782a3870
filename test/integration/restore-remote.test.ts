import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { ageKey, gpgKey, stopAgent } from '../encryption/keys.ts';
import { missing, rclonePath } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { startRcloneServer } from '../harness/rclone-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type BackedUp, backUp, databasesOf, nextTransaction } from './backed-up.ts';
import { type Env, type Installation, install } from './installation.ts';
import { BUCKET, type OssBucket, startOssBucket } from './oss-bucket.ts';
import { type CliResult, runInProcess } from './run-in-process.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15', 'postgres-client-15', 'ossutil', 'age', 'gpg');
const SDK: Env = { BACKUP_UPLOAD_TOOL: 'sdk' };
const MIB = 1024 ** 2;
const COUNT = "SELECT count(*), md5(string_agg(id::text, ',' ORDER BY id)) FROM item";

describe('a restore from the store', { skip }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  let facts: string;
  const made: BackedUp[] = [];
  before(async () => {
    // Nothing but what is tested writes to it.
    server = await startPostgres({ settings: { autovacuum: 'off' } });
    bucket = await startOssBucket();
    await server.createDatabase('shop');
    await server.psql('CREATE TABLE item AS SELECT generate_series(1, 1000) AS id', { database: 'shop' });
    facts = await server.psql(COUNT, { database: 'shop' });
    // Three ranges of a download.
    await server.createDatabase('large');
    await server.psql(
      `CREATE TABLE item AS SELECT i AS id, repeat(md5(i::text), 320) AS text FROM generate_series(1, 7000) AS i`,
      { database: 'large' },
    );
  });
  after(async () => {
    for (const { remove } of made) remove();
    await bucket.close();
    await server.stop();
  });

  for (const tool of ['sdk', 'ossutil']) {
    test(`with ${tool}, on a machine that knows nothing of the backup`, async (t) => {
      const prefix = `fresh-${tool}`;
      const env = { ...bucket.settings(prefix, 'oss'), BACKUP_UPLOAD_TOOL: tool };
      const { run, dump } = keep(await backUp(server, 'shop', env));
      assert.ok(!existsSync(dump));
      const here = install(t, server, 'shop', env);
      const { exitCode, stdout, stderr } = await here.run(['restore', '--latest', '--to', prefix]);
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, new RegExp(`^ {2}backup +${run}, `, 'm'));
      assert.match(stdout, /^ {2}proof +unknown: no record here tells of this backup; fingerprint: counts$/m);
      assert.match(stdout, /^ {2}dump +[\d.]+ kB, to be fetched from the store$/m);
      assert.match(stderr, /fetch: done.*checksum: done.*restore: done/s);
      assert.equal(await server.psql(COUNT, { database: prefix }), facts);
      assert.deepEqual([readdirSync(join(here.base, 'downloads')), here.leftovers()], [[], []]);
    });
  }

  test('with rclone', { skip: missing('rclone') }, async (t) => {
    const s3 = await startRcloneServer(temporaryDirectory(t), ['backups']);
    t.after(() => s3.stop());
    const env: Env = {
      BACKUP_MODE: 'oss',
      BACKUP_UPLOAD_TOOL: 'rclone',
      RCLONE_PATH: 'backups/some/where',
      PATH: [dirname(rclonePath() ?? ''), process.env['PATH']].join(delimiter),
      RCLONE_CONFIG: '/dev/null',
      RCLONE_CONFIG_OSS_TYPE: 's3',
      RCLONE_CONFIG_OSS_PROVIDER: 'Other',
      RCLONE_CONFIG_OSS_ENDPOINT: `http://127.0.0.1:${s3.port}`,
      RCLONE_CONFIG_OSS_ACCESS_KEY_ID: s3.accessKeyId,
      RCLONE_CONFIG_OSS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    };
    keep(await backUp(server, 'shop', env));
    const here = install(t, server, 'shop', env);
    const { exitCode, stderr } = await here.run(['restore', '--latest', '--to', 'by rclone']);
    assert.equal(exitCode, 0, stderr);
    assert.equal(await server.psql(COUNT, { database: 'by rclone' }), facts);
  });

  test('encrypted with age, where the identity is', async (t) => {
    const [key, other] = [await ageKey(t), await ageKey(t)];
    const env = { ...bucket.settings('age', 'oss'), ...SDK };
    const encrypted = { BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_RECIPIENTS: key.recipient };
    keep(await backUp(server, 'shop', { ...env, ...encrypted }));
    const args = ['restore', '--latest', '--to', 'by age', '--globals'];
    const before = await nextTransaction(server);
    const without = await ask(t, args, env);
    assert.equal(without.exitCode, 2, without.stderr);
    assert.match(
      without.stderr,
      /is encrypted, and no key is here that opens it\. Set BACKUP_ENCRYPTION_IDENTITY_FILE/,
    );
    const wrong = await ask(t, args, { ...env, BACKUP_ENCRYPTION_IDENTITY_FILE: other.identityFile });
    assert.equal(wrong.exitCode, 16, wrong.stderr);
    assert.equal(await nextTransaction(server), before);
    const { exitCode, stdout, stderr } = await ask(t, args, {
      ...env,
      BACKUP_ENCRYPTION_IDENTITY_FILE: key.identityFile,
    });
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^ {2}dump +[\d.]+ kB, to be fetched from the store, age$/m);
    assert.equal(await server.psql(COUNT, { database: 'by age' }), facts);
    const list = await ask(t, ['restore', '--latest', '--list'], {
      ...env,
      BACKUP_ENCRYPTION_IDENTITY_FILE: key.identityFile,
    });
    assert.match(list.stdout, /^\d+; \d+ \d+ TABLE DATA public item postgres$/m);
    // In one transaction as well.
    await server.createDatabase('by age in place');
    const there = ['restore', '--latest', '--to', 'by age in place'];
    const inPlace = await ask(t, there, { ...env, BACKUP_ENCRYPTION_IDENTITY_FILE: key.identityFile });
    assert.equal(inPlace.exitCode, 0, inPlace.stderr);
    assert.equal(await server.psql(COUNT, { database: 'by age in place' }), facts);
  });

  test('encrypted with gpg, where the key is', async (t) => {
    const key = gpgKey({}, t);
    t.after(() => stopAgent(key));
    const env = { ...bucket.settings('gpg', 'oss'), ...SDK };
    const encrypted = { BACKUP_ENCRYPTION: 'gpg', BACKUP_ENCRYPTION_RECIPIENTS: key.publicFile };
    keep(await backUp(server, 'shop', { ...env, ...encrypted }));
    const { exitCode, stderr } = await ask(t, ['restore', '--latest', '--to', 'by gpg'], {
      ...env,
      BACKUP_ENCRYPTION_IDENTITY_FILE: key.secretFile,
    });
    assert.equal(exitCode, 0, stderr);
    assert.equal(await server.psql(COUNT, { database: 'by gpg' }), facts);
  });

  test('goes on from the byte where its connection was cut, in the same restore', async (t) => {
    const env = { ...bucket.settings('cut', 'oss'), ...SDK };
    const { dump } = keep(await backUp(server, 'shop', env));
    const key = keyOf('cut', dump);
    const size = bucket.objects('cut').get(nameOf(dump))?.content.length ?? 0;
    // The head is asked for first, for the plan.
    bucket.server.fail({ fault: { kind: 'truncate', keepBytes: size }, operation: 'GetObject', key });
    bucket.server.fail({ fault: { kind: 'truncate', keepBytes: 1000 }, operation: 'GetObject', key });
    const { exitCode, stderr } = await ask(t, ['restore', '--latest', '--to', 'cut'], env);
    assert.equal(exitCode, 0, stderr);
    assert.equal(await server.psql(COUNT, { database: 'cut' }), facts);
    const asked = rangesOf(key).slice(1);
    assert.deepEqual(asked, [
      [0, size - 1],
      [1000, size - 1],
    ]);
  });

  test('killed in the middle of the download, is resumed by the next one, which leaves out what has arrived', async (t) => {
    const env = { ...bucket.settings('killed', 'oss'), ...SDK, BACKUP_COMPRESS: '0' };
    const { dump } = keep(await backUp(server, 'large', env));
    const key = keyOf('killed', dump);
    const here = install(t, server, 'large', env);
    const { promise, resolve } = Promise.withResolvers<void>();
    t.after(() => resolve());
    // The head for the plan, two ranges; the third stalls.
    const size = bucket.objects('killed').get(nameOf(dump))?.content.length ?? 0;
    assert.ok(size > 64 * MIB && size < 96 * MIB, `${size}`);
    bucket.server.fail({
      fault: { kind: 'truncate', keepBytes: size },
      operation: 'GetObject',
      key,
      times: 3,
    });
    bucket.server.fail({
      fault: { kind: 'stall', afterBytes: MIB, until: promise },
      operation: 'GetObject',
      key,
    });
    const running = here.start(['restore', '--latest', '--to', 'killed']);
    const state = join(here.base, 'downloads', `${nameOf(dump)}.ranges.json`);
    const present = () => (existsSync(state) ? JSON.parse(readFileSync(state, 'utf8')).present : []);
    await until(present, [{ start: 0, end: 64 * MIB }]);
    running.kill('SIGKILL');
    assert.equal((await running.finished).signal, 'SIGKILL');
    bucket.server.heal();
    const asked = rangesOf(key).length;
    assert.deepEqual(await databasesOf(server).then((all) => all.filter((name) => /killed/.test(name))), []);

    const { exitCode, stderr } = await here.run(['restore', '--latest', '--to', 'killed']);
    assert.equal(exitCode, 0, stderr);
    // Behind the head for its plan, only what was missing.
    assert.deepEqual(rangesOf(key).slice(asked + 1), [[64 * MIB, size - 1]]);
    assert.equal(await server.psql('SELECT count(*) FROM item', { database: 'killed' }), '7000');
    assert.deepEqual([readdirSync(join(here.base, 'downloads')), here.leftovers()], [[], []]);
  });

  test('keeps what it has fetched where it cannot restore it, and the next one does not fetch it again', async (t) => {
    const env = { ...bucket.settings('kept', 'oss'), ...SDK };
    const { dump } = keep(await backUp(server, 'shop', env));
    const here = install(t, server, 'shop', env);
    const downloads = join(here.base, 'downloads');
    mkdirSync(downloads, { recursive: true });
    // What somebody gave up long ago goes, what is fresh stays.
    for (const [name, days] of [
      ['old.dump.partial', 4],
      ['old.dump.ranges.json', 9],
      ['fresh.dump', 2],
      ['old.dump.lock', 5],
    ] as const) {
      writeFileSync(join(downloads, name), '');
      const time = Date.now() / 1000 - days * 24 * 3600;
      utimesSync(join(downloads, name), time, time);
    }
    await server.psql(`CREATE DATABASE kept; ALTER DATABASE kept SET default_transaction_read_only = on`);
    const args = ['restore', '--latest', '--to', 'kept'];
    const failed = await runInProcess(args, here.env);
    assert.equal(failed.exitCode, 17, failed.stderr);
    assert.match(
      failed.stderr,
      new RegExp(`stays for the next attempt, for three days: ${join(downloads, nameOf(dump))}\n`),
    );
    assert.deepEqual(readdirSync(downloads).sort(), ['fresh.dump', nameOf(dump)].sort());
    const asked = rangesOf(keyOf('kept', dump)).length;
    await server.psql('DROP DATABASE kept');
    const { exitCode, stderr } = await runInProcess(args, here.env);
    assert.equal(exitCode, 0, stderr);
    assert.equal(rangesOf(keyOf('kept', dump)).length, asked + 1, 'only its head, for the plan');
    assert.deepEqual(readdirSync(downloads), ['fresh.dump']);
  });

  test('is refused while another process fetches the same backup', async (t) => {
    const env = { ...bucket.settings('both', 'oss'), ...SDK };
    const { dump } = keep(await backUp(server, 'shop', env));
    const here = install(t, server, 'shop', env);
    const { promise, resolve } = Promise.withResolvers<void>();
    const key = keyOf('both', dump);
    bucket.server.fail({ fault: { kind: 'truncate', keepBytes: 10 ** 9 }, operation: 'GetObject', key });
    bucket.server.fail({
      fault: { kind: 'stall', afterBytes: 10, until: promise },
      operation: 'GetObject',
      key,
    });
    const first = runInProcess(['restore', '--latest', '--to', 'both'], here.env);
    await bucket.server.waitForRequest(
      (request) =>
        request.key === key &&
        request.headers['range']?.startsWith('bytes=0-') === true &&
        rangesOf(key).length === 2,
    );
    const second = await runInProcess(['restore', '--latest', '--to', 'two'], here.env);
    assert.equal(second.exitCode, 2, second.stderr);
    assert.match(second.stderr, /another process is fetching this backup/);
    resolve();
    assert.equal((await first).exitCode, 0);
    assert.ok(!(await databasesOf(server)).includes('two'));
  });

  test('of a store that fails ends with 15 and keeps what has arrived', async (t) => {
    const env = { ...bucket.settings('fails', 'oss'), ...SDK };
    const { dump } = keep(await backUp(server, 'shop', env));
    const key = keyOf('fails', dump);
    bucket.server.fail({ fault: { kind: 'truncate', keepBytes: 10 ** 9 }, operation: 'GetObject', key });
    bucket.server.fail({ fault: { kind: 'truncate', keepBytes: 1000 }, operation: 'GetObject', key });
    bucket.server.fail({ fault: { kind: 'error', code: 'AccessDenied' }, operation: 'GetObject', key });
    const here = install(t, server, 'shop', env);
    const before = await nextTransaction(server);
    const { exitCode, stderr } = await runInProcess(['restore', '--latest', '--to', 'fails'], here.env);
    assert.equal(exitCode, 15, stderr);
    assert.match(stderr, /The download of .* broke off: .*AccessDenied.*What has arrived is kept/s);
    assert.equal(await nextTransaction(server), before);
    assert.deepEqual(readdirSync(join(here.base, 'downloads')).sort(), [
      `${nameOf(dump)}.partial`,
      `${nameOf(dump)}.ranges.json`,
    ]);
  });

  describe('is refused before a single statement has run', () => {
    let base: BackedUp;
    let second: BackedUp;
    before(async () => {
      base = keep(await backUp(server, 'shop', { ...bucket.settings('altered'), ...SDK }));
      // Of the same second, a dump of the same rows would be the same file.
      await server.psql('CREATE TABLE more ()', { database: 'shop' });
      second = keep(
        await backUp(server, 'shop', { ...bucket.settings('altered'), ...SDK, BACKUP_BASE_DIR: base.base }),
      );
    });

    const changes: readonly [string, (here: Installation) => void | Promise<void>, RegExp?][] = [
      [
        'one bit of the local dump is another one',
        ({ data }) => change(join(data, nameOf(base.dump)), flipBit),
      ],
      [
        'the local dump is cut short',
        ({ data }) => change(join(data, nameOf(base.dump)), (bytes) => bytes.subarray(0, -100)),
      ],
      [
        'the local dumps of two runs are swapped',
        ({ data }) => swap(join(data, nameOf(base.dump)), join(data, nameOf(second.dump))),
      ],
      [
        'the dump in the store is another one',
        ({ data }) => {
          rmSync(join(data, nameOf(base.dump)));
          change(bucket.server.objectPath(BUCKET, keyOf('altered', base.dump)), flipBit);
        },
      ],
      [
        'on a fresh machine dump and checksum are those of another run',
        async ({ base: directory }) => {
          for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true });
          const objects = bucket.objects('altered');
          for (const end of ['', '.sha256']) {
            const { content } = objects.get(`${nameOf(second.dump)}${end}`) ?? {};
            assert.ok(content);
            await bucket.put(`${keyOf('altered', base.dump)}${end}`, content);
          }
        },
        /its \.sha256 file speaks of another one/,
      ],
    ];
    for (const [what, alter, detail = /its sha256 is another one/] of changes) {
      test(`where ${what}`, async (t) => {
        const here = install(t, server, 'shop', {
          ...base.env,
          BACKUP_BASE_DIR: join(temporaryDirectory(t), 'copy'),
        });
        cpSync(base.base, here.base, { recursive: true });
        const objects = bucket.objects('altered');
        t.after(async () => {
          for (const [name, { content }] of objects) await bucket.put(`altered/${name}`, content);
        });
        await alter(here);
        const before = [await nextTransaction(server), await databasesOf(server)];
        const { exitCode, stderr } = await runInProcess(['restore', base.run, '--to', 'altered'], here.env);
        assert.equal(exitCode, 14, stderr);
        assert.match(
          stderr,
          /\[COPY_ALTERED\] .* is not what was backed up: .* Nothing was restored from it/,
        );
        assert.match(stderr, detail);
        assert.deepEqual([await nextTransaction(server), await databasesOf(server)], before);
        const downloads = join(here.base, 'downloads');
        assert.deepEqual(existsSync(downloads) ? readdirSync(downloads) : [], []);
      });
    }

    test('where the store answered otherwise when the plan was made', async (t) => {
      const here = install(t, server, 'shop', {
        ...base.env,
        BACKUP_BASE_DIR: join(temporaryDirectory(t), 'copy'),
      });
      cpSync(base.base, here.base, { recursive: true });
      rmSync(join(here.data, nameOf(base.dump)));
      const key = keyOf('altered', base.dump);
      const path = bucket.server.objectPath(BUCKET, key);
      const whole = readFileSync(path);
      // Another name of as many letters: only the table of contents knows the tables.
      change(path, (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('item', 'iten'), 'latin1'));
      t.after(() => writeFileSync(path, whole));
      const { promise, resolve } = Promise.withResolvers<void>();
      bucket.server.fail({ fault: { kind: 'hold', until: promise }, operation: 'HeadObject', key });
      const before = [await nextTransaction(server), await databasesOf(server)];
      const running = runInProcess(['restore', base.run, '--to', 'altered'], here.env);
      const isAsked = bucket.server.waitForRequest(
        (request) =>
          request.operation === 'HeadObject' && request.key === key && request.status === 'pending',
      );
      await Promise.race([isAsked, running]);
      writeFileSync(path, whole);
      resolve();
      const { exitCode, stderr } = await running;
      assert.equal(exitCode, 14, stderr);
      assert.match(stderr, /its table of contents is not the one that the plan was made from/);
      assert.deepEqual([await nextTransaction(server), await databasesOf(server)], before);
    });

    test('but not where only its fingerprint is another one, which the plan tells', async (t) => {
      const here = install(t, server, 'shop', {
        ...base.env,
        BACKUP_BASE_DIR: join(temporaryDirectory(t), 'copy'),
      });
      cpSync(base.base, here.base, { recursive: true });
      change(join(here.data, `${base.run}_fingerprint.json`), flipBit);
      const { exitCode, stderr, stdout } = await runInProcess(
        ['restore', base.run, '--to', 'all the same'],
        here.env,
      );
      assert.equal(exitCode, 0, stderr);
      assert.match(
        stdout,
        /^ {2}proof +.*; ! its fingerprint cannot be used \(.* is not what was backed up: its sha256 is another one\)$/m,
      );
      assert.equal(await server.psql(COUNT, { database: 'all the same' }), facts);
    });
  });

  /** To be removed at the end. */
  function keep(backup: BackedUp): BackedUp {
    made.push(backup);
    return backup;
  }

  function ask(t: TestContext, args: readonly string[], changes: Env): Promise<CliResult> {
    return runInProcess(args, install(t, server, 'shop', changes).env);
  }

  /** The first and the last byte of each request for an object's content. */
  function rangesOf(key: string): (readonly [number, number])[] {
    return bucket.server.requests
      .filter((request) => request.operation === 'GetObject' && request.key === key)
      .map(({ headers }) => {
        const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '') ?? [];
        return [Number(from), Number(to)] as const;
      });
  }
});

function nameOf(path: string): string {
  return path.slice(dirname(path).length + 1);
}

function keyOf(prefix: string, dump: string): string {
  return `${prefix}/${nameOf(dump)}`;
}

function change(path: string, how: (bytes: Buffer) => Buffer): void {
  writeFileSync(path, how(readFileSync(path)));
}

function flipBit(bytes: Buffer): Buffer {
  const place = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
  return bytes;
}

function swap(one: string, other: string): void {
  const [first, second] = [readFileSync(one), readFileSync(other)];
  writeFileSync(one, second);
  writeFileSync(other, first);
}
