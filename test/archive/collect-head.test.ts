import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CollectedHead, collectHead, HeadTooLong } from '../../src/archive/collect-head.ts';
import { findPlaces, NotAnArchive, type Places } from '../../src/archive/toc.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { dumpWithLongHead } from './dump.ts';

const CLIENTS = [15, 17] as const;

for (const client of CLIENTS) {
  describe(`the head of an archive of client ${client} that comes in pieces`, {
    skip: missing('postgres-server-15', `postgres-client-${client}`),
  }, () => {
    let server: PostgresServer;
    let archive: Buffer;
    let places: Places;
    before(async () => {
      server = await startPostgres();
      archive = await dumpWithLongHead(client, server);
      const found = findPlaces(archive);
      assert.ok(found);
      places = found;
      // Collected into more than the first memory for it, and into less than the whole.
      assert.ok(places.headBytes > 256 * 1024 && places.headBytes < archive.length / 2);
    });
    after(() => server.stop());

    for (const pieceBytes of [1, 7, 4096, 65536, 1e9]) {
      test(`is returned once, as soon as it is complete, in pieces of ${pieceBytes} bytes`, () => {
        const collect = collectHead();
        const returned: (CollectedHead & { end: number })[] = [];
        const piece = Buffer.alloc(Math.min(pieceBytes, archive.length));
        const until = Math.min(archive.length, places.headBytes + 10 * pieceBytes);
        for (let offset = 0; offset < until; offset += pieceBytes) {
          // As blocks are read: into the same one again and again.
          const copiedBytes = archive.copy(piece, 0, offset, offset + pieceBytes);
          const collected = collect(piece.subarray(0, copiedBytes));
          if (collected) returned.push({ ...collected, end: offset + copiedBytes });
        }
        piece.fill(0);
        const [only, ...others] = returned;
        assert.ok(only && others.length === 0);
        assert.ok(only.end - places.headBytes < pieceBytes);
        assert.deepEqual(only.places, places);
        assert.ok(only.head.equals(archive.subarray(0, places.headBytes)));
        assert.ok(only.rest.equals(archive.subarray(places.headBytes, only.end)));
      });
    }

    test('is nothing as long as a byte is missing', () => {
      const collect = collectHead();
      assert.equal(collect(archive.subarray(0, places.headBytes - 1)), undefined);
      assert.ok(collect(archive.subarray(places.headBytes - 1, places.headBytes)));
    });

    test('is looked at by whoever may refuse it, and is refused once', () => {
      const seen: number[] = [];
      const refusal = new NotAnArchive('of no use');
      const collect = collectHead((beginning) => {
        seen.push(beginning.length);
        if (beginning.length > 1000) throw refusal;
      });
      assert.equal(collect(archive.subarray(0, 700)), undefined);
      assert.throws(() => collect(archive.subarray(700, 1400)), refusal);
      assert.equal(collect(archive.subarray(1400)), undefined);
      assert.deepEqual(seen, [700, 1400]);
    });

    test('is not collected beyond its limit', () => {
      const collect = collectHead(undefined, places.headBytes - 1);
      assert.equal(collect(archive.subarray(0, places.headBytes - 1)), undefined);
      assert.throws(() => collect(archive.subarray(places.headBytes - 1)), HeadTooLong);
      assert.equal(collect(archive), undefined);
    });
  });
}

test('of what is no archive nothing is collected', () => {
  const collect = collectHead();
  assert.throws(() => collect(Buffer.from('nothing of the kind')), NotAnArchive);
  assert.equal(collect(Buffer.from('PGDMP')), undefined);
});
