import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { assertFailed } from './assert-failed.ts';
import { type Env, type Installation, install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const client15 = clientDirectories().get(15) ?? '';

/** What a script in the place of pg_dump, or of pg_dumpall, does first: `$file` is where the archive goes. */
const DUMP = `for argument; do case $argument in --file=*) file=\${argument#--file=} ;; esac; done
  "$REAL" "$@" || exit
  size=$(stat -c %s "$file")`;

/** pg_dump writes to its file itself. */
const ALONE: Env = { BACKUP_COMPRESS_THREADS: '0' };

describe('PostgreSQL’s programs', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let databases = 0;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  test('older than the server are refused with both versions', {
    skip: missing('postgres-server-17'),
  }, async (t) => {
    const newer = await startPostgres({ major: 17 });
    t.after(() => newer.stop());
    const here = install(t, newer, 'postgres', { PG_BIN_DIR: client15 });
    const result = await here.run(['backup']);
    assertFailed(
      here,
      result,
      3,
      /^The server is PostgreSQL 17\.\d+.*, but the newest client found is 15\.\d+/,
    );
    assert.match(here.newest().report.errorMessage, /apt-get install postgresql-client-17/);
  });

  for (const program of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']) {
    test(`are named where one is missing: ${program}`, async (t) => {
      const here = await start(t);
      const bin = join(here.directory, 'bin');
      mkdirSync(bin);
      for (const name of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']) {
        if (name !== program) symlinkSync(join(client15, name), join(bin, name));
      }
      const result = await here.run(['backup'], { PG_BIN_DIR: bin });
      assertFailed(here, result, 3, new RegExp(`^Missing command: ${program} \\(looked in ${bin}\\)`));
      assert.match(here.newest().report.errorMessage, /apt-get install postgresql-client/);
    });
  }

  test('of major 15 do not know zstd', async (t) => {
    const here = await start(t, { PG_BIN_DIR: client15, BACKUP_COMPRESS: 'zstd:3' });
    assertFailed(
      here,
      await here.run(['backup']),
      2,
      /^BACKUP_COMPRESS=zstd:3 needs a PostgreSQL client of major 16 or newer; the chosen client is 15\./,
    );
  });

  test('do not run for an upload without ossutil', async (t) => {
    const here = await start(t, {
      PATH: ['/usr/bin', '/bin'].join(delimiter),
      BACKUP_MODE: 'both',
      OSS_BUCKET: 'backups',
      OSS_ENDPOINT: 'oss-cn-hangzhou.aliyuncs.com',
      OSS_ACCESS_KEY_ID: 'id',
      OSS_ACCESS_KEY_SECRET: 'secret',
    });
    assertFailed(
      here,
      await here.run(['backup']),
      3,
      /^Missing command: ossutil64 \(looked in \/usr\/bin, \/bin\)/,
    );
    assert.ok(!here.newest().record.stages.some(({ name }) => name === 'dump'));
  });

  test('that die half-way leave nothing', async (t) => {
    const pgDump = `${DUMP}; truncate -s $((size / 2)) "$file"; kill -9 $$`;
    const here = await start(t, { ...ALONE, PG_BIN_DIR: wrapClient(client15, { pg_dump: pgDump }, t) });
    assertFailed(here, await here.run(['backup']), 8, /^pg_dump failed \(killed by SIGKILL\)/);
  });

  test('that fail for a reason of their own are quoted', async (t) => {
    const pgDump = `echo 'pg_dump: error: the moon is full' >&2; exit 3`;
    const here = await start(t, { PG_BIN_DIR: wrapClient(client15, { pg_dump: pgDump }, t) });
    assertFailed(
      here,
      await here.run(['backup']),
      8,
      /^pg_dump failed \(exit code 3\): pg_dump: error: the moon is full/,
    );
    assert.match(here.log(), /pg_dump: pg_dump: error: the moon is full/);
  });

  for (const [what, damage] of [
    ['is empty', `: >"$file"`],
    ['ends in its header', `truncate -s 3 "$file"`],
    ['ends in the middle', `truncate -s $((size / 2)) "$file"`],
    ['lacks its last byte', `truncate -s $((size - 1)) "$file"`],
    ['has another magic', `printf X | dd of="$file" conv=notrunc status=none`],
    ...[30, 50, 80].map(
      (percent) =>
        [
          `has a wrong byte at ${percent} %`,
          `at=$((size * ${percent} / 100))
       byte=$(od -An -tu1 -j $at -N 1 "$file")
       printf "\\\\x$(printf %x $((byte ^ 1)))" | dd of="$file" bs=1 seek=$at conv=notrunc status=none`,
        ] as const,
    ),
  ] as const) {
    test(`whose archive ${what} make no backup`, async (t) => {
      const client = wrapClient(client15, { pg_dump: `${DUMP}; ${damage}` }, t);
      const here = await start(t, { ...ALONE, PG_BIN_DIR: client });
      assertFailed(here, await here.run(['backup']), 9, /^The dump cannot be read back /);
      assert.equal(here.newest().record.proof, 'none');
    });
  }

  test('whose globals fail or are not complete make no backup', async (t) => {
    const failing = wrapClient(client15, { pg_dumpall: `echo 'no luck' >&2; exit 1` }, t);
    const here = await start(t, { PG_BIN_DIR: failing });
    assertFailed(
      here,
      await here.run(['backup']),
      8,
      /^pg_dumpall --globals-only failed \(exit code 1\): no luck/,
    );

    const short = wrapClient(client15, { pg_dumpall: `${DUMP}; truncate -s $((size / 2)) "$file"` }, t);
    const other = await start(t, { PG_BIN_DIR: short });
    assertFailed(other, await other.run(['backup']), 8, /is not complete/);
    const chinese = await start(t, { PG_BIN_DIR: short, BACKUP_LANG: 'zh' });
    assertFailed(chinese, await chinese.run(['backup']), 8, /退出码 0.*_globals\S* 不完整/);
  });

  test('that cannot be run at all are named', async (t) => {
    const bin = wrapClient(client15, {}, t);
    const here = await start(t, { PG_BIN_DIR: bin });
    const pgDump = join(here.directory, 'pg_dump');
    writeFileSync(pgDump, 'not a program');
    chmodSync(pgDump, 0o755);
    const result = await here.run(['backup'], { PG_BIN_DIR: here.directory });
    assertFailed(here, result, 3, /^Missing command: /);
  });

  async function start(t: TestContext, changes: Env = {}): Promise<Installation> {
    databases += 1;
    const database = `shop ${databases}`;
    await server.createDatabase(database);
    await server.psql('CREATE TABLE item AS SELECT md5(i::text) FROM generate_series(1, 2000) AS i', {
      database,
    });
    return install(t, server, database, changes);
  }
});
