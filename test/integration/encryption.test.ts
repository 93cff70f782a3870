import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { parseFingerprint } from '../../src/fingerprint/fingerprint.ts';
import type { RunRecord } from '../../src/report/record.ts';
import { ageKey, gpg, gpgKey, stopAgent } from '../encryption/keys.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { assertFailed } from './assert-failed.ts';
import { backupWithEvent } from './at-stage.ts';
import { byHand } from './client-program.ts';
import { type Env, type Installation, install } from './installation.ts';
import { startOssBucket } from './oss-bucket.ts';
import { smallDisk } from './small-disk.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15', 'postgres-client-15', 'gpg');
const client15 = clientDirectories().get(15) ?? '';
const MARKER = 'Zm9v-plain-row';
const ROLE = 'role_in_the_globals';
const TABLE = 'table_in_the_fingerprint';
const ROWS = 60_000;
const PASSPHRASE = `canary 'päss" $phrase`;
/** Written in the place of a client program: what has passed stays in the pipe until the test lets it go on. */
const HOLD = `"$REAL" "$@"; touch "$TMPDIR/held"; until [ -e "$TMPDIR/go" ]; do sleep 0.05; done`;

interface Way {
  readonly name: string;
  readonly method: 'age' | 'gpg';
  readonly env: Env;
  /** Opens a file as its owner would, without our program. */
  open(file: string): Buffer;
}

const key = await ageKey();
const pgpKey = gpgKey();

const WAYS: readonly [Way, ...Way[]] = [
  {
    name: 'age for a recipient',
    method: 'age',
    env: {
      BACKUP_ENCRYPTION: 'age',
      BACKUP_ENCRYPTION_RECIPIENTS: key.recipient,
      BACKUP_ENCRYPTION_IDENTITY_FILE: key.identityFile,
    },
    open: openWithAge,
  },
  {
    name: 'age for a file of recipients',
    method: 'age',
    env: {
      BACKUP_ENCRYPTION: 'age',
      BACKUP_ENCRYPTION_RECIPIENTS: key.recipientsFile,
      BACKUP_ENCRYPTION_IDENTITY_FILE: key.identityFile,
    },
    open: openWithAge,
  },
  {
    name: 'age with a passphrase',
    method: 'age',
    env: { BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_PASSPHRASE: PASSPHRASE },
    open: openWithAgeAndPassphrase,
  },
  {
    name: 'gpg for a public key',
    method: 'gpg',
    env: {
      BACKUP_ENCRYPTION: 'gpg',
      BACKUP_ENCRYPTION_RECIPIENTS: pgpKey.publicFile,
      BACKUP_ENCRYPTION_IDENTITY_FILE: pgpKey.secretFile,
    },
    open: (file) => openWithGpg(file),
  },
  {
    name: 'gpg for a key of the keyring',
    method: 'gpg',
    env: {
      BACKUP_ENCRYPTION: 'gpg',
      BACKUP_ENCRYPTION_RECIPIENTS: pgpKey.fingerprint,
      BACKUP_ENCRYPTION_IDENTITY_FILE: pgpKey.secretFile,
      GNUPGHOME: pgpKey.home,
    },
    open: (file) => openWithGpg(file),
  },
  {
    name: 'gpg with a passphrase',
    method: 'gpg',
    env: { BACKUP_ENCRYPTION: 'gpg', BACKUP_ENCRYPTION_PASSPHRASE: PASSPHRASE },
    open: (file) => openWithGpg(file, '--pinentry-mode=loopback', `--passphrase=${PASSPHRASE}`),
  },
];
/** One of each method, with keys. */
const METHODS = WAYS.filter((_, index) => index === 0 || index === 3);
const WITH_PASSPHRASE = WAYS.filter(({ env }) => env['BACKUP_ENCRYPTION_PASSPHRASE']);

describe('encrypted backups', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let databases = 0;
  before(async () => {
    server = await startPostgres();
    await server.psql(`CREATE ROLE ${ROLE} LOGIN PASSWORD 'x';`);
  });
  after(async () => {
    stopAgent(pgpKey);
    await server.stop();
  });

  for (const way of WAYS) {
    test(`${way.name}: can be opened by hand and restored, and hold no plain text`, {
      skip: missing(way.method),
    }, async (t) => {
      const here = await start(t, way.env);
      const result = await here.run(['backup']);
      assert.equal(result.exitCode, 0, result.stderr);
      const { name, record, report } = here.newest();
      const end = `.${way.method}`;
      const [dump, checksum, globals, fingerprint] = [
        `${name}.dump${end}`,
        `${name}.dump${end}.sha256`,
        `${name}_globals.sql${end}`,
        `${name}_fingerprint.json${end}`,
      ];
      assert.deepEqual(here.files().sort(), [dump, checksum, globals, fingerprint].sort());
      assert.deepEqual([record.encryption, record.proof, record.status], [way.method, 'read', 'SUCCESS']);
      assert.equal(report.local.file, join(here.data, dump));
      assert.equal(spawnSync('sha256sum', ['--check', '--strict', checksum], { cwd: here.data }).status, 0);
      for (const file of here.files()) assert.equal(statSync(join(here.data, file)).mode & 0o777, 0o600);
      assert.deepEqual(filesWith(here, MARKER, ROLE, TABLE), []);
      assert.deepEqual(here.leftovers(), []);

      const plain = join(here.directory, 'opened');
      writeFileSync(plain, way.open(join(here.data, dump)));
      const restored = `restored ${record.database}`;
      await server.createDatabase(restored);
      await byHand(
        server,
        'pg_restore',
        '--exit-on-error',
        '--jobs=2',
        `--dbname=dbname='${restored}'`,
        plain,
      );
      const count = `SELECT count(*), sum(hashtext(text)) FROM ${TABLE}`;
      assert.equal(
        await server.psql(count, { database: restored }),
        await server.psql(count, { database: record.database }),
      );
      assert.match(
        String(way.open(join(here.data, globals))),
        new RegExp(`CREATE ROLE ${ROLE};[^]*dump complete`),
      );
      assertFingerprint(way.open(join(here.data, fingerprint)), record);
    });
  }

  for (const way of METHODS) {
    test(`${way.name}: hold no plain text in the bucket either`, async (t) => {
      const bucket = await startOssBucket();
      t.after(() => bucket.close());
      const here = await start(t, { ...way.env, ...bucket.settings('x', 'oss'), BACKUP_UPLOAD_TOOL: 'sdk' });
      const result = await here.run(['backup']);
      assert.equal(result.exitCode, 0, result.stderr);
      const { name, record } = here.newest();
      const objects = bucket.objects('x');
      assert.equal(objects.size, 4);
      for (const [object, { content }] of objects)
        for (const text of [MARKER, ROLE, TABLE]) assert.ok(!content.includes(text), `${text} in ${object}`);
      assert.deepEqual(filesWith(here, MARKER, ROLE, TABLE), []);
      const fingerprint = join(here.directory, 'fingerprint');
      writeFileSync(
        fingerprint,
        objects.get(`${name}_fingerprint.json.${way.method}`)?.content ?? Buffer.alloc(0),
      );
      assertFingerprint(way.open(fingerprint), record);
    });
  }

  for (const way of [...METHODS, ...WITH_PASSPHRASE]) {
    test(`${way.name}: nothing plain touches a disk, and no secret shows, while pg_dump is at work`, async (t) => {
      const here = await start(t, { ...way.env, PG_BIN_DIR: wrapClient(client15, { pg_dump: HOLD }, t) });
      const [held, go] = ['held', 'go'].map((name) => join(here.env['TMPDIR'] ?? '', name)) as [
        string,
        string,
      ];
      const running = here.start(['backup']);
      await until(() => existsSync(held), true);
      // Some of what passed has arrived: this is no look at nothing.
      await until(() => partialBytes(here) > 500_000, true);
      assert.deepEqual(filesWith(here, MARKER, ROLE, TABLE), []);
      assert.deepEqual(argumentsWith('canary', 'AGE-SECRET-KEY', 'PRIVATE KEY', TABLE), []);
      writeFileSync(go, '');
      const result = await running.finished;
      assert.equal(result.exitCode, 0, result.stderr);
      assert.deepEqual(filesWith(here, MARKER, ROLE, TABLE), []);
      const said = result.stdout + result.stderr + here.log() + JSON.stringify(here.newest());
      assert.doesNotMatch(said, /canary|AGE-SECRET-KEY|PRIVATE KEY/);
    });
  }

  test('the same look finds plain text where nothing is encrypted', async (t) => {
    const here = await start(t, {});
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const { name } = here.newest();
    assert.deepEqual(
      filesWith(here, MARKER, ROLE, TABLE).map((path) => path.slice(here.base.length + 1)),
      [
        `data/${name}.dump`,
        `data/${name}_fingerprint.json`,
        `data/${name}_globals.sql`,
        `records/${name}.json`,
      ],
    );
  });

  for (const way of METHODS) {
    test(`${way.name}: without an identity the backup is made and called unproven`, async (t) => {
      const { BACKUP_ENCRYPTION_IDENTITY_FILE: _, ...env } = way.env;
      const here = await start(t, env);
      const result = await here.run(['backup']);
      assert.equal(result.exitCode, 0, result.stderr);
      assert.match(
        result.stderr + result.stdout + here.log(),
        /cannot be read back here: no identity or passphrase is set/,
      );
      const { record } = here.newest();
      assert.deepEqual([record.proof, record.status], ['none', 'SUCCESS']);
      assert.deepEqual(here.leftovers(), []);
    });

    for (const [how, script] of [
      ['fails', '"$REAL" "$@" | head -c 2000000; echo "pg_dump: error: it broke" >&2; exit 1'],
      ['is killed', '"$REAL" "$@" | head -c 2000000; kill -KILL $$'],
    ] as const) {
      test(`${way.name}: a pg_dump that ${how} half-way never makes a file`, async (t) => {
        const here = await start(t, { ...way.env, PG_BIN_DIR: wrapClient(client15, { pg_dump: script }, t) });
        const result = await here.run(['backup']);
        assertFailed(
          here,
          result,
          8,
          how === 'fails' ? /^pg_dump failed \(exit code 1\): .*it broke/ : /killed by SIGKILL/,
        );
      });
    }

    test(`${way.name}: globals without their end are refused`, async (t) => {
      const script = '"$REAL" "$@" | head -c 300';
      const here = await start(t, {
        ...way.env,
        PG_BIN_DIR: wrapClient(client15, { pg_dumpall: script }, t),
      });
      assertFailed(here, await here.run(['backup']), 8, /_globals.* is not complete/);
    });

    test(`${way.name}: a full disk is told as such`, { skip: missing('tmpfs') }, async (t) => {
      const disk = await smallDisk(t, 3 * 1024 * 1024);
      const here = await start(t, {
        ...way.env,
        // They would meet the full disk, too.
        INCLUDE_GLOBALS: 'false',
        BACKUP_BASE_DIR: join(disk, 'base'),
        BACKUP_LOG_DIR: join(disk, 'log'),
      });
      const result = await here.run(['backup']);
      assertFailed(
        here,
        result,
        10,
        new RegExp(`^No space left on the device while writing .*\\.dump\\.${way.method}\\.partial`),
      );
    });

    test(`${way.name}: SIGTERM leaves nothing`, async (t) => {
      const here = await start(t, { ...way.env, PG_BIN_DIR: wrapClient(client15, { pg_dump: HOLD }, t) });
      const running = here.start(['backup']);
      await until(() => existsSync(join(here.env['TMPDIR'] ?? '', 'held')), true);
      running.child.kill('SIGTERM');
      assertFailed(here, await running.finished, 143, /^Interrupted by SIGTERM/);
    });

    test(`${way.name}: what kill -9 leaves is repaired by the next backup`, async (t) => {
      const here = await start(t, way.env);
      assert.equal((await backupWithEvent(t, here, 'verify', 'SIGKILL')).signal, 'SIGKILL');
      await until(() => here.leftovers().filter((name) => name.startsWith('process')), []);
      assert.ok(readdirSync(here.data).some((name) => name.endsWith(`.dump.${way.method}.partial`)));
      const next = await here.run(['backup']);
      assert.equal(next.exitCode, 0, next.stderr);
      assert.deepEqual(here.leftovers(), []);
      assert.equal(here.files().length, 4);
    });
  }

  test('keys that do not fit fail the run before anything is dumped', async (t) => {
    const other = await ageKey(t);
    const here = await start(t, { ...WAYS[0].env, BACKUP_ENCRYPTION_IDENTITY_FILE: other.identityFile });
    assertFailed(here, await here.run(['backup']), 16, /^age failed: .* belongs to none of the recipients/);
    assert.equal(here.newest().record.error?.stage, 'preflight');
  });

  test('a gpg that dies ends pg_dump, and is what is told', async (t) => {
    const { BACKUP_ENCRYPTION_IDENTITY_FILE: _, ...env } = METHODS[1]?.env ?? {};
    const bin = join(install(t, server, 'x').directory, 'bin');
    fakeGpg(bin, 'head -c 100000 >/dev/null; echo "gpg: out of sorts" >&2; exit 2');
    const here = await start(t, env);
    const result = await here.run(['backup'], { PATH: `${bin}:${here.env['PATH']}` });
    assertFailed(here, result, 16, /^gpg failed: exit code 2: gpg: out of sorts/);
  });

  /** A database with some megabytes that would be found, and an installation that dumps it uncompressed. */
  async function start(t: TestContext, env: Env): Promise<Installation> {
    databases += 1;
    const database = `encrypted_${databases}`;
    await server.createDatabase(database);
    await server.psql(
      `CREATE TABLE ${TABLE} AS SELECT i, '${MARKER} ' || md5(i::text) || md5((-i)::text) AS text FROM generate_series(1, ${ROWS}) AS i`,
      { database },
    );
    return install(t, server, database, { BACKUP_COMPRESS: '0', PG_BIN_DIR: client15, ...env });
  }
});

/** It is of this run, and what was counted is in it, though the record names no table. */
function assertFingerprint(text: Buffer, { run, artifacts, fingerprint: summary }: RunRecord): void {
  const fingerprint = parseFingerprint(text.toString());
  assert.deepEqual([fingerprint?.run, fingerprint?.dumpSha256], [run, artifacts[0]?.sha256]);
  assert.deepEqual(fingerprint?.tables, [{ schema: 'public', name: TABLE, state: 'counted', rows: ROWS }]);
  assert.deepEqual([summary?.status, summary?.rows, summary?.rowsByTable], ['complete', ROWS, {}]);
}

function partialBytes(here: Installation): number {
  const name = readdirSync(here.data).find((candidate) => /\.dump\.(age|gpg)\.partial$/.test(candidate));
  return name === undefined ? 0 : statSync(join(here.data, name)).size;
}

/** Every file of the installation, its temporary directory and its home, that holds one of the texts. */
function filesWith(here: Installation, ...texts: string[]): string[] {
  const roots = [here.directory, here.base, here.logs].filter((path) => existsSync(path));
  const files = roots.flatMap((root) =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return [...new Set(files)].filter((path) => texts.some((text) => readIfThere(path).includes(text))).sort();
}

/** A run at work writes files anew under names that last for a moment. */
function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return Buffer.alloc(0);
  }
}

/** Every process that has one of the texts among its arguments. */
function argumentsWith(...texts: string[]): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return texts.some((text) => line.includes(text)) ? [line] : [];
      } catch {
        return [];
      }
    });
}

function openWithAge(file: string): Buffer {
  return output('age', '--decrypt', '--identity', key.identityFile, file);
}

/** The program asks a terminal, which script(1) plays. */
function openWithAgeAndPassphrase(file: string): Buffer {
  const opened = `${file}.opened`;
  const { stdout } = spawnSync(
    'script',
    ['--quiet', '--return', '--command', `age --decrypt --output "${opened}" "${file}"`, '/dev/null'],
    { input: `${PASSPHRASE}\n` },
  );
  assert.ok(existsSync(opened), String(stdout));
  return readFileSync(opened);
}

function openWithGpg(file: string, ...args: string[]): Buffer {
  return Buffer.from(gpg(pgpKey.home, ...args, '--decrypt', file), 'latin1');
}

function output(program: string, ...args: string[]): Buffer {
  const { status, stdout, stderr } = spawnSync(program, args, { maxBuffer: 64 * 1024 * 1024 });
  assert.equal(status, 0, String(stderr));
  return stdout;
}

/** The real gpg but for encrypting. */
function fakeGpg(directory: string, script: string): void {
  mkdirSync(directory);
  const real = spawnSync('which', ['gpg'], { encoding: 'utf8' }).stdout.trim();
  writeFileSync(
    join(directory, 'gpg'),
    `#!/bin/bash\ncase " $* " in *' --encrypt '*) ${script} ;; *) exec ${real} "$@" ;; esac\n`,
    { mode: 0o755 },
  );
}
