import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import { parseToc } from '../../../src/archive/toc.ts';
import { missing } from '../../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../../harness/postgres-server.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { clientProgram } from '../dump.ts';
import { type Both, dumpBoth, restoreBySeveral } from './reencoded.ts';

const TABLES = 10_000;
const ROWS = 2_000_000;
const LARGE_OBJECTS = 5000;
const VALUE_BYTES = 200_000_000;
/** Chunks from the pipe, in the threads, and compressed, and what is garbage of them until it is collected. */
const MOST_BUFFERED_BYTES = 48 * 1024 * 1024;

/** That an archive of much of everything is what pg_dump's own is; `major` is that of a server that the client can restore to without an error. */
export function proveMuch(client: number, major: number, level: number): void {
  const skip = missing(`postgres-server-${major}`, `postgres-client-${client}`);
  describe(`a re-encoded archive of much, client ${client}`, { skip }, () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres({ major, settings: { max_locks_per_transaction: '4096' } });
    });
    after(() => server.stop());

    test('restores ten thousand tables', async (t) => {
      const database = await databaseOf(
        'tables',
        `DO $$ BEGIN FOR i IN 1..${TABLES} LOOP
           EXECUTE format('CREATE TABLE t%s AS SELECT g AS id, md5(g::text) AS text FROM generate_series(1, %s) g', i, i % 4);
         END LOOP; END $$`,
      );
      const { ours, theirs, result } = await dumpMuch(t, database);
      assert.equal(await hashOfScript(client, ours), await hashOfScript(client, theirs));
      const toc = parseToc(readFileSync(ours));
      for (const { dumpId, tag, kind } of toc?.entries ?? []) {
        if (kind === 'TABLE DATA')
          assert.equal(result.rowsByDumpId.get(dumpId), Number(tag.slice(1)) % 4, tag);
      }
      assert.equal(result.rowsByDumpId.size, TABLES);
    });

    test('restores thousands of large objects, empty ones too', async (t) => {
      const database = await databaseOf(
        'objects',
        `SELECT count(lo_from_bytea(50000 + g, CASE WHEN g % 3 > 0 THEN sha512(g::text::bytea) ELSE '' END))
           FROM generate_series(1, ${LARGE_OBJECTS}) g`,
      );
      const { ours, theirs } = await dumpMuch(t, database);
      assert.equal(await hashOfScript(client, ours), await hashOfScript(client, theirs));
      const target = await databaseOf('objects again', '');
      await restoreBySeveral(client, server, target, ours);
      const sum =
        'SELECT count(*), sum(hashtextextended(lo_get(oid)::text, oid::int8)) FROM pg_largeobject_metadata';
      const expected = await server.psql(sum, { database });
      assert.match(expected, new RegExp(`^${LARGE_OBJECTS}\\|`));
      assert.equal(await server.psql(sum, { database: target }), expected);
    });

    test('restores an enormous table, and knows its rows', async (t) => {
      const database = await databaseOf(
        'table',
        `CREATE TABLE item AS SELECT g AS id, md5(g::text) AS text FROM generate_series(1, ${ROWS}) g`,
      );
      const { ours, theirs, result, mostBufferedBytes } = await dumpMuch(t, database);
      assert.ok(mostBufferedBytes < MOST_BUFFERED_BYTES, `${mostBufferedBytes} bytes`);
      assert.equal(await hashOfScript(client, ours), await hashOfScript(client, theirs));
      assert.deepEqual([...result.rowsByDumpId.values()], [ROWS]);
    });

    test('has little in memory of an enormous value', async (t) => {
      const database = await databaseOf(
        'value',
        `CREATE TABLE item AS
           SELECT repeat(string_agg(md5(g::text), ''), 8) AS value FROM generate_series(1, ${VALUE_BYTES / 32 / 8}) g`,
      );
      const { ours, theirs, mostBufferedBytes } = await dumpMuch(t, database);
      assert.ok(mostBufferedBytes < MOST_BUFFERED_BYTES, `${mostBufferedBytes} bytes`);
      assert.equal(await hashOfScript(client, ours), await hashOfScript(client, theirs));
    });

    async function databaseOf(name: string, sql: string): Promise<string> {
      await server.createDatabase(name);
      await server.psql(sql, { database: name });
      return name;
    }

    async function dumpMuch(t: TestContext, database: string): Promise<Both & { mostBufferedBytes: number }> {
      const before = process.memoryUsage().arrayBuffers;
      let mostBufferedBytes = 0;
      const timer = setInterval(() => {
        mostBufferedBytes = Math.max(mostBufferedBytes, process.memoryUsage().arrayBuffers - before);
      }, 10);
      const both = await dumpBoth(temporaryDirectory(t), client, server, database, { level });
      clearInterval(timer);
      return { ...both, mostBufferedBytes };
    }
  });
}

/** Of all that pg_restore prints: too much to keep. */
async function hashOfScript(client: number, archive: string): Promise<string> {
  // Not each client can be told the key of psql's restricted mode, which is random otherwise.
  const restricted = client === 16 ? [] : ['--restrict-key=k'];
  const pgRestore = spawn(clientProgram(client, 'pg_restore'), [...restricted, '--file=-', archive], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const hash = createHash('sha256');
  pgRestore.stdout.on('data', (chunk) => hash.update(chunk));
  const [exitCode] = await once(pgRestore, 'close');
  assert.equal(exitCode, 0);
  return hash.digest('hex');
}
