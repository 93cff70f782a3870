import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import {
  createPlacesFinder,
  findPlaces,
  NotAnArchive,
  type Places,
  parseToc,
} from '../../src/archive/toc.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { dumpToPipe } from './dump.ts';

const HEADER_BYTES = 11;
const LONGEST_MILLISECONDS = 1000;
const MOST_BYTES = 64 * 1024 * 1024;

test('what does not begin like an archive is none', () => {
  for (const text of [
    'PGDMx',
    'pgdmp',
    '\0\0\0\0\0',
    '-- \n-- PostgreSQL database dump',
    'PK\u0003\u0004 is a zip file',
  ]) {
    assert.throws(() => parseToc(Buffer.from(text)), NotAnArchive, text);
  }
});

test('nothing, or the beginning of the magic, may become an archive', () => {
  for (const text of ['', 'P', 'PGDM', 'PGDMP']) assert.equal(parseToc(Buffer.from(text)), undefined);
});

for (const [what, ...header] of [
  ['an older version', 1, 13, 0, 4, 8, 1],
  ['a newer version', 1, 17, 0, 4, 8, 1],
  ['a newer major version', 2, 14, 0, 4, 8, 1],
  ['other integers', 1, 14, 0, 8, 8, 1],
  ['other offsets', 1, 14, 0, 4, 4, 1],
  ['the format of tar', 1, 16, 0, 4, 8, 3],
  ['the format of directories', 1, 16, 0, 4, 8, 5],
] as const) {
  test(`an archive with ${what} is none that is understood`, () => {
    const bytes = Buffer.concat([Buffer.from('PGDMP'), Buffer.from(header), Buffer.alloc(1000)]);
    assert.throws(() => parseToc(bytes), NotAnArchive);
  });
}

test('random bytes are no archive, or not yet one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      judge(Buffer.from(bytes));
    }),
  );
});

test('random bytes behind a good header are no archive, or not yet one', () => {
  const minors = fc.constantFrom(14, 15, 16);
  // Small values, so that lengths are often short enough to be read.
  const byte = fc.oneof(fc.constantFrom(0, 1, 2, 3, 255), fc.nat(255));
  fc.assert(
    fc.property(minors, fc.array(byte, { maxLength: 3000 }), (minor, rest) => {
      judge(Buffer.concat([headerOf(minor), Buffer.from(rest)]));
    }),
    { numRuns: 2000 },
  );
});

describe('a damaged table of contents', {
  skip: missing('postgres-server-15', 'postgres-client-15', 'postgres-client-17'),
}, () => {
  let server: PostgresServer;
  const archives: Buffer[] = [];
  before(async () => {
    server = await startPostgres();
    await server.psql(
      'CREATE TABLE item (id serial PRIMARY KEY, name text); CREATE VIEW v AS SELECT 1 AS a;',
    );
    for (const client of [15, 17]) archives.push(await dumpToPipe(client, server, 'postgres'));
  });
  after(() => server.stop());

  test('is an archive, not yet one, or none, and nothing else', () => {
    const flips = fc.array(fc.tuple(fc.nat(8000), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(1), flips, (index, changes) => {
        const bytes = Buffer.from(archives[index] ?? '');
        for (const [offset, value] of changes) bytes[offset % bytes.length] = value;
        judge(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  test('does not make anybody take more memory or time than it has bytes, however long it says to be', () => {
    for (const archive of archives) {
      for (let offset = HEADER_BYTES; offset < 1500; offset += 1) {
        const bytes = Buffer.from(archive);
        bytes.fill(0xff, offset, offset + 4);
        judge(bytes);
      }
    }
  });

  test('with a dependency that is no number is none', () => {
    const [archive = Buffer.alloc(0)] = archives;
    const needed = parseToc(archive)?.entries.find(({ dependencies }) => dependencies.length > 0)
      ?.dependencies[0];
    const text = Buffer.from(String(needed));
    const encoded = Buffer.concat([Buffer.from([0, text.length, 0, 0, 0]), text]);
    const at = archive.lastIndexOf(encoded);
    const bytes = Buffer.from(archive);
    bytes.write('x', at + 5);
    for (const read of [parseToc, findPlaces]) assert.throws(() => read(bytes), NotAnArchive);
  });

  test('with millions of dependencies is read in one go, in however small pieces it comes', () => {
    const [archive = Buffer.alloc(0)] = archives;
    const { entries = [] } = findPlaces(archive) ?? {};
    const [first] = entries;
    assert.ok(first);
    // Before the text that is none, which ends the dependencies of the first entry.
    const at = first.flagPosition - 5;
    const many = Buffer.alloc(1_000_000 * 6, Buffer.from([0, 1, 0, 0, 0, 0x31]));
    const bytes = Buffer.concat([archive.subarray(0, at), many, archive.subarray(at)]);
    // Beginning the entry anew for each piece would take hours.
    const find = createPlacesFinder();
    let places: Places | undefined;
    for (let end = 0; !places && end < bytes.length + 100; end += 100) places = find(bytes.subarray(0, end));
    assert.deepEqual(places, findPlaces(bytes));
    assert.equal(places?.entries.length, entries.length);
    assert.equal(parseToc(bytes)?.entries[0]?.dependencies.length, 1_000_000);
  });
});

function headerOf(minor: number): Buffer {
  const compression = minor === 14 ? [0, 6, 0, 0, 0] : [1];
  return Buffer.concat([Buffer.from('PGDMP'), Buffer.from([1, minor, 0, 4, 8, 1, ...compression])]);
}

/** Reads it in all ways, and fails where they do not agree, anything but NotAnArchive is thrown, or it takes what its size does not explain. */
function judge(bytes: Buffer): void {
  const toc = outcomeOf(() => parseToc(bytes));
  const places = outcomeOf(() => findPlaces(bytes));
  assert.equal(typeof places, typeof toc);
  const inPieces = outcomeOf(() => {
    const find = createPlacesFinder();
    for (let end = 0; end < bytes.length; end += Math.ceil(bytes.length / 10)) {
      const found = find(bytes.subarray(0, end));
      if (found) return found;
    }
    return find(bytes);
  });
  assert.deepEqual(inPieces, places);
}

function outcomeOf<T>(read: () => T): T | 'none' {
  const [started, before] = [process.threadCpuUsage(), process.memoryUsage()];
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof NotAnArchive, String(error));
    return 'none';
  } finally {
    const after = process.memoryUsage();
    const { user, system } = process.threadCpuUsage(started);
    assert.ok((user + system) / 1000 < LONGEST_MILLISECONDS);
    assert.ok(after.arrayBuffers - before.arrayBuffers < MOST_BYTES);
    assert.ok(after.heapUsed - before.heapUsed < MOST_BYTES);
  }
}
