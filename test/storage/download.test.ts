import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { PgBackupError } from '../../src/errors.ts';
import { type DownloadOptions, downloadObject } from '../../src/storage/download.ts';
import type { Store } from '../../src/storage/store.ts';
import { startChildScript } from '../harness/child-script.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { smallDisk } from '../integration/small-disk.ts';
import { until } from '../integration/until.ts';
import { aliOss } from '../oss-server/clients.ts';
import { openLocal } from './contract/open-local.ts';
import { openOssutil, openSdk } from './contract/open-oss.ts';
import { openRclone } from './contract/open-rclone.ts';
import { SOME_MEBIBYTES, type StoreUnderTest, testFile } from './contract/store-under-test.ts';
import { KEY, NAME, NEVER, openScene } from './sdk-test-store.ts';

const MEBIBYTE = 1024 ** 2;
const RANGE_BYTES = 64 * 1024;
/** Eight ranges, the last one not full. */
const CONTENT = randomBytes(8 * RANGE_BYTES - 100);
const REASON = new Error('the restore was interrupted');
const PASS = { kind: 'hold', until: Promise.resolve() } as const;
const HOLD = { kind: 'hold', until: new Promise<void>(() => {}) } as const;
const noDisk = missing('root', 'tmpfs');

const STORES: readonly [string, (t: TestContext) => Promise<StoreUnderTest>, false | string][] = [
  ['local', openLocal, false],
  ['sdk', openSdk, false],
  ['ossutil', openOssutil, missing('ossutil')],
  ['rclone', openRclone, missing('rclone')],
];
for (const [name, open, skip] of STORES) {
  test(`an object of ${name} is fetched in ranges, and nothing else stays`, { skip }, async (t) => {
    const { store } = await open(t);
    const content = randomBytes(SOME_MEBIBYTES);
    const { artifact } = await put(t, store, content);
    const file = join(temporaryDirectory(t), 'x');
    writeFileSync(file, 'what was there before');
    const told: number[] = [];
    const { counted, gets } = countGets(store);
    await downloadObject(counted, artifact, file, {
      signal: NEVER,
      rangeBytes: 2 * MEBIBYTE,
      onBytes: (done) => told.push(done),
    });
    assert.ok(readFileSync(file).equals(content));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(dirname(file)), ['x']);
    assert.equal(gets(), 3);
    assert.deepEqual([told[0], told.at(-1)], [0, content.length]);
    assert.deepEqual(
      told,
      told.toSorted((a, b) => a - b),
    );
  });
}

test('whatever the sizes and wherever attempts were interrupted, the file is the object', async (t) => {
  const { store } = await openLocal(t);
  const attempt = fc.record({ rangeBytes: fc.integer({ min: 1, max: 90 }), stopAt: fc.nat({ max: 120 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 120 }),
      fc.array(attempt, { maxLength: 2 }),
      async (bytes, attempts) => {
        const { artifact } = await put(t, store, Buffer.from(bytes));
        const file = join(temporaryDirectory(t), 'x');
        for (const { rangeBytes, stopAt } of attempts) {
          const stop = new AbortController();
          await downloadObject(store, artifact, file, {
            signal: stop.signal,
            rangeBytes: Math.max(rangeBytes, 10),
            onBytes: (done) => done >= stopAt && stop.abort(REASON),
          }).catch((error) => assert.equal(error, REASON));
        }
        await downloadObject(store, artifact, file, { signal: NEVER, rangeBytes: 13 });
        assert.deepEqual([...readFileSync(file)], [...bytes]);
        assert.deepEqual(readdirSync(dirname(file)), ['x']);
      },
    ),
    { numRuns: 40, examples: [[new Uint8Array(), []]] },
  );
});

test('an answer that is cut goes on from its next byte, for as long as bytes come', async (t) => {
  const { server, fetch, starts, isFetched } = await start(t, randomBytes(8 * MEBIBYTE));
  const fault = { kind: 'truncate', keepBytes: 2 * MEBIBYTE } as const;
  server.fail({ fault, operation: 'GetObject', times: 3 });
  const told: number[] = [];
  await fetch({ rangeBytes: 8 * MEBIBYTE, attempts: 2, onBytes: (done) => told.push(done) });
  assert.ok(isFetched());
  assert.equal(starts().length, 4);
  assert.deepEqual(
    starts(),
    starts().toSorted((a, b) => a - b),
  );
  assert.equal(new Set(starts()).size, 4);
  for (const byte of starts()) assert.ok(told.includes(byte), String(byte));
});

test('a connection that is reset is tried again', async (t) => {
  const { server, fetch, isFetched } = await start(t);
  server.fail({ fault: { kind: 'reset', afterBytes: 1000 }, operation: 'GetObject', times: 3 });
  await fetch();
  assert.ok(isFetched());
});

test('where no byte comes any more, that is told after some attempts', async (t) => {
  const { server, fetch, starts, file } = await start(t);
  server.fail({ fault: { kind: 'truncate', keepBytes: 0 }, operation: 'GetObject', times: Infinity });
  const error = await failureOf(fetch({ rangeBytes: CONTENT.length, attempts: 2 }));
  assert.deepEqual([error.code, error.parameters['storeCode']], ['FETCH_FAILED', 'ConnectionLost']);
  assert.deepEqual(starts(), [0, 0]);
  assert.ok(!existsSync(file));
});

test('a refusal is told at once', async (t) => {
  const { server, fetch, starts } = await start(t);
  server.fail({ fault: { kind: 'error', code: 'AccessDenied' }, operation: 'GetObject' });
  const error = await failureOf(fetch({ rangeBytes: CONTENT.length }));
  assert.deepEqual([error.code, error.parameters['storeCode']], ['FETCH_FAILED', 'AccessDenied']);
  assert.equal(starts().length, 1);
});

test('a refusal that rclone tells is told at once', { skip: missing('rclone') }, async (t) => {
  const { store, remote } = await openRclone(t);
  const { artifact } = await put(t, store, CONTENT);
  const refused = await remote?.withWrongKey();
  assert.ok(refused);
  const { counted, gets } = countGets({ ...store, get: refused.get });
  const error = await failureOf(
    downloadObject(counted, artifact, join(temporaryDirectory(t), 'x'), { signal: NEVER }),
  );
  assert.deepEqual([error.code, error.parameters['storeCode']], ['FETCH_FAILED', 'AccessDenied']);
  assert.equal(gets(), 1);
});

test('an object that is missing, from the start or in the middle, is told at once', async (t) => {
  const { store, objectFile } = await openLocal(t);
  const { artifact } = await put(t, store, CONTENT);
  const file = join(temporaryDirectory(t), 'x');
  const { counted, gets } = countGets(store);
  const onBytes = (): void => rmSync(objectFile('x') ?? '', { force: true });
  const noObject = { code: 'FETCH_FAILED', message: /there is no such object$/ };
  await assert.rejects(
    downloadObject(counted, artifact, file, { signal: NEVER, rangeBytes: RANGE_BYTES, onBytes }),
    noObject,
  );
  assert.equal(gets(), 4);
  await assert.rejects(downloadObject(counted, artifact, file, { signal: NEVER }), noObject);
  assert.equal(gets(), 4);
});

test('an object of another size is not fetched', async (t) => {
  const { server, store, file, starts } = await start(t);
  const asked = { name: NAME, sizeBytes: CONTENT.length + 1 };
  await assert.rejects(downloadObject(store, asked, file, { signal: NEVER }), {
    code: 'FETCH_FAILED',
    message: new RegExp(`it has ${CONTENT.length} bytes, the backup had ${CONTENT.length + 1}`),
  });
  assert.deepEqual(starts(), []);
  assert.ok(server.requests.length > 0);
  assert.ok(!existsSync(file));
});

test('after a kill -9 the next attempt fetches only the rest', async (t) => {
  const { server, endpoint, uploadsDirectory, file, fetch, starts, isFetched, rememberedBytes } =
    await start(t);
  server.fail({ fault: PASS, operation: 'GetObject', times: 3 });
  server.fail({ fault: HOLD, operation: 'GetObject', times: Infinity });
  const script = new URL('./download-child.ts', import.meta.url);
  const args = [endpoint, uploadsDirectory, String(CONTENT.length), String(RANGE_BYTES), file];
  const downloader = startChildScript(t, script, args);
  await until(() => [rememberedBytes(), starts().length], [3 * RANGE_BYTES, 7]);
  downloader.child.kill('SIGKILL');
  assert.equal(await downloader.ended, 'SIGKILL');
  assert.equal(statSync(`${file}.partial`).mode & 0o777, 0o600);

  server.heal();
  const asked = starts();
  const told: number[] = [];
  await fetch({ onBytes: (done) => told.push(done) });
  assert.equal(told[0], 3 * RANGE_BYTES);
  const every = [...Array(8).keys()].map((index) => index * RANGE_BYTES);
  const finishedAndNew = [...asked.slice(0, 3), ...starts().slice(asked.length)];
  assert.deepEqual(
    finishedAndNew.toSorted((one, other) => one - other),
    every,
  );
  assert.ok(isFetched());
  assert.deepEqual(readdirSync(dirname(file)), ['x']);
});

test('an interruption ends at once with its reason, and what has arrived stays', async (t) => {
  const content = randomBytes(4 * MEBIBYTE);
  const { server, fetch, starts, isFetched, file } = await start(t, content);
  const stall = { kind: 'stall', afterBytes: MEBIBYTE, until: HOLD.until } as const;
  server.fail({ fault: stall, operation: 'GetObject' });
  const stop = new AbortController();
  const onBytes = (done: number): void => {
    if (done === MEBIBYTE) stop.abort(REASON);
  };
  const interrupted = fetch({ rangeBytes: content.length, signal: stop.signal, onBytes });
  await assert.rejects(interrupted, (error) => error === REASON);
  assert.ok(!existsSync(file));
  await fetch();
  assert.deepEqual(starts().slice(0, 2), [0, MEBIBYTE]);
  assert.ok(isFetched());
  await assert.rejects(fetch({ signal: stop.signal }), (error) => error === REASON);
});

test('an object that was replaced in between is fetched anew', async (t) => {
  const { server, fetch, starts, file } = await interrupted(t);
  const other = randomBytes(CONTENT.length);
  await aliOss(server).put(KEY, other);
  const before = starts().length;
  await fetch();
  assert.equal(starts().length - before, 8);
  assert.ok(readFileSync(file).equals(other));
});

test('an attempt that nobody touched is resumed', async (t) => {
  const { fetch, starts, isFetched } = await interrupted(t);
  const before = starts().length;
  await fetch();
  assert.equal(starts().length - before, 5);
  assert.ok(isFetched());
});

type Change = (paths: { readonly partial: string; readonly state: string; readonly other: string }) => void;

/** Changes what the state says. */
function says(change: (state: Record<string, unknown>) => unknown): Change {
  return ({ state }) => writeFileSync(state, JSON.stringify(change(JSON.parse(readFileSync(state, 'utf8')))));
}
const claims = (...present: readonly object[]): Change => says((state) => ({ ...state, present }));

const CHANGES: Readonly<Record<string, Change>> = {
  'a state that is gone': ({ state }) => rmSync(state),
  'a state that was cut': ({ state }) => truncateSync(state, 20),
  'an empty state': ({ state }) => truncateSync(state, 0),
  'a state of another version': says((state) => ({ ...state, version: 2 })),
  'a state of another object': says((state) => ({ ...state, url: 'oss://other/x' })),
  'a state of an object without a checksum': says(({ checksum, ...state }) => state),
  'a state that is no object': says(() => []),
  'a state that claims more than there can be': claims({ start: 0, end: CONTENT.length + 1 }),
  'a state that claims more than the file has': claims({ start: 0, end: CONTENT.length - 1 }),
  'a state whose ranges overlap': claims({ start: 0, end: 9 }, { start: 4, end: 12 }),
  'a state whose ranges are no numbers': claims({ start: '0', end: '9' }),
  'a state that is larger than any': ({ state }) => truncateSync(state, 2 ** 31),
  'a state behind a link': ({ state, other }) => {
    renameSync(state, `${other}.state`);
    symlinkSync(`${other}.state`, state);
  },
  'a pipe for a state': ({ state }) => {
    rmSync(state);
    execFileSync('mkfifo', [state]);
  },
  'a file that is gone': ({ partial }) => rmSync(partial),
  'a file that was cut': ({ partial }) => truncateSync(partial, RANGE_BYTES),
  'a file that is too long': ({ partial }) => truncateSync(partial, CONTENT.length + 1),
  'a file with holes in its place': ({ partial }) => {
    writeFileSync(`${partial}.new`, '');
    truncateSync(`${partial}.new`, CONTENT.length);
    renameSync(`${partial}.new`, partial);
  },
  'a file behind a link': ({ partial, other }) => {
    copyFileSync(partial, other);
    rmSync(partial);
    symlinkSync(other, partial);
  },
  'a pipe for a file': ({ partial }) => {
    rmSync(partial);
    execFileSync('mkfifo', [partial]);
  },
};
for (const [what, change] of Object.entries(CHANGES)) {
  test(`nothing is trusted: ${what}`, async (t) => {
    const { fetch, starts, isFetched, file } = await interrupted(t);
    const other = join(temporaryDirectory(t), 'other');
    writeFileSync(other, 'of somebody else');
    change({ partial: `${file}.partial`, state: `${file}.ranges.json`, other });
    const otherContent = readFileSync(other);
    const before = starts().length;
    await fetch();
    assert.equal(starts().length - before, 8);
    assert.ok(isFetched());
    assert.ok(readFileSync(other).equals(otherContent));
    assert.deepEqual(readdirSync(dirname(file)), ['x']);
  });
}

test('a directory in the place of the file is left alone', async (t) => {
  const { fetch, file } = await start(t);
  mkdirSync(`${file}.partial`);
  await assert.rejects(fetch(), { code: 'STORAGE_FAILED' });
  assert.ok(statSync(`${file}.partial`).isDirectory());
});

test('an answer with more bytes than were asked for is none, and nothing of it counts', async (t) => {
  const { store } = await openLocal(t);
  const content = randomBytes(SOME_MEBIBYTES);
  const { artifact } = await put(t, store, content);
  const file = join(temporaryDirectory(t), 'x');
  const options = { signal: NEVER, rangeBytes: 2 * MEBIBYTE };
  const whole: Store = { ...store, get: (name, { signal }) => store.get(name, { signal }) };
  await assert.rejects(downloadObject(whole, artifact, file, options), {
    code: 'FETCH_FAILED',
    message: /more bytes came than were asked for/,
  });
  assert.ok(statSync(`${file}.partial`).size <= content.length);
  assert.deepEqual(readdirSync(dirname(file)), ['x.partial']);
  await downloadObject(store, artifact, file, options);
  assert.ok(readFileSync(file).equals(content));
});

test('an answer that ends early in good order is tried again for the rest', async (t) => {
  const { store } = await openLocal(t);
  const { artifact } = await put(t, store, CONTENT);
  const file = join(temporaryDirectory(t), 'x');
  const asked: unknown[] = [];
  const short: Store = {
    ...store,
    get(name, { range = { start: 0, end: 0 }, signal }) {
      asked.push(range);
      const end = asked.length === 1 ? range.end - 10 : range.end;
      return store.get(name, { range: { ...range, end }, signal });
    },
  };
  await downloadObject(short, artifact, file, { signal: NEVER });
  const end = CONTENT.length - 1;
  assert.deepEqual(asked, [
    { start: 0, end },
    { start: end - 9, end },
  ]);
  assert.ok(readFileSync(file).equals(CONTENT));
});

for (const [what, disturb] of [
  ['replaced', (partial: string) => renameSync(join(dirname(partial), 'new'), partial)],
  ['cut', (partial: string) => truncateSync(partial, 0)],
] as const) {
  test(`a file that another process has ${what} is never taken for the object`, async (t) => {
    const { fetch, file } = await start(t);
    const onBytes = (done: number): void => {
      if (done !== CONTENT.length) return;
      writeFileSync(join(dirname(file), 'new'), Buffer.alloc(CONTENT.length));
      disturb(`${file}.partial`);
    };
    await assert.rejects(fetch({ onBytes }), { code: 'FETCH_FAILED', message: /another process/ });
    assert.ok(!existsSync(file));
  });
}

test('a disk without room for all of it is told before the first byte', { skip: noDisk }, async (t) => {
  const { fetchTo, starts } = await start(t);
  const disk = await smallDisk(t, CONTENT.length - RANGE_BYTES);
  await assert.rejects(fetchTo(join(disk, 'x')), { code: 'DISK_FULL' });
  assert.deepEqual(starts(), []);
});

test('a disk that fills up in the middle is told, and what came before is resumed', {
  skip: noDisk,
}, async (t) => {
  const { server, fetchTo, starts, rememberedBytes } = await start(t);
  const disk = await smallDisk(t, CONTENT.length + RANGE_BYTES);
  const file = join(disk, 'x');
  const { promise, resolve: release } = Promise.withResolvers<void>();
  server.fail({ fault: PASS, operation: 'GetObject', times: 2 });
  server.fail({ fault: { kind: 'hold', until: promise }, operation: 'GetObject', times: Infinity });
  const failed = assert.rejects(fetchTo(file), { code: 'DISK_FULL' });
  await until(() => [rememberedBytes(file), starts().length], [2 * RANGE_BYTES, 6]);
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize));
  release();
  await failed;
  assert.equal(rememberedBytes(file), 2 * RANGE_BYTES);
  assert.ok(!existsSync(file));

  rmSync(join(disk, 'filler'));
  server.heal();
  const before = starts().length;
  await fetchTo(file);
  assert.equal(starts().length - before, 6);
  assert.ok(readFileSync(file).equals(CONTENT));
});

/** An object on the OSS stand-in. */
async function start(t: TestContext, content: Buffer = CONTENT) {
  const { server, store, uploadsDirectory } = await openScene(t);
  await aliOss(server).put(KEY, content);
  const file = join(temporaryDirectory(t), 'x');
  const fetchTo = (path: string, options: Partial<DownloadOptions> = {}): Promise<void> =>
    downloadObject(store, { name: NAME, sizeBytes: content.length }, path, {
      signal: NEVER,
      rangeBytes: RANGE_BYTES,
      ...options,
    });
  return {
    server,
    endpoint: server.endpoint,
    store,
    uploadsDirectory,
    file,
    fetchTo,
    fetch: (options: Partial<DownloadOptions> = {}) => fetchTo(file, options),
    isFetched: () => readFileSync(file).equals(content),
    /** The first byte of each range that was asked for. */
    starts: () =>
      server.requests
        .filter(({ operation }) => operation === 'GetObject')
        .map(({ headers }) => Number(/^bytes=(\d+)-/.exec(headers['range'] ?? '')?.[1])),
    /** What the state says is there. */
    rememberedBytes(path = file) {
      if (!existsSync(`${path}.ranges.json`)) return 0;
      const { present } = JSON.parse(readFileSync(`${path}.ranges.json`, 'utf8')) as {
        present: { start: number; end: number }[];
      };
      return present.reduce((sum, { start, end }) => sum + end - start, 0);
    },
  };
}

/** The same, with three of the eight ranges fetched. */
async function interrupted(t: TestContext) {
  const scene = await start(t);
  const { server, fetch, starts, rememberedBytes } = scene;
  server.fail({ fault: PASS, operation: 'GetObject', times: 3 });
  server.fail({ fault: HOLD, operation: 'GetObject', times: Infinity });
  const stop = new AbortController();
  const fetching = assert.rejects(fetch({ signal: stop.signal }), (error) => error === REASON);
  await until(() => [rememberedBytes(), starts().length], [3 * RANGE_BYTES, 7]);
  stop.abort(REASON);
  await fetching;
  server.heal();
  return scene;
}

async function put(t: TestContext, store: Store, content: Buffer) {
  const source = await testFile(store, temporaryDirectory(t), 'x', content);
  await store.put(source.path, source.artifact, { overwrite: true, signal: NEVER });
  return source;
}

function countGets(store: Store): { readonly counted: Store; readonly gets: () => number } {
  let count = 0;
  const counted: Store = {
    ...store,
    get(name, options) {
      count += 1;
      return store.get(name, options);
    },
  };
  return { counted, gets: () => count };
}

async function failureOf(promise: Promise<unknown>): Promise<PgBackupError> {
  return promise.then(
    () => assert.fail('it should fail'),
    (error) => error as PgBackupError,
  );
}
