import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { CutShort, NotReencodable } from '../../../src/archive/reencode/head.ts';
import { reencodeArchive } from '../../../src/archive/reencode/reencode.ts';
import { findPlaces, NotAnArchive } from '../../../src/archive/toc.ts';
import { missing } from '../../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../../harness/postgres-server.ts';
import { dumpToPipe } from '../dump.ts';
import { chunksOf, reencodeBytes, USUAL } from './reencoded.ts';

const CLIENTS = [15, 16, 17] as const;
const skip = missing('postgres-server-15', ...CLIENTS.map((major) => `postgres-client-${major}` as const));

describe('an archive that is not whole', { skip }, () => {
  let server: PostgresServer;
  const archives = new Map<number, Buffer>();
  before(async () => {
    server = await startPostgres({ major: 15 });
    await server.psql(`CREATE TABLE first (id int, name text); INSERT INTO first VALUES (1, 'a'), (2, 'b');
      CREATE TABLE empty (); CREATE TABLE last AS SELECT md5(g::text) FROM generate_series(1, 6) g;
      SELECT lo_from_bytea(70000, ''), lo_from_bytea(70001, 'some'), lo_from_bytea(4294967290, 'above');`);
    for (const client of CLIENTS)
      archives.set(client, await dumpToPipe(client, server, 'postgres', '--compress=0'));
  });
  after(() => server.stop());

  for (const client of CLIENTS) {
    test(`is refused wherever it is cut: client ${client}`, async () => {
      const archive = archiveOf(client);
      const head = headBytesOf(archive);
      // In the data everywhere, and in what is before them now and then.
      const cuts = [...steps(0, head, 97), ...steps(head, archive.length, 1)];
      assert.ok(cuts.length > 200);
      for (const end of cuts) {
        await assert.rejects(reencodeBytes(archive.subarray(0, end)), CutShort, `cut at ${end}`);
      }
      assert.ok((await reencodeBytes(archive)).length > head);
    });

    test(`is refused with bytes behind its end: client ${client}`, async () => {
      for (const bytes of [[0], [1], [1, 0, 0, 0, 0, 0], [3, 255]]) {
        const longer = Buffer.concat([archiveOf(client), Buffer.from(bytes)]);
        await assert.rejects(reencodeBytes(longer), NotAnArchive, String(bytes));
      }
    });

    test(`is refused where any byte between the contents is another: client ${client}`, async () => {
      const archive = archiveOf(client);
      const places = structureOf(archive);
      assert.ok(places.length > 100);
      for (const place of places) {
        for (const bit of [1, 2, 16, 128]) {
          const damaged = Buffer.from(archive);
          damaged.writeUInt8(archive.readUInt8(place) ^ bit, place);
          await assert.rejects(reencodeBytes(damaged), NotAnArchive, `bit ${bit} at ${place}`);
        }
      }
    });

    test(`is refused where an entry does not say whether it has data: client ${client}`, async () => {
      const archive = archiveOf(client);
      const { entries = [] } = findPlaces(archive) ?? {};
      assert.ok(entries.length > 5);
      for (const { flagPosition } of entries) {
        for (const flag of [0, 4, 255]) {
          const damaged = Buffer.from(archive);
          damaged.writeUInt8(flag, flagPosition);
          await assert.rejects(reencodeBytes(damaged), NotAnArchive, `${flag} at ${flagPosition}`);
        }
      }
    });

    test(`is an archive, or refused, whatever is changed: client ${client}`, async () => {
      const archive = archiveOf(client);
      const changes = fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), {
        minLength: 1,
        maxLength: 4,
      });
      await fc.assert(
        fc.asyncProperty(changes, async (flips) => {
          const damaged = Buffer.from(archive);
          for (const [place, value] of flips) damaged.writeUInt8(value, place);
          const outcome = await reencodeBytes(damaged).catch((error) => error);
          assert.ok(Buffer.isBuffer(outcome) || outcome instanceof NotAnArchive, String(outcome));
        }),
        { numRuns: 40 },
      );
    });

    for (const [what, args] of [
      ['compressed', []],
      ['compressed at level 1', ['--compress=1']],
    ] as const) {
      test(`is left alone where its data are ${what}: client ${client}`, async () => {
        await assertRefusedAtOnce(await dumpToPipe(client, server, 'postgres', ...args));
      });
    }

    for (const [what, place, value] of [
      ['another major version', 5, 2],
      ['an older version', 6, 13],
      ['a newer version', 6, 17],
      ['other integers', 8, 8],
      ['other offsets', 9, 4],
      ['the format of tar', 10, 3],
    ] as const) {
      test(`is left alone with ${what}: client ${client}`, async () => {
        const other = Buffer.from(archiveOf(client));
        other.writeUInt8(value, place);
        await assertRefusedAtOnce(other);
      });
    }

    test(`is the same in whatever chunks it comes: client ${client}`, async () => {
      const archive = archiveOf(client);
      const usual = await reencodeBytes(archive);
      for (const chunkBytes of [1, 2, 3, 5, 7, 4096, archive.length]) {
        assert.ok((await reencodeBytes(archive, { chunkBytes })).equals(usual), String(chunkBytes));
      }
    });
  }

  test('is none at all where the stream ends before it begins', async () => {
    await assert.rejects(reencodeBytes(Buffer.alloc(0)), CutShort);
    await assert.rejects(reencodeBytes(Buffer.from('pg_dump: error: connection failed')), NotAnArchive);
  });

  test("fails with the source's own error", async () => {
    const failure = new Error('the pipe broke');
    async function* source(): AsyncGenerator<Buffer> {
      yield archiveOf(17).subarray(0, -10);
      throw failure;
    }
    await assert.rejects(Array.fromAsync(reencodeArchive(source(), USUAL).pieces), failure);
  });

  test('has no result before its end', async () => {
    const { pieces, result } = reencodeArchive(chunksOf(archiveOf(17), 1000), USUAL);
    assert.throws(result);
    await Array.fromAsync(pieces);
    assert.ok(result().patches.length > 0);
  });

  function archiveOf(client: number): Buffer {
    const archive = archives.get(client);
    assert.ok(archive);
    return archive;
  }
});

/** Nothing came out, so something else can still be done. */
async function assertRefusedAtOnce(archive: Buffer): Promise<void> {
  const { pieces } = reencodeArchive(chunksOf(archive, 4096), USUAL);
  await assert.rejects(async () => {
    for await (const piece of pieces) assert.fail(`${piece.length} bytes came out`);
  }, NotReencodable);
}

function headBytesOf(archive: Buffer): number {
  const headBytes = findPlaces(archive)?.headBytes;
  assert.ok(headBytes);
  return headBytes;
}

function steps(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
}

/** Where types, dump ids and lengths stand in the data. The OIDs of large objects are left out: any will do. */
function structureOf(archive: Buffer): number[] {
  const places: number[] = [];
  let at = headBytesOf(archive);
  const integer = (): number => {
    for (let place = at; place < at + 5; place += 1) places.push(place);
    at += 5;
    return archive.readUInt32LE(at - 4);
  };
  const blocks = (): void => {
    for (let length = integer(); length > 0; length = integer()) at += length;
  };
  while (at < archive.length) {
    const type = archive.readUInt8(at);
    places.push(at);
    at += 1;
    integer();
    if (type === 1) blocks();
    else {
      for (let oid = integer(); oid > 0; oid = integer()) {
        places.splice(-5);
        blocks();
      }
    }
  }
  return places;
}
