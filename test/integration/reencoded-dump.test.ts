import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { findPlaces, parseToc } from '../../src/archive/toc.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { assertFailed } from './assert-failed.ts';
import { byHand } from './client-program.ts';
import { type Env, type Installation, install } from './installation.ts';
import { smallDisk } from './small-disk.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const client15 = clientDirectories().get(15) ?? '';
const ROWS = 40_000;
const ENCRYPTED: Env = { BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_PASSPHRASE: 'correct horse' };
/** The position of the header that says how the data are compressed, for clients up to 15: a level. */
const LEVEL_AT = 12;

describe('a dump that is compressed here', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let databases = 0;
  before(async () => {
    server = await startPostgres();
    await server.psql(`
      CREATE TABLE item AS SELECT i, md5(i::text) || E'\\n' || md5((-i)::text) AS text FROM generate_series(1, ${ROWS}) AS i;
      CREATE TABLE empty (a int);
      CREATE TABLE part (a int) PARTITION BY LIST (a);
      CREATE TABLE "Part 1" PARTITION OF part FOR VALUES IN (1);
      INSERT INTO part SELECT 1 FROM generate_series(1, 7);
      CREATE TABLE hidden AS SELECT 1 AS a; ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; ALTER TABLE hidden FORCE ROW LEVEL SECURITY;
      SELECT lo_from_bytea(0, 'large');`);
  });
  after(() => server.stop());

  test('restores to the same, has its offsets, and says what it is', async (t) => {
    const here = await start(t, { BACKUP_COMPRESS: '4', BACKUP_COMPRESS_THREADS: '2' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const { report, record } = here.newest();
    assert.deepEqual([record.proof, record.compression], ['read', '4']);
    const archive = readFileSync(report.local.file);
    assert.equal(archive.readUInt32LE(LEVEL_AT), 4);
    const withData = parseToc(archive)?.entries.filter(({ hasData }) => hasData) ?? [];
    const placed = findPlaces(archive)?.entries.filter(({ flagPosition }) => archive[flagPosition] === 2);
    assert.equal(placed?.length, withData.length);
    assert.ok(withData.length >= 5);

    const restored = `restored ${record.database}`;
    await server.createDatabase(restored);
    const connection = `--dbname=dbname='${restored}'`;
    await byHand(server, 'pg_restore', '--exit-on-error', '--jobs=2', connection, report.local.file);
    const count = 'SELECT count(*), sum(hashtext(text)) FROM item UNION ALL SELECT count(*), 0 FROM part';
    assert.equal(
      await server.psql(count, { database: restored }),
      await server.psql(count, { database: record.database }),
    );
  });

  for (const [what, options] of [
    ['as it is', ''],
    ['as INSERT statements', '--inserts'],
    ['with names and lines of its own', '--column-inserts --rows-per-insert=100 --disable-triggers -v'],
    ['through the root of its partitions', '--load-via-partition-root'],
    ['without the rows of a table', '--exclude-table-data=item'],
  ] as const) {
    test(`agrees with its fingerprint: ${what}`, async (t) => {
      const here = await start(t, { PG_DUMP_EXTRA_OPTS: options });
      const { exitCode, stderr } = await here.run(['backup']);
      assert.equal(exitCode, 0, stderr);
      const { fingerprint } = here.newest().record;
      assert.equal(fingerprint?.status, 'complete');
      assert.equal(fingerprint.rowsByTable['public."Part 1"'], 7);
    });
  }

  for (const [what, env] of [
    ['', {}],
    [', encrypted', ENCRYPTED],
  ] as const) {
    test(`that lacks a row is no backup${what}`, async (t) => {
      // A row less, as pg_dump would write it where an index hid the row from it.
      const here = await start(t, { ...env, ...withPgDump(t, WITHOUT_A_ROW) });
      assertFailed(
        here,
        await here.run(['backup']),
        9,
        new RegExp(
          `^The dump holds ${ROWS - 1} rows of public\\.item, but ${ROWS} were counted under the same snapshot`,
        ),
      );
      assert.equal(here.newest().record.error?.stage, 'fingerprint');
    });

    test(`that ends early is no backup, though pg_dump says that all is well${what}`, async (t) => {
      const here = await start(t, { ...env, ...withPgDump(t, '"$REAL" "$@" | head -c 1000000') });
      assertFailed(
        here,
        await here.run(['backup']),
        8,
        /^pg_dump failed \(exit code 0\): what it wrote is not a whole archive/,
      );
    });

    test(`whose pg_dump fails half-way is no backup, and pg_dump is quoted${what}`, async (t) => {
      const script = '"$REAL" "$@" | head -c 1000000; echo "pg_dump: error: the moon is full" >&2; exit 3';
      const here = await start(t, { ...env, ...withPgDump(t, script) });
      assertFailed(
        here,
        await here.run(['backup']),
        8,
        /^pg_dump failed \(exit code 3\): .*the moon is full/,
      );
    });

    test(`is compressed by pg_dump where its archive is not known here${what}`, async (t) => {
      // Version 1.99 to a pipe that is not compressed; pg_dump's own otherwise.
      const script = `case " $* " in *" --compress=0 "*) "$REAL" "$@" | { head -c 6; head -c 1 >/dev/null; printf '\\143'; cat; } ;; *) exec "$REAL" "$@" ;; esac`;
      const here = await start(t, { ...env, ...withPgDump(t, script) });
      const { exitCode, stderr } = await here.run(['backup']);
      assert.equal(exitCode, 0, stderr);
      assert.match(here.log(), /pg_dump compresses the dump itself, on one core: .*format 1\.99/);
      const { record } = here.newest();
      assert.deepEqual([record.proof, record.fingerprint?.status], ['read', 'complete']);
      assert.deepEqual(here.leftovers(), []);
    });
  }

  test('is left to pg_dump where no thread is to do it, or it is no gzip', async (t) => {
    for (const env of [{ BACKUP_COMPRESS_THREADS: '0' }, { BACKUP_COMPRESS: '0' }]) {
      const script = `echo "told: $*" >&2; exec "$REAL" "$@"`;
      const here = await start(t, { ...env, ...withPgDump(t, script) });
      assert.equal((await here.run(['backup'])).exitCode, 0);
      assert.match(here.log(), /told: .*--file=/);
    }
  });

  test('of a version that only pg_restore knows is read back by that alone', async (t) => {
    // Version 1.99, and a pg_restore that takes whatever comes.
    const pg_dump = `for option; do case $option in --file=*) file=\${option#--file=};; *) options+=("$option");; esac; done
      "$REAL" "\${options[@]}" | { head -c 6; head -c 1 >/dev/null; printf '\\143'; cat; } > "$file"`;
    const directory = wrapClient(client15, { pg_dump, pg_restore: 'cat "${2:--}" > /dev/null' }, t);
    const here = await start(t, { PG_BIN_DIR: directory, BACKUP_COMPRESS_THREADS: '0' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const { report, record } = here.newest();
    assert.equal(readFileSync(report.local.file).readUInt8(6), 99);
    assert.deepEqual([record.proof, record.fingerprint], ['read', undefined]);
  });

  test('on a disk that is full is told as such', { skip: missing('tmpfs') }, async (t) => {
    const disk = await smallDisk(t, 1024 * 1024);
    const base = { BACKUP_BASE_DIR: join(disk, 'base'), BACKUP_LOG_DIR: join(disk, 'log') };
    // The globals would meet the full disk, too.
    const here = await start(t, { ...base, BACKUP_COMPRESS_THREADS: '2', INCLUDE_GLOBALS: 'false' });
    assertFailed(
      here,
      await here.run(['backup']),
      10,
      /^No space left on the device while writing .*\.dump\.partial/,
    );
    assert.equal(here.newest().record.error?.stage, 'dump');
  });

  async function start(t: TestContext, changes: Env): Promise<Installation> {
    databases += 1;
    const database = `reencoded ${databases}`;
    await server.psql(`CREATE DATABASE "${database}" TEMPLATE postgres`, { database: 'template1' });
    return install(t, server, database, { PG_BIN_DIR: client15, BACKUP_COMPRESS_THREADS: '1', ...changes });
  }
});

/** Without compression a row is a block of its own: its length, after the byte of its sign, and the line. */
const TAKE_A_ROW = `
  const { readFileSync, writeSync } = require('node:fs');
  const archive = readFileSync(0);
  const row = archive.indexOf('20000\\t');
  const end = row + archive.readUInt32LE(row - 4);
  for (const piece of [archive.subarray(0, row - 5), archive.subarray(end)])
    for (let from = 0; from < piece.length; ) from += writeSync(1, piece, from);`;
const WITHOUT_A_ROW = `"$REAL" "$@" | '${process.execPath}' -e "${TAKE_A_ROW}"`;

function withPgDump(t: TestContext, script: string): Env {
  return { PG_BIN_DIR: wrapClient(client15, { pg_dump: script }, t) };
}
