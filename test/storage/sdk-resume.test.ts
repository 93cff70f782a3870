import assert from 'node:assert/strict';
import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startChildScript } from '../harness/child-script.ts';
import { smallDisk } from '../integration/small-disk.ts';
import { until } from '../integration/until.ts';
import { bucket } from '../oss-server/clients.ts';
import { content, NAME, NEVER, openScene, partsAndABit } from './sdk-test-store.ts';

const NEW = { overwrite: false, signal: NEVER };
const PASS = { kind: 'hold', until: Promise.resolve() } as const;
const DISK_BYTES = 64 * 1024;
const HOLD = { kind: 'hold', until: new Promise<void>(() => {}) } as const;

test('after a kill -9 the next attempt sends only the rest', async (t) => {
  const { server, store, write, stored, count, recordedParts, remembered, uploadsDirectory } =
    await openScene(t);
  const bytes = content(partsAndABit(5));
  const { path, artifact } = write('file', bytes);
  server.fail({ fault: PASS, operation: 'UploadPart', times: 3 });
  server.fail({ fault: HOLD, operation: 'UploadPart', times: Number.POSITIVE_INFINITY });
  const script = new URL('./sdk-put-child.ts', import.meta.url);
  const uploader = startChildScript(t, script, [server.endpoint, uploadsDirectory, path]);
  await until(() => recordedParts()?.length, 3);
  uploader.child.kill('SIGKILL');
  assert.equal(await uploader.ended, 'SIGKILL');
  assert.equal(statSync(join(uploadsDirectory, remembered()[0] ?? '')).mode & 0o777, 0o600);

  server.heal();
  const before = count('UploadPart');
  await store.put(path, artifact, NEW);
  assert.equal(count('UploadPart') - before, 6 - 3);
  assert.equal(count('InitiateMultipartUpload'), 1);
  assert.ok(stored().equals(bytes));
  // The kill may have left a draft of the state, which is cleared when it is old.
  assert.deepEqual([server.uploads(bucket), recordedParts()], [[], undefined]);
});

test('a full disk as an upload begins: nothing stays in the bucket', async (t) => {
  const disk = await smallDisk(t, DISK_BYTES);
  const { server, store, write } = await openScene(t, { uploadsDirectory: join(disk, 'uploads') });
  const { path, artifact } = write('file', content(partsAndABit(1)));
  fill(disk);
  await assert.rejects(store.put(path, artifact, NEW), { code: 'DISK_FULL' });
  assert.deepEqual([server.uploads(bucket), server.objects(bucket)], [[], []]);
  rmSync(join(disk, 'filler'));
  await store.put(path, artifact, NEW);
  assert.equal(server.objects(bucket)[0]?.crc64, artifact.crc64);
});

test('a full disk as parts are sent: what was recorded before is resumed', async (t) => {
  const disk = await smallDisk(t, DISK_BYTES);
  const scene = await openScene(t, { uploadsDirectory: join(disk, 'uploads') });
  const { server, store, write, recordedParts, count } = scene;
  const { path, artifact } = write('file', content(partsAndABit(3)));
  const { promise, resolve: release } = Promise.withResolvers<void>();
  server.fail({ fault: PASS, operation: 'UploadPart' });
  server.fail({ fault: { kind: 'hold', until: promise }, operation: 'UploadPart', times: 3 });
  const failed = assert.rejects(store.put(path, artifact, NEW), { code: 'DISK_FULL' });
  await until(() => recordedParts()?.length, 1);
  fill(disk);
  release();
  await failed;
  assert.equal(recordedParts()?.length, 1);
  rmSync(join(disk, 'filler'));
  const before = count('UploadPart');
  await store.put(path, artifact, NEW);
  assert.equal(count('UploadPart') - before, 3);
  assert.equal(server.objects(bucket)[0]?.crc64, artifact.crc64);
  assert.deepEqual([server.uploads(bucket), recordedParts()], [[], undefined]);
});

test('a full disk while a file is followed: that is told, and nothing stays in the bucket', async (t) => {
  const disk = await smallDisk(t, DISK_BYTES);
  const { server, store, write, count } = await openScene(t, { uploadsDirectory: join(disk, 'uploads') });
  const { path } = write('file', content(partsAndABit(2)));
  fill(disk);
  const following = store.follow?.(path, NAME, NEVER);
  await until(() => count('AbortMultipartUpload'), 1);
  following?.finish(0);
  const { code } = ((await following?.ended)?.failure ?? {}) as { code?: string };
  assert.equal(code, 'DISK_FULL');
  assert.deepEqual([server.uploads(bucket), count('UploadPart')], [[], 0]);
});

function fill(disk: string): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize));
}
