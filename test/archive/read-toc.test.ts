import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { readTocOfStream } from '../../src/archive/read-toc.ts';
import { findPlaces, NotAnArchive, parseToc, type Toc } from '../../src/archive/toc.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { dumpWithLongHead } from './dump.ts';

describe('the table of contents of an archive that is being written', {
  skip: missing('postgres-server-15', 'postgres-client-15'),
}, () => {
  let server: PostgresServer;
  let archive: Buffer;
  let expected: Toc;
  let headBytes: number;
  before(async () => {
    server = await startPostgres();
    archive = await dumpWithLongHead(15, server);
    const [toc, places] = [parseToc(archive), findPlaces(archive)];
    assert.ok(toc && places);
    [expected, headBytes] = [toc, places.headBytes];
    assert.ok(headBytes > 256 * 1024 && headBytes < archive.length / 2);
  });
  after(() => server.stop());

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
    assert.ok(readBytes < headBytes + 2 * 4096, `${readBytes}`);
    assert.ok(stream.destroyed);
  });

  test('is none in a stream that ends before it, or that is something else', async () => {
    const streams = [archive.subarray(0, headBytes - 1), Buffer.alloc(0), Buffer.from('nothing of the kind')];
    for (const bytes of streams) {
      await assert.rejects(readTocOfStream(Readable.from([bytes])), NotAnArchive);
    }
  });
});
