import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import { findPlaces, parseToc, type Toc } from '../../src/archive/toc.ts';
import { inspectArchive } from '../../src/backup/inspect-archive.ts';
import { dumpToPipe } from '../archive/dump.ts';
import { chunksOf } from '../archive/reencode/reencoded.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';

const GARBAGE_PIECES = 200;
const GARBAGE_BYTES = 1024 * 1024;
const KEPT_BYTES = 20 * 1024 * 1024;
const CHUNK_BYTES = 4096;
/** A client, and what it is told of compression. */
const WAYS = [
  [15, '0'],
  [15, '6'],
  [17, 'none'],
  [17, 'gzip:1'],
  [17, 'lz4'],
  [17, 'zstd:3'],
] as const;
const CUT = {
  code: 'DUMP_FAILED',
  message: /^pg_dump failed \(exit code 0\): .*not a whole archive: cut short/,
};

describe('an archive that passes', {
  skip: missing('postgres-server-15', 'postgres-client-15', 'postgres-client-17'),
}, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ major: 15 });
    await server.psql(
      `CREATE TABLE bulk AS SELECT i, md5(i::text) AS text FROM generate_series(1, 20000) AS i`,
    );
    await server.createDatabase('small');
    const tables = `CREATE TABLE first (id int, name text); INSERT INTO first VALUES (1, 'a'), (2, 'b');
      CREATE TABLE empty (); CREATE TABLE last AS SELECT md5(g::text) FROM generate_series(1, 6) g;
      SELECT lo_from_bytea(70000, ''), lo_from_bytea(70001, 'some'), lo_from_bytea(4294967290, 'above');`;
    await server.psql(tables, { database: 'small' });
  });
  after(() => server.stop());

  for (const [client, compression] of WAYS) {
    const dump = (database: string, ...more: string[]): Promise<Buffer> =>
      dumpToPipe(client, server, database, `--compress=${compression}`, ...more);

    test(`is told while its data are still to come, and is passed on: client ${client}, ${compression}`, async () => {
      const archive = await dump('postgres');
      const places = findPlaces(archive);
      assert.ok(places);
      const told: Toc[] = [];
      const tap = inspectArchive({ onToc: (toc) => told.push(toc), isReadBack: false });
      const passed = buffer(tap);
      await pipeline(async function* () {
        let bytes = 0;
        for await (const chunk of chunksOf(archive, CHUNK_BYTES)) {
          if (bytes >= places.headBytes + CHUNK_BYTES) assert.equal(told.length, 1);
          bytes += chunk.length;
          yield chunk;
        }
      }, tap);
      assert.ok((await passed).equals(archive));
      assert.deepEqual(told, [parseToc(archive)]);
    });

    test(`is refused wherever it is cut: client ${client}, ${compression}`, async () => {
      const archive = await dump('small');
      const headBytes = findPlaces(archive)?.headBytes ?? 0;
      const cuts = [...steps(0, headBytes, 97), ...steps(headBytes, archive.length, 1)];
      assert.ok(cuts.length > 150);
      for (const end of cuts) {
        for (const isReadBack of [true, false]) {
          await assert.rejects(inspect(archive.subarray(0, end), isReadBack), CUT, `cut at ${end}`);
        }
      }
      assert.ok((await inspect(archive, false)).equals(archive));
    });

    test(`may hold no data at all: client ${client}, ${compression}`, async () => {
      for (const option of ['--schema-only', '--section=pre-data', '--exclude-table-data=*', '--inserts']) {
        const archive = await dump('small', option);
        assert.ok((await inspect(archive, false)).equals(archive));
      }
    });
  }

  test('is refused with bytes behind its end, at once', async () => {
    const archive = await dumpToPipe(15, server, 'small');
    const longer = Buffer.concat([archive, Buffer.from([1, 0, 1, 0, 0, 0])]);
    await assert.rejects(inspect(longer, true), { code: 'DUMP_FAILED', message: /not a whole archive/ });
  });

  test('of a format that is not known passes, whatever it holds', async () => {
    const archive = await dumpToPipe(15, server, 'small');
    archive.writeUInt8(99, 6);
    for (const bytes of [archive, archive.subarray(0, -100)]) {
      for (const isReadBack of [true, false]) assert.ok((await inspect(bytes, isReadBack)).equals(bytes));
    }
  });

  test('whose table of contents is damaged, or that is none, passes only where it is read back', async () => {
    const archive = await dumpToPipe(15, server, 'small');
    archive.writeUInt8(9, findPlaces(archive)?.entries[0]?.flagPosition ?? 0);
    for (const bytes of [archive, Buffer.from('-- PostgreSQL database dump')]) {
      assert.ok((await inspect(bytes, true)).equals(bytes));
      await assert.rejects(inspect(bytes, false), { code: 'DUMP_FAILED', message: /not a whole archive/ });
    }
  });
});

test('of what is no archive nothing is told, and nothing is kept', async () => {
  const told: Toc[] = [];
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  let passedBytes = 0;
  const tap = inspectArchive({ onToc: (toc) => told.push(toc), isReadBack: true });
  tap.on('data', (chunk: Buffer) => {
    passedBytes += chunk.length;
  });
  const piece = Buffer.alloc(GARBAGE_BYTES, 'PGDMP');
  await pipeline(async function* () {
    for (let index = 0; index < GARBAGE_PIECES; index += 1) {
      yield piece;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
  }, tap);
  assert.deepEqual(told, []);
  assert.equal(passedBytes, GARBAGE_PIECES * GARBAGE_BYTES);
  assert.ok(most < KEPT_BYTES, `${most} bytes were kept`);
});

async function inspect(bytes: Buffer, isReadBack: boolean): Promise<Buffer> {
  const tap = inspectArchive({ onToc: undefined, isReadBack });
  const passed = buffer(tap);
  const [content] = await Promise.all([passed, pipeline(Readable.from(chunksOf(bytes, CHUNK_BYTES)), tap)]);
  return content;
}

function steps(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
}
