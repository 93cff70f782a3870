import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { checkHead } from '../../src/archive/check-head.ts';
import { findPlaces, type Places } from '../../src/archive/toc.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { dumpToPipe, runClient } from './dump.ts';

const [OTHER, WRONG_OFFSET] = [/not what was written first/, /the offset of entry \d+ .* does not lead/];
const NO_FAULT = 'no fault';

describe('the head of an archive', { skip: missing('postgres-server-15', 'postgres-client-15') }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.psql(`CREATE TABLE item AS SELECT i, md5(i::text) AS text FROM generate_series(1, 500) AS i;
      CREATE TABLE empty (a int); SELECT lo_from_bytea(0, 'large');`);
  });
  after(() => server.stop());

  for (const major of clientDirectories().keys()) {
    if (major < 15) continue;
    test(`of pg_dump ${major} is right where nothing but the offsets has changed`, async (t) => {
      const { path, bytes, before } = await dumped(t, major);
      assert.notDeepEqual(before.bytes, bytes.subarray(0, before.places.headBytes));
      const head = bytes.subarray(0, before.places.headBytes);
      const asItIs = { sha256: createHash('sha256').update(head).digest('hex') };
      assert.deepEqual(await checkHead(path, before.bytes), asItIs);
      // What was read when all was written already.
      assert.deepEqual(await checkHead(path, head), asItIs);
    });
  }

  test('of a dump to a pipe, which has no offsets, is right', async (t) => {
    const path = join(temporaryDirectory(t), 'archive');
    const bytes = await dumpToPipe(15, server, 'postgres');
    writeFileSync(path, bytes);
    assert.equal(await faultOf(path, bytes.subarray(0, placesOf(bytes).headBytes)), NO_FAULT);
  });

  test('with any other change is found out', async (t) => {
    const { path, bytes, before } = await dumped(t, 15);
    const { entries, headBytes } = before.places;
    const flagPositions = entries.map(({ flagPosition }) => flagPosition);
    const change = async (position: number, by = 1): Promise<string> => {
      const changed = Buffer.from(bytes);
      changed.writeUInt8((changed.readUInt8(position) + by) % 256, position);
      writeFileSync(path, changed);
      return faultOf(path, before.bytes);
    };
    const isOffset = (position: number): boolean =>
      flagPositions.some((flag) => position >= flag && position < flag + 9);
    for (let position = 0; position < headBytes; position += 97) {
      if (!isOffset(position)) assert.match(await change(position), OTHER, `byte ${position}`);
    }
    const withData = flagPositions.filter((position) => bytes[position] === 2);
    assert.equal(withData.length, 3);
    for (const position of withData) assert.match(await change(position + 1), WRONG_OFFSET);
    const [first = 0, second = 0] = withData;
    bytes.copy(bytes, first + 1, second + 1, second + 9);
    writeFileSync(path, bytes);
    assert.match(await faultOf(path, before.bytes), WRONG_OFFSET);
  });

  test('in which an entry with data has none any more is found out', async (t) => {
    const { path, bytes, before } = await dumped(t, 15);
    for (const { flagPosition } of before.places.entries) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(bytes[flagPosition] === 3 ? 1 : 3, flagPosition);
      writeFileSync(path, changed);
      assert.match(await faultOf(path, before.bytes), OTHER, `flag at ${flagPosition}`);
    }
  });

  test('that is cut short is found out', async (t) => {
    const { path, bytes, before } = await dumped(t, 15);
    for (const length of [0, 3, before.places.headBytes - 1]) {
      writeFileSync(path, bytes.subarray(0, length));
      assert.notEqual(await faultOf(path, before.bytes), NO_FAULT, `${length} bytes`);
    }
  });

  /** An archive that pg_dump wrote to a file, and its head as it was before the offsets were written. */
  async function dumped(t: TestContext, major: number) {
    const path = join(temporaryDirectory(t), 'archive');
    await runClient(major, 'pg_dump', server, '--format=custom', `--file=${path}`, 'postgres');
    const bytes = readFileSync(path);
    const places = placesOf(bytes);
    const first = Buffer.from(bytes.subarray(0, places.headBytes));
    for (const { flagPosition: at } of places.entries) {
      if (first[at] === 2) first.fill(0, at, at + 9).writeUInt8(1, at);
    }
    return { path, bytes, before: { bytes: first, places } };
  }
});

async function faultOf(path: string, before: Buffer): Promise<string> {
  const checked = await checkHead(path, before);
  return 'fault' in checked ? checked.fault.en : NO_FAULT;
}

function placesOf(bytes: Buffer): Places {
  const places = findPlaces(bytes);
  assert.ok(places);
  return places;
}
