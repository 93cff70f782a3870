import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FIRST_PART_BYTES } from '../../src/storage/part-plan.ts';
import type { Following, FollowOutcome, Store } from '../../src/storage/store.ts';
import { startChildScript } from '../harness/child-script.ts';
import { until } from '../integration/until.ts';
import { aliOss, bucket } from '../oss-server/clients.ts';
import { artifactOf, KEY, NAME, NEVER, openScene, partsAndABit, type Scene } from './sdk-test-store.ts';
import { NOBODY_WAITS } from './upload-fates.ts';

const NEW = { overwrite: false, signal: NEVER };
const HALF = FIRST_PART_BYTES / 2;
const ALWAYS = Number.POSITIVE_INFINITY;
const REFUSAL = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
const UNAVAILABLE = { kind: 'error', status: 503, code: 'ServiceUnavailable' } as const;

test('parts are sent while the file grows, after its end only the rest, and put has only to complete', async (t) => {
  const scene = await openScene(t);
  const { server, store, stored, count, remembered } = scene;
  const writer = startWriter(t, scene, partsAndABit(4));
  const following = follow(store, writer.path, NEVER);
  await writer.say(`append ${2 * FIRST_PART_BYTES + HALF}`);
  await sentParts(scene, following, [2]);
  await writer.say(`append ${FIRST_PART_BYTES}`);
  await sentParts(scene, following, [2, 3]);
  await writer.say(`append ${partsAndABit(4) - 3 * FIRST_PART_BYTES - HALF}`);
  await sentParts(scene, following, [2, 3, 4]);
  await writer.say('head 5000');
  assert.equal(following.sentBytes(), 3 * FIRST_PART_BYTES);
  assert.deepEqual(await finished(following, 5000), { sentBytes: 3 * FIRST_PART_BYTES });
  assert.equal(following.sentBytes(), partsAndABit(4));
  assert.deepEqual(server.uploads(bucket)[0]?.partNumbers, [1, 2, 3, 4, 5]);

  const final = join(scene.directory, NAME);
  renameSync(writer.path, final);
  const bytes = readFileSync(final);
  const told: number[] = [];
  await store.put(final, artifactOf(bytes), { ...NEW, onBytes: (sent) => told.push(sent) });
  assert.ok(stored().equals(bytes));
  assert.equal(count('UploadPart'), 5);
  assert.equal(count('InitiateMultipartUpload'), 1);
  assert.equal(told.at(-1), bytes.length);
  assert.deepEqual([remembered(), server.uploads(bucket)], [[], []]);
});

test('a head longer than a part: what was sent of it is sent again', async (t) => {
  const scene = await openScene(t);
  const { store, stored, count } = scene;
  const { writer, following } = await sendAllFullParts(t, scene, 3);
  await writer.say(`head ${FIRST_PART_BYTES + HALF}`);
  assert.deepEqual(await finished(following, FIRST_PART_BYTES + HALF), { sentBytes: 2 * FIRST_PART_BYTES });
  const bytes = readFileSync(writer.path);
  await store.put(writer.path, artifactOf(bytes), NEW);
  assert.ok(stored().equals(bytes));
  assert.equal(count('UploadPart'), 2 + 3);
});

test('a head of which nobody knows how long it is: what was sent is compared', async (t) => {
  const scene = await openScene(t);
  const { store, stored, count } = scene;
  const { writer, following } = await sendAllFullParts(t, scene, 3);
  await writer.say(`head ${FIRST_PART_BYTES + HALF}`);
  await finished(following, Number.POSITIVE_INFINITY);
  const bytes = readFileSync(writer.path);
  await store.put(writer.path, artifactOf(bytes), NEW);
  assert.ok(stored().equals(bytes));
  assert.equal(count('UploadPart'), 2 + 3);
});

test('what changed all the same after it was sent is found out, and the next attempt sends it again', async (t) => {
  const scene = await openScene(t);
  const { store, stored, remembered } = scene;
  const { writer, following } = await sendAllFullParts(t, scene, 3);
  await finished(following, 5000);
  await writer.say(`head ${FIRST_PART_BYTES + HALF}`);
  const bytes = readFileSync(writer.path);
  const artifact = artifactOf(bytes);
  await assert.rejects(store.put(writer.path, artifact, NEW), { code: 'REMOTE_MISMATCH' });
  await store.put(writer.path, artifact, { ...NEW, overwrite: true });
  assert.ok(stored().equals(bytes));
  assert.deepEqual(remembered(), []);
});

test('a passing fault is got over while the file grows', async (t) => {
  const scene = await openScene(t);
  scene.server.fail({ fault: { kind: 'reset', afterBytes: 3_000_000 }, operation: 'UploadPart' });
  scene.server.fail({ fault: UNAVAILABLE, operation: 'UploadPart', times: 2 });
  const { following } = await sendAllFullParts(t, scene, 3);
  assert.deepEqual(await finished(following, 0), { sentBytes: 2 * FIRST_PART_BYTES });
});

for (const [what, fault] of [
  ['a refusal', REFUSAL],
  ['an outage', UNAVAILABLE],
] as const) {
  for (const operation of ['InitiateMultipartUpload', 'UploadPart'] as const) {
    test(`${what} of ${operation} ends the sending and is told; put makes up for it`, async (t) => {
      const scene = await openScene(t, { retries: 1 });
      const { server, store, stored } = scene;
      server.fail({ fault, operation, times: ALWAYS });
      const writer = startWriter(t, scene, partsAndABit(3));
      const following = follow(store, writer.path, NEVER);
      await writer.say(`append ${partsAndABit(3)}`);
      await server.waitForRequest((request) => request.operation === operation);
      const { sentBytes, failure } = await finished(following, 0);
      assert.equal(sentBytes, 0);
      assert.equal((failure as { code?: string }).code, 'UPLOAD_FAILED');
      server.heal();
      const bytes = readFileSync(writer.path);
      await store.put(writer.path, artifactOf(bytes), NEW);
      assert.ok(stored().equals(bytes));
      assert.deepEqual(server.uploads(bucket), []);
    });
  }
}

for (const [what, fault, isWaitedOut] of [
  ['an outage', UNAVAILABLE, true],
  ['a connection that breaks', { kind: 'reset', afterBytes: 1000 }, true],
  ['a refusal', REFUSAL, undefined],
] as const) {
  test(`${what} once the file is complete: ${isWaitedOut ? 'it was waited out' : 'put may do better'}`, async (t) => {
    const scene = await openScene(t, { retries: 1 });
    const { following } = await sendAllFullParts(t, scene, 3);
    scene.server.fail({ fault, operation: 'UploadPart', times: ALWAYS });
    const outcome = await finished(following, 0);
    assert.equal((outcome.failure as { code?: string }).code, 'UPLOAD_FAILED');
    assert.equal(outcome.isWaitedOut, isWaitedOut);
  });
}

test('an abort gives up what was sent, with parts under way and after an interruption too', async (t) => {
  for (const isInterrupted of [false, true]) {
    const scene = await openScene(t);
    const { server, remembered, count } = scene;
    const hold = { kind: 'hold', until: new Promise<void>(() => {}) } as const;
    server.fail({ fault: { kind: 'hold', until: Promise.resolve() }, operation: 'UploadPart' });
    server.fail({ fault: hold, operation: 'UploadPart', times: ALWAYS });
    const writer = startWriter(t, scene, partsAndABit(3));
    const interruption = new AbortController();
    const following = follow(scene.store, writer.path, interruption.signal);
    await writer.say(`append ${partsAndABit(3)}`);
    await server.waitForRequest(() => count('UploadPart') === 2);
    if (isInterrupted) interruption.abort();
    await following.abort();
    assert.deepEqual([server.uploads(bucket), remembered()], [[], []]);
    await following.abort();
    assert.equal(count('AbortMultipartUpload'), 1);
  }
});

test('an abort that OSS does not hear stays remembered', async (t) => {
  const scene = await openScene(t);
  const { server, store, remembered } = scene;
  server.fail({ fault: REFUSAL, operation: 'AbortMultipartUpload' });
  const { following } = await sendAllFullParts(t, scene, 2);
  await following.abort();
  assert.equal(remembered().length, 1);
  assert.deepEqual(await store.clearAbandoned?.(NOBODY_WAITS, NEVER), []);
  assert.deepEqual([server.uploads(bucket), remembered()], [[], []]);
});

test('an interruption is no failure, and what was sent stays for the next attempt', async (t) => {
  const scene = await openScene(t);
  const { server, store, count } = scene;
  const interruption = new AbortController();
  const { writer, following } = await sendAllFullParts(t, scene, 2, interruption.signal);
  interruption.abort();
  assert.deepEqual(await finished(following, 0), { sentBytes: FIRST_PART_BYTES });
  const bytes = readFileSync(writer.path);
  await store.put(writer.path, artifactOf(bytes), NEW);
  assert.equal(count('UploadPart'), 3);
  assert.deepEqual(server.uploads(bucket), []);
});

for (const operation of ['UploadPart', 'CompleteMultipartUpload'] as const) {
  test(`an object that is cut short at ${operation} is found out, known as ours and replaced`, async (t) => {
    const scene = await openScene(t);
    const { server, store, stored, remembered } = scene;
    server.fail({ fault: { kind: 'truncate', keepBytes: 200_000 }, operation });
    const { writer, following } = await sendAllFullParts(t, scene, 2);
    await finished(following, 0);
    const bytes = readFileSync(writer.path);
    const artifact = artifactOf(bytes);
    await assert.rejects(store.put(writer.path, artifact, NEW), { code: 'REMOTE_MISMATCH' });
    assert.equal(server.objects(bucket)[0]?.metadata['sha256'], undefined);
    assert.equal((await store.stat(NAME, NEVER))?.sha256, artifact.sha256);

    // The attempt that would replace it is cut off: it must be known as ours after that, too.
    const interruption = new AbortController();
    const hold = { kind: 'hold', until: new Promise<void>(() => {}) } as const;
    server.fail({ fault: hold, operation: 'UploadPart', times: ALWAYS });
    const replacing = store.put(writer.path, artifact, { overwrite: true, signal: interruption.signal });
    await server.waitForRequest(
      (request) => request.operation === 'UploadPart' && request.status === 'pending',
    );
    interruption.abort();
    await assert.rejects(replacing);
    server.heal();
    assert.equal((await store.stat(NAME, NEVER))?.sha256, artifact.sha256);
    await store.put(writer.path, artifact, { overwrite: true, signal: NEVER });
    assert.ok(stored().equals(bytes));
    assert.deepEqual([remembered(), server.uploads(bucket)], [[], []]);
  });
}

test("somebody else's object of that name is not taken for ours", async (t) => {
  const scene = await openScene(t);
  const { server, store } = scene;
  const { writer, following } = await sendAllFullParts(t, scene, 2);
  await finished(following, 0);
  const artifact = artifactOf(readFileSync(writer.path));
  const { promise: until, resolve: release } = Promise.withResolvers<void>();
  server.fail({ fault: { kind: 'hold', until }, operation: 'CompleteMultipartUpload' });
  const putting = store.put(writer.path, artifact, NEW);
  await server.waitForRequest(({ operation }) => operation === 'CompleteMultipartUpload');

  await aliOss(server).put(KEY, Buffer.from('of somebody else'));
  assert.equal((await store.stat(NAME, NEVER))?.sha256, undefined);
  release();
  await assert.rejects(putting, { code: 'OBJECT_EXISTS' });
  assert.equal((await store.stat(NAME, NEVER))?.sha256, undefined);
});

function follow(store: Store, path: string, signal: AbortSignal): Following {
  const following = store.follow?.(path, NAME, signal);
  assert.ok(following);
  return following;
}

/** Writes a file of so many parts and a bit; resolves once all of its full parts but the first have been sent. */
async function sendAllFullParts(
  t: TestContext,
  scene: Scene,
  parts: number,
  signal: AbortSignal = NEVER,
): Promise<{ writer: Writer; following: Following }> {
  const writer = startWriter(t, scene, partsAndABit(parts));
  const following = follow(scene.store, writer.path, signal);
  await writer.say(`append ${partsAndABit(parts)}`);
  await sentParts(
    scene,
    following,
    Array.from({ length: parts - 1 }, (_, index) => index + 2),
  );
  return { writer, following };
}

function finished(following: Following, rewrittenBytes: number): Promise<FollowOutcome> {
  following.finish(rewrittenBytes);
  return following.ended;
}

/** Resolves once just these parts, all of them full, are remembered and told as sent. */
async function sentParts(
  { recordedParts }: Scene,
  following: Following,
  numbers: readonly number[],
): Promise<void> {
  await until(recordedParts, [...numbers]);
  await until(following.sentBytes, numbers.length * FIRST_PART_BYTES);
}

interface Writer {
  readonly path: string;
  readonly say: (command: string) => Promise<void>;
}

function startWriter(t: TestContext, { directory }: Scene, totalBytes: number): Writer {
  const path = join(directory, `.${NAME}.partial`);
  const writer = startChildScript(t, new URL('./follow-writer.ts', import.meta.url), [
    path,
    String(totalBytes),
  ]);
  return {
    path,
    async say(command) {
      writer.child.stdin?.write(`${command}\n`);
      assert.equal(await writer.nextLine(), 'done');
    },
  };
}
