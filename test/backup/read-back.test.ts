import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { findPlaces } from '../../src/archive/toc.ts';
import { measureCounted } from '../../src/backup/measure-counted.ts';
import { type Counted, readBack } from '../../src/backup/read-back.ts';
import { extendCrc64 } from '../../src/files/crc64.ts';
import { openOnceBegun } from '../../src/files/growing-file.ts';
import { type Client, findClients } from '../../src/postgres/clients.ts';
import { runClient } from '../archive/dump.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';

const client15 = clientDirectories().get(15) ?? '';
const LONG = { timeout: 30_000 };
const DAMAGED = { code: 'ARCHIVE_DAMAGED' };

describe('an archive that is read back while it is written', {
  skip: missing('postgres-server-15', 'postgres-client-15'),
}, () => {
  let server: PostgresServer;
  let client: Client;
  let archive: Buffer;
  before(async () => {
    server = await startPostgres();
    await server.psql(`CREATE TABLE item AS SELECT i, md5(i::text) AS text FROM generate_series(1, 50000) AS i;
      CREATE TABLE other AS SELECT * FROM item LIMIT 1000`);
    client = await clientIn(client15);
    const path = join(temporaryDirectory(), 'archive');
    await runClient(15, 'pg_dump', server, '--format=custom', `--file=${path}`, 'postgres');
    archive = readFileSync(path);
  });
  after(() => server.stop());

  test('is told with its contents long before its end, and counted as the store will', LONG, async (t) => {
    const { path, whole, reading, heads, seen } = start(t);
    writeFileSync(path, archive.subarray(0, 100_000));
    await until(() => heads.length, 1);
    await until(() => seen.bytes, 100_000);
    appendFileSync(path, archive.subarray(100_000));
    whole.abort();
    const counted = await reading;
    assert.equal(counted?.sizeBytes, archive.length);
    const head = archive.subarray(0, findPlaces(archive)?.headBytes);
    assert.ok(heads[0]?.equals(head));
    assert.equal(counted.headSha256, createHash('sha256').update(head).digest('hex'));
    assert.equal(seen.bytes, archive.length);
    assert.deepEqual(await measured(path, counted), {
      name: 'x.dump',
      sizeBytes: archive.length,
      sha256: createHash('sha256').update(archive).digest('hex'),
      crc64: extendCrc64('0', archive),
    });
  });

  test('may get its offsets at its end, and nothing else', LONG, async (t) => {
    const places = findPlaces(archive);
    assert.ok(places);
    const unplaced = Buffer.from(archive);
    for (const { flagPosition: at } of places.entries) if (archive[at] === 2) unplaced[at] = 1;
    for (const changed of [undefined, 30]) {
      const { path, whole, reading, seen } = start(t);
      writeFileSync(path, unplaced);
      await until(() => seen.bytes, archive.length);
      const head = Buffer.from(archive.subarray(0, places.headBytes));
      if (changed !== undefined) head.writeUInt8(head.readUInt8(changed) ^ 1, changed);
      overwrite(path, 0, head);
      whole.abort();
      if (changed === undefined) assert.equal((await reading)?.sizeBytes, archive.length);
      else
        await assert.rejects(reading, { ...DAMAGED, message: /table of contents is not what was written/ });
    }
  });

  test('is refused where it ends early', LONG, async (t) => {
    for (const length of [0, 3, 1000, archive.length - 1]) {
      const { path, whole, reading } = start(t);
      writeFileSync(path, archive.subarray(0, length));
      whole.abort();
      await assert.rejects(reading, DAMAGED, `${length} bytes`);
    }
  });

  test('is refused where it has lost bytes after they were read', LONG, async (t) => {
    const { path, whole, reading, seen } = start(t);
    writeFileSync(path, archive);
    await until(() => seen.bytes, archive.length);
    truncateSync(path, archive.length - 1);
    whole.abort();
    await assert.rejects(reading, { ...DAMAGED, message: /lost bytes/ });
  });

  test('is refused where a byte has changed after it was read', LONG, async (t) => {
    for (const percent of [30, 60, 99]) {
      const { path, whole, reading, seen } = start(t);
      writeFileSync(path, archive);
      await until(() => seen.bytes, archive.length);
      const at = Math.floor((archive.length * percent) / 100);
      overwrite(path, at, Buffer.from([archive.readUInt8(at) ^ 1]));
      whole.abort();
      const counted = await reading;
      await assert.rejects(measured(path, counted), { ...DAMAGED, message: /has changed after it was read/ });
    }
  });

  test('is refused where its head has changed after it was compared', LONG, async (t) => {
    const { path, counted } = await readWhole(t);
    const places = findPlaces(archive);
    assert.ok(places);
    const placed = places.entries.find(({ flagPosition: at }) => archive[at] === 2);
    assert.ok(placed);
    // A name; where the data of an entry are; and its last byte.
    for (const at of [archive.indexOf('postgres') + 1, placed.flagPosition + 1, places.headBytes - 1]) {
      overwrite(path, 0, archive);
      overwrite(path, at, Buffer.from([archive.readUInt8(at) ^ 1]));
      await assert.rejects(measured(path, counted), { ...DAMAGED, message: /has changed after it was read/ });
    }
  });

  test('is measured while it is still being read, and is refused with that', LONG, async (t) => {
    const { path, counted } = await readWhole(t);
    const later = Promise.withResolvers<Counted | undefined>();
    let measuredBytes = 0;
    const measuring = measureCounted(
      path,
      '/data/x.dump',
      { headBytes: Promise.resolve(findPlaces(archive)?.headBytes), counted: later.promise },
      {
        ...{ also: 'md5', signal: new AbortController().signal },
        onBytes: (bytes) => {
          measuredBytes = bytes;
        },
      },
    );
    await until(() => measuredBytes, archive.length);
    later.resolve(counted);
    assert.equal((await measuring).md5, createHash('md5').update(archive).digest('hex'));

    const refusal = new Error('pg_restore does not like it');
    for (const headBytes of [undefined, 100]) {
      const refused = { headBytes: Promise.resolve(headBytes), counted: Promise.reject(refusal) };
      refused.counted.catch(() => {});
      await assert.rejects(
        measureCounted(path, '/data/x.dump', refused, {
          ...{ also: 'crc64', signal: new AbortController().signal, onBytes: () => {} },
        }),
        refusal,
      );
    }
  });

  test('is refused at once where it is damaged, before it is whole', LONG, async (t) => {
    const { path, reading } = start(t);
    const damaged = Buffer.from(archive);
    damaged.fill(0xff, 200_000, 200_100);
    writeFileSync(path, damaged);
    await assert.rejects(reading, DAMAGED);
  });

  test('of a format that is not known here is read a second time by pg_restore alone', LONG, async (t) => {
    const log = join(temporaryDirectory(t), 'log');
    const script = `echo "$@" >> '${log}'; cat > /dev/null`;
    const own = await clientIn(wrapClient(client15, { pg_restore: script }, t));
    const { path, whole, reading } = start(t, own);
    const unknown = Buffer.from(archive);
    unknown.writeUInt8(99, 6);
    writeFileSync(path, unknown);
    whole.abort();
    assert.equal(await reading, undefined);
    assert.equal(readFileSync(log, 'utf8'), `--file=/dev/null\n--file=/dev/null ${path}\n`);
    const { sha256, crc64 } = await measured(path, undefined);
    assert.equal(sha256, createHash('sha256').update(unknown).digest('hex'));
    assert.equal(crc64, extendCrc64('0', unknown));
  });

  test('is read to its end also where pg_restore is content before', LONG, async (t) => {
    const own = await clientIn(wrapClient(client15, { pg_restore: 'head -c 50000 > /dev/null' }, t));
    const { path, whole, reading } = start(t, own);
    writeFileSync(path, archive);
    whole.abort();
    assert.equal((await reading)?.sizeBytes, archive.length);
  });

  test('ends at once with what ends the dump, and pg_restore with it', LONG, async (t) => {
    const pid = join(temporaryDirectory(t), 'pid');
    const script = `echo $$ > '${pid}'; exec "$REAL" "$@"`;
    const own = await clientIn(wrapClient(client15, { pg_restore: script }, t));
    const { path, reading, stop, seen } = start(t, own);
    writeFileSync(path, archive);
    await until(() => seen.bytes, archive.length);
    stop.abort(new Error('pg_dump has failed'));
    await assert.rejects(reading, /pg_dump has failed/);
    const process15 = Number(readFileSync(pid, 'utf8'));
    assert.throws(() => process.kill(process15, 0), { code: 'ESRCH' });
  });

  async function readWhole(t: TestContext) {
    const { path, whole, reading } = start(t);
    writeFileSync(path, archive);
    whole.abort();
    return { path, counted: await reading };
  }

  function start(t: TestContext, own = client) {
    const path = join(temporaryDirectory(t), 'x.partial');
    const [whole, stop] = [new AbortController(), new AbortController()];
    const heads: Buffer[] = [];
    const seen = { bytes: 0 };
    const read = async (): Promise<Counted | undefined> => {
      const ends = { whole: whole.signal, signal: stop.signal };
      await using file = await openOnceBegun(path, ends);
      return await readBack(own, path, file, {
        ...{ ...ends, environment: { LC_ALL: 'C' }, encryption: undefined, also: 'crc64' },
        onHead: (head) => heads.push(head),
        onBytes: (bytes) => Object.assign(seen, { bytes }),
      });
    };
    const reading = read();
    reading.catch(() => {});
    t.after(() => stop.abort());
    return { path, whole, stop, reading, heads, seen };
  }
});

function measured(path: string, counted: Counted | undefined) {
  const headBytes = counted && findPlaces(readFileSync(path))?.headBytes;
  const reading = { headBytes: Promise.resolve(headBytes), counted: Promise.resolve(counted) };
  return measureCounted(path, '/data/x.dump', reading, {
    ...{ also: 'crc64', signal: new AbortController().signal, onBytes: () => {} },
  });
}

function overwrite(path: string, position: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, position);
  closeSync(file);
}

async function clientIn(directory: string): Promise<Client> {
  const [client] = await findClients(directory, undefined);
  assert.ok(client);
  return client;
}
