import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunRecord } from '../../src/report/record.ts';
import { artifactsOf } from '../backup/past-run.ts';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import type { Fault } from '../oss-server/server.ts';
import { type Env, install } from './installation.ts';
import { startOssBucket } from './oss-bucket.ts';
import { runInProcess } from './run-in-process.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');
const PREFIX = 'backups/shop';

test('verify', { skip }, async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  await server.createDatabase('shop');
  await server.psql('CREATE TABLE item AS SELECT md5(i::text) FROM generate_series(1, 9999) AS i', {
    database: 'shop',
  });
  const bucket = await startOssBucket();
  t.after(() => bucket.close());
  const here = install(t, server, 'shop', bucket.settings(PREFIX));
  for (const _ of [1, 2]) assert.equal((await here.run(['backup'])).exitCode, 0);
  /** Each in both places. */
  const [older = '', newer = ''] = here.reports().map(({ name }) => name);

  /** A copy of the installation that a test may damage; the bucket is the same. */
  const copyOfHere = (changes: Env = {}) => copyOf(here.base, changes);
  function copyOf(original: string, changes: Env) {
    const base = join(temporaryDirectory(t), 'base');
    cpSync(original, base, { recursive: true });
    const verify = (...args: string[]) =>
      runInProcess(['verify', ...args], { ...here.env, BACKUP_BASE_DIR: base, ...changes });
    return { base, data: join(base, 'data'), verify };
  }

  await t.test('reads the newest backup in full, in the real program, and changes nothing', async () => {
    const before = snapshot(here.base);
    const { exitCode, stdout, stderr } = await here.run(['verify']);
    assert.equal(exitCode, 0, stderr);
    assert.equal(stdout, `ok         ${newer}  local: size, sha256, full read\n`);
    assert.deepEqual(snapshot(here.base), before);
    assert.deepEqual(here.leftovers(), []);
  });

  await t.test('checks every backup in both places', async () => {
    const { exitCode, stdout, stderr } = await here.run(['verify', '--all', '--remote']);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(
      stdout.trimEnd().split('\n'),
      [newer, older].map(
        (run) => `ok         ${run}  local: size, sha256, full read; remote: size, checksum`,
      ),
    );
    assert.deepEqual(here.leftovers(), []);
  });

  await t.test('speaks Chinese', async () => {
    const { verify } = copyOfHere({ BACKUP_LANG: 'zh' });
    assert.match(
      (await verify('--remote')).stdout,
      /^完好 {4}\S+ {2}本地: 大小、sha256, 完整读回; 远端: 大小、校验和\n$/,
    );
  });

  const DAMAGES: Readonly<Record<string, readonly [(data: string, run: string) => void, RegExp]>> = {
    'a truncated dump': [
      (data, run) => truncateSync(join(data, `${run}.dump`), 1000),
      /\.dump is truncated: 1000 of \d+ bytes$/m,
    ],
    'a dump with one bit flipped': [
      (data, run) => flipBit(join(data, `${run}.dump`)),
      /\.dump is altered: its sha256 is another one$/m,
    ],
    'a dump to which something was added': [
      (data, run) => appendFileSync(join(data, `${run}.dump`), 'x'),
      /\.dump has \d+ bytes instead of \d+$/m,
    ],
    'a missing dump': [(data, run) => rmSync(join(data, `${run}.dump`)), /\.dump is missing$/m],
    'missing globals': [
      (data, run) => rmSync(join(data, `${run}_globals.sql`)),
      /_globals\.sql is missing$/m,
    ],
    'a missing fingerprint': [
      (data, run) => rmSync(join(data, `${run}_fingerprint.json`)),
      /_fingerprint\.json is missing$/m,
    ],
    'an altered fingerprint': [
      (data, run) => flipBit(join(data, `${run}_fingerprint.json`)),
      /_fingerprint\.json is altered: its sha256 is another one$/m,
    ],
    'an altered checksum': [
      (data, run) => flipBit(join(data, `${run}.dump.sha256`)),
      /\.dump\.sha256 is altered/m,
    ],
    'a link in place of the dump': [
      (data, run) => {
        renameSync(join(data, `${run}.dump`), join(data, 'elsewhere'));
        symlinkSync('elsewhere', join(data, `${run}.dump`));
      },
      /\.dump is no regular file$/m,
    ],
    'all files of the newest good run gone': [
      (data, run) => {
        for (const name of artifactsOf(run)) rmSync(join(data, name));
      },
      /\.dump is missing, \S+\.dump\.sha256 is missing, \S+_globals\.sql is missing, \S+_fingerprint\.json is missing$/m,
    ],
  };
  for (const [what, [damage, told]] of Object.entries(DAMAGES)) {
    await t.test(`finds ${what}`, async () => {
      const { data, verify } = copyOfHere();
      damage(data, newer);
      const { exitCode, stdout, stderr } = await verify('--all');
      assert.equal(exitCode, 14, stdout + stderr);
      const [first = '', second = ''] = stdout.split('\n');
      assert.ok(first.startsWith(`damaged    ${newer}  local: ${newer}`), stdout);
      assert.match(first, told);
      assert.equal(second, `ok         ${older}  local: size, sha256, full read`);
      assert.match(
        stderr,
        new RegExp(`COPIES_DAMAGED\\] 1 of 2 checked backups are not as they were: ${newer}`),
      );
    });
  }

  await t.test('finds an archive that cannot be read though every checksum fits', async () => {
    const { base, data, verify } = copyOfHere();
    const [dump, checksum] = artifactsOf(newer);
    const content = readFileSync(join(data, dump)).subarray(0, 4000);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const line = `${sha256}  ${dump}\n`;
    writeFileSync(join(data, dump), content);
    writeFileSync(join(data, checksum), line);
    changeRecord(base, newer, (record) => ({
      artifacts: record.artifacts.map((artifact) => {
        if (artifact.name === dump) return { ...artifact, sizeBytes: content.length, sha256 };
        if (artifact.name !== checksum) return artifact;
        return { ...artifact, sha256: createHash('sha256').update(line).digest('hex') };
      }),
    }));
    const { exitCode, stdout } = await verify();
    assert.equal(exitCode, 14);
    assert.match(stdout, /^damaged .*\.dump cannot be read back: .*pg_restore: error:/);
  });

  await t.test(
    'a backup whose record is lost, or that the old script made, is compared with its report and checksum',
    async () => {
      const { base, data, verify } = copyOfHere();
      rmSync(join(base, 'records', `${newer}.json`));
      const { exitCode, stdout } = await verify(newer);
      assert.deepEqual([exitCode, stdout], [0, `ok         ${newer}  local: size, sha256, full read\n`]);
      writeFileSync(join(data, `${newer}.dump.sha256`), `${'0'.repeat(64)}  /an/absolute/path.dump\n`);
      assert.match((await verify(newer)).stdout, /^damaged .*\.dump\.sha256 does not fit the dump$/m);
    },
  );

  await t.test(
    'lists foreign files and objects as a notice, and their names cannot steer a terminal',
    async (t) => {
      const { data, verify } = copyOfHere();
      for (const name of ['notes.txt', `${newer}.dump.gpg`, `${newer}_fingerprint.json.gpg`])
        writeFileSync(join(data, name), '');
      mkdirSync(join(data, '\u001b[2J'));
      await bucket.put(`${PREFIX}/stranger.dump`, 'x');
      t.after(() => remove('stranger.dump'));
      const { exitCode, stdout } = await verify('--remote');
      assert.equal(exitCode, 0, stdout);
      assert.match(stdout, new RegExp(`^Not ours, below data/ \\(4\\): .*${newer}\\.dump\\.gpg`, 'm'));
      assert.match(stdout, new RegExp(`^Not ours, below data/ .*${newer}_fingerprint\\.json\\.gpg`, 'm'));
      assert.match(stdout, /\\u\{1b\}\[2J/);
      assert.match(stdout, /^Not ours, in the store \(1\): stranger\.dump$/m);
    },
  );

  await t.test('finds a missing object, one of another size and one with other bytes', async (t) => {
    const { verify } = copyOfHere();
    for (const name of [`${newer}_globals.sql`, `${newer}_fingerprint.json`]) {
      const text = bucket.objects(PREFIX).get(name)?.content.toString() ?? '';
      const putBack = () => bucket.put(`${PREFIX}/${name}`, text);
      t.after(putBack);
      for (const [change, told] of [
        [() => bucket.put(`${PREFIX}/${name}`, `${text}x`), /differs: \d+ bytes instead of \d+/],
        [() => bucket.put(`${PREFIX}/${name}`, text.replace('s', 'S')), /differs: CRC-64 \d+ instead of \d+/],
        [() => remove(name), / is missing/],
      ] as const) {
        await change();
        const { exitCode, stdout } = await verify('--remote', '--all');
        assert.equal(exitCode, 14, stdout);
        const [first = '', second = ''] = stdout.split('\n');
        assert.ok(
          first.startsWith(`damaged    ${newer}  local: size, sha256, full read; remote: ${name}`),
          first,
        );
        assert.match(first, told);
        assert.match(second, /^ok /);
      }
      await putBack();
    }
  });

  await t.test(
    'of a run that has remote copies only checks those, and says where nothing is here',
    async () => {
      const { data, verify } = copyOfHere({ BACKUP_MODE: 'oss' });
      for (const name of readdirSync(data)) rmSync(join(data, name));
      const { exitCode, stdout } = await verify('--remote', older);
      assert.deepEqual(
        [exitCode, stdout],
        [0, `ok         ${older}  local: no copy here; remote: size, checksum\n`],
      );
      const without = await verify(older);
      assert.equal(without.exitCode, 2);
      assert.match(without.stderr, /no copy on this machine to verify; .*verify --remote/);
    },
  );

  await t.test(
    'a run whose copies are all gone is lost when it is newer than one that is there, else it may have expired',
    async (t) => {
      const { verify } = copyOfHere();
      const contents = bucket.objects(PREFIX);
      t.after(async () => {
        for (const [name, { content }] of contents) await bucket.put(`${PREFIX}/${name}`, content);
      });
      for (const name of artifactsOf(older)) await remove(name);
      const expired = await verify('--all', '--remote');
      assert.equal(expired.exitCode, 0, expired.stdout);
      assert.match(expired.stdout, new RegExp(`${older} .*; remote: gone, as older copies are: `));
      assert.equal((await verify('--remote', older)).exitCode, 14, 'who asks for it wants it');
      for (const name of artifactsOf(newer)) await remove(name);
      const lost = await verify('--all', '--remote');
      assert.equal(lost.exitCode, 14);
      assert.match(lost.stdout, new RegExp(`^damaged +${newer} .*; remote: ${newer}\\.dump is missing, `));
    },
  );

  await t.test('checks what is here also where the store cannot be listed or asked', async (t) => {
    const { verify } = copyOfHere();
    t.after(() => bucket.server.heal());
    for (const operation of ['ListObjectsV2', 'HeadObject'] as const) {
      bucket.server.fail({ fault: NO_RIGHT, operation, times: Number.POSITIVE_INFINITY });
      const { exitCode, stdout, stderr } = await verify('--remote');
      assert.equal(exitCode, 15, stdout + stderr);
      assert.match(
        stdout,
        new RegExp(`^unchecked  ${newer}  local: size, sha256, full read; remote: .*AccessDenied`),
      );
      assert.match(stderr, /STORE_FAILED\] The remote store failed at oss:/);
      bucket.server.heal();
    }
  });

  await t.test('of an encrypted backup says whether it could be read', async () => {
    const { base, data, verify } = copyOfHere({ BACKUP_MODE: 'local' });
    const secret = { BACKUP_ENCRYPTION_PASSPHRASE: 'correct horse battery staple' };
    const encrypting = { ...secret, BACKUP_ENCRYPTION: 'age', BACKUP_MODE: 'local', BACKUP_BASE_DIR: base };
    assert.equal((await here.run(['backup'], encrypting)).exitCode, 0);
    const { exitCode, stdout, stderr } = await verify();
    assert.equal(exitCode, 0, stderr);
    assert.match(
      stdout,
      /^ok .* local: size, sha256, not read: it is encrypted, and neither BACKUP_ENCRYPTION_/,
    );
    const able = await copyOf(base, { BACKUP_MODE: 'local', ...secret }).verify();
    assert.equal(able.exitCode, 0, able.stdout);
    assert.match(able.stdout, /^ok .* local: size, sha256, full read$/m);
    const wrong = await copyOf(base, {
      BACKUP_MODE: 'local',
      BACKUP_ENCRYPTION_PASSPHRASE: 'wrong',
    }).verify();
    assert.equal(wrong.exitCode, 16, wrong.stdout);
    assert.match(wrong.stdout, /^unchecked .* local: size, sha256, /);
    assert.match(wrong.stderr, /ENCRYPTION_FAILED/);
    const dump = readdirSync(data).find((name) => name.endsWith('.dump.age')) ?? '';
    flipBit(join(data, dump));
    assert.match((await verify()).stdout, /^damaged .*\.dump\.age is altered/);
  });

  await t.test('ends at a signal, and leaves nothing', async (t) => {
    t.after(() => bucket.server.heal());
    const never = new Promise<void>(() => {});
    bucket.server.fail({ fault: { kind: 'hold', until: never }, operation: 'HeadObject' });
    const running = here.start(['verify', '--remote']);
    await bucket.server.waitForRequest(
      ({ operation, status }) => operation === 'HeadObject' && status === 'pending',
    );
    running.kill('SIGTERM');
    assert.equal((await running.finished).exitCode, 143);
    assert.deepEqual(here.leftovers(), []);
  });

  await t.test('names what is most like an unknown run', async () => {
    const { verify } = copyOfHere();
    const { exitCode, stderr } = await verify(newer.slice(0, -1));
    assert.equal(exitCode, 2);
    assert.match(
      stderr,
      new RegExp(`There is no backup ${newer.slice(0, -1)} here. The most alike: ${newer}, ${older}`),
    );
  });

  await t.test(
    'has nothing to say where there is no backup, and in mode local nothing of remote ones',
    async (t) => {
      const empty = install(t, server, 'postgres');
      const nothing = await runInProcess(['verify'], empty.env);
      assert.equal(nothing.exitCode, 2);
      assert.match(nothing.stderr, /There is no backup of postgres to verify yet/);
      const remote = await runInProcess(['verify', '--remote'], empty.env);
      assert.equal(remote.exitCode, 2);
      assert.match(remote.stderr, /BACKUP_MODE is local: there are no remote copies/);
    },
  );

  async function remove(name: string): Promise<void> {
    await bucket.remove(`${PREFIX}/${name}`);
  }
});

const NO_RIGHT: Fault = { kind: 'error', code: 'AccessDenied', status: 403 };

function flipBit(path: string): void {
  const content = readFileSync(path);
  const middle = content.length >> 1;
  content[middle] = (content[middle] ?? 0) ^ 1;
  writeFileSync(path, content);
}

function changeRecord(base: string, run: string, change: (record: RunRecord) => Partial<RunRecord>): void {
  const path = join(base, 'records', `${run}.json`);
  const record = JSON.parse(readFileSync(path, 'utf8')) as RunRecord;
  writeFileSync(path, JSON.stringify({ ...record, ...change(record) }));
}

/** Every file below a directory with its content. */
function snapshot(directory: string): Map<string, string> {
  return new Map(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [path, readFileSync(path, 'latin1')]),
  );
}
