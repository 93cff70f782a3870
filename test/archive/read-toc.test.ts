import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { createTocCollector, readTocOfFile, readTocOfStream } from '../../src/archive/read-toc.ts';
import { NotAnArchive, parseToc, type Toc } from '../../src/archive/toc.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { dumpToPipe } from './dump.ts';

describe('the table of contents of an archive that is being written', {
  skip: missing('postgres-server-15', 'postgres-client-15'),
}, () => {
  let server: PostgresServer;
  let archive: Buffer;
  let expected: Toc;
  /** Where it ends, and the data begins. */
  let end: number;
  before(async () => {
    server = await startPostgres();
    // Large enough that pg_dump's pipe and the first look at a file do not hold all of it.
    await server.psql(`SELECT format('CREATE TABLE t%s (a int, b text DEFAULT %L)', i, repeat('x', 500)) FROM generate_series(1, 400) i \\gexec
      CREATE TABLE bulk AS SELECT i, md5(i::text) AS text FROM generate_series(1, 50000) AS i`);
    archive = await dumpToPipe(15, server, 'postgres', '--compress=0');
    const toc = parseToc(archive);
    assert.ok(toc);
    expected = toc;
    end = archive.length;
    while (parseToc(archive.subarray(0, end / 2))) end = Math.floor(end / 2);
    while (parseToc(archive.subarray(0, end - 1000))) end -= 1000;
    assert.ok(end > 256 * 1024 && end < archive.length / 2);
  });
  after(() => server.stop());

  for (const pieceBytes of [1, 4096, 65536, 1e9]) {
    test(`is told once, soon after it is complete, in pieces of ${pieceBytes} bytes`, () => {
      const collector = createTocCollector();
      const toldAt: number[] = [];
      // The end in small pieces only, as a whole archive of single bytes takes long.
      const from = pieceBytes === 1 ? end - 2000 : 0;
      if (from > 0) assert.equal(collector.add(archive.subarray(0, from)), undefined);
      const to = pieceBytes === 1 ? Math.ceil(end * 2.1) : archive.length;
      for (let offset = from; offset < to; offset += pieceBytes) {
        const toc = collector.add(archive.subarray(offset, Math.min(to, offset + pieceBytes)));
        if (!toc) continue;
        assert.deepEqual(toc, expected);
        toldAt.push(offset);
      }
      assert.equal(toldAt.length, 1);
      assert.ok(Number(toldAt[0]) < end * 2 + pieceBytes);
      assert.equal(collector.end(), undefined);
    });
  }

  test('is told at the end where nothing comes after it', () => {
    const collector = createTocCollector();
    assert.equal(collector.add(archive.subarray(0, end - 1500)), undefined);
    assert.equal(collector.add(archive.subarray(end - 1500, end)), undefined);
    assert.deepEqual(collector.end(), expected);
    assert.equal(collector.end(), undefined);
  });

  test('is read from a stream, of which the rest stays unread', async () => {
    let readBytes = 0;
    const stream = Readable.from(
      (function* () {
        for (let offset = 0; offset < archive.length; offset += 4096) {
          readBytes = offset;
          yield archive.subarray(offset, offset + 4096);
        }
      })(),
    );
    assert.deepEqual(await readTocOfStream(stream), expected);
    assert.ok(readBytes < archive.length / 2);
    assert.ok(stream.destroyed);
  });

  test('is none in a stream that ends before it, or that is something else', async () => {
    const streams = [archive.subarray(0, end - 1500), Buffer.alloc(0), Buffer.from('nothing of the kind')];
    for (const bytes of streams) {
      await assert.rejects(readTocOfStream(Readable.from([bytes])), NotAnArchive);
    }
  });

  test('is read from a file, however long it is', async (t) => {
    const path = join(temporaryDirectory(t), 'archive');
    await writeFile(path, archive);
    assert.deepEqual(await readTocOfFile(path), expected);
    await writeFile(path, archive.subarray(0, end - 1500));
    assert.equal(await readTocOfFile(path), undefined);
    await writeFile(path, 'nothing of the kind');
    await assert.rejects(readTocOfFile(path), NotAnArchive);
  });
});
