import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { PgBackupError } from '../../src/errors.ts';
import type { Artifact } from '../../src/report/record.ts';
import type { Store, StoredObject } from '../../src/storage/store.ts';
import { confirmArtifacts, sendArtifacts } from '../../src/storage/upload.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

// What is tested here is what follows from a store's answers; the answers of the real tools are tested with the OSS stand-in.

const { signal } = new AbortController();
const DUMP: Artifact = { name: 'x.dump', sizeBytes: 9, sha256: 'aa', crc64: '11' };
const CHECKSUM: Artifact = { name: 'x.dump.sha256', sizeBytes: 70, sha256: 'bb', crc64: '22' };
const FILES = [CHECKSUM, DUMP].map((artifact) => ({ path: `/data/${artifact.name}`, artifact }));

test('what is missing is sent in the given order', async () => {
  const { store, sent } = storeWith({});
  await sendArtifacts(store, FILES, { signal });
  assert.deepEqual(sent, ['/data/x.dump.sha256', '/data/x.dump']);
});

test('what is there already with the same size and CRC-64 is not sent again', async () => {
  const { store, sent } = storeWith({ 'x.dump': asStored(DUMP) });
  await sendArtifacts(store, FILES, { signal });
  assert.deepEqual(sent, ['/data/x.dump.sha256']);
});

test('what a cut upload of the same file left is replaced', async () => {
  const { store, sent } = storeWith({ 'x.dump': { ...asStored(DUMP), sizeBytes: 4, crc64: '99' } });
  await sendArtifacts(store, FILES, { signal });
  assert.deepEqual(sent, ['/data/x.dump.sha256', '/data/x.dump']);
});

test('an object of that name with another content is left alone, and nothing more is sent', async () => {
  for (const sha256 of ['cc', undefined]) {
    const { store, sent } = storeWith({ 'x.dump.sha256': { sizeBytes: 70, crc64: '99', sha256 } });
    await assert.rejects(sendArtifacts(store, FILES, { signal }), {
      code: 'OBJECT_EXISTS',
      message: /store:x\.dump\.sha256/,
    });
    assert.deepEqual(sent, []);
  }
});

test('what a killed put left on a remote that writes in place is replaced, and nothing else of that size', async (t) => {
  const path = join(temporaryDirectory(t), 'x.dump');
  writeFileSync(path, '123456789');
  const files = [{ path, artifact: DUMP }];
  for (const content of ['', '1234']) {
    const { store, sent } = storeWith({ 'x.dump': { sizeBytes: content.length, content } });
    await sendArtifacts({ ...store, writesInPlace: true }, files, { signal });
    assert.deepEqual(sent, [path]);
  }
  const cases: readonly [StoredObject & { content: string }, { writesInPlace?: true }][] = [
    [{ sizeBytes: 4, content: '1235' }, { writesInPlace: true }],
    [{ sizeBytes: 4, content: '1234', sha256: 'cc' }, { writesInPlace: true }],
    [{ sizeBytes: 4, content: '1234' }, {}],
  ];
  for (const [object, changes] of cases) {
    const { store, sent } = storeWith({ 'x.dump': object });
    await assert.rejects(sendArtifacts({ ...store, ...changes }, files, { signal }), {
      code: 'OBJECT_EXISTS',
    });
    assert.deepEqual(sent, []);
  }
});

test('copies with the size and CRC-64 of the files are confirmed, with the time', async () => {
  const { store } = storeWith({ 'x.dump': asStored(DUMP), 'x.dump.sha256': asStored(CHECKSUM) });
  const now = new Date('2025-10-11T18:00:00.000Z');
  assert.deepEqual(await confirmArtifacts(store, [DUMP, CHECKSUM], () => now, signal), [
    { url: 'store:x.dump', sizeBytes: 9, crc64: '11', confirmedAt: '2025-10-11T18:00:00.000Z' },
    { url: 'store:x.dump.sha256', sizeBytes: 70, crc64: '22', confirmedAt: '2025-10-11T18:00:00.000Z' },
  ]);
});

const DIFFERENT: Readonly<Record<string, readonly [StoredObject | undefined, RegExp]>> = {
  'is missing': [undefined, /no such object/],
  'is cut short': [{ ...asStored(DUMP), sizeBytes: 8 }, /8 bytes instead of 9/],
  'has other bytes': [{ ...asStored(DUMP), crc64: '12' }, /CRC-64 12 instead of 11/],
};
for (const [what, [stored, detail]] of Object.entries(DIFFERENT)) {
  test(`a copy that ${what} is never confirmed`, async () => {
    const { store } = storeWith(stored ? { 'x.dump': stored } : {});
    await assert.rejects(
      confirmArtifacts(store, [DUMP], () => new Date(), signal),
      { code: 'REMOTE_MISMATCH', message: detail },
    );
  });
}

test('where no checksum was counted on both sides, the copy is read back and its sha256 compared', async () => {
  const content = '123456789';
  const sha256 = createHash('sha256').update(content).digest('hex');
  const { crc64: _crc64, ...unmeasured } = { ...DUMP, sha256 };
  const stored = { ...asStored(DUMP), content };
  const { store } = storeWith({ 'x.dump': stored });
  const [confirmed] = await confirmArtifacts(store, [unmeasured], () => new Date(), signal);
  assert.equal(confirmed?.url, 'store:x.dump');

  const { store: silent } = storeWith({ 'x.dump': { ...stored, crc64: undefined } });
  await confirmArtifacts(silent, [{ ...DUMP, sha256 }], () => new Date(), signal);

  const { store: altered } = storeWith({ 'x.dump': { ...stored, crc64: undefined, content: '123456780' } });
  await assert.rejects(
    confirmArtifacts(altered, [{ ...DUMP, sha256 }], () => new Date(), signal),
    { code: 'REMOTE_MISMATCH', message: /sha256 [0-9a-f]{64} instead of [0-9a-f]{64}/ },
  );
});

test('an object that no checksum tells of is read back before it is sent again or taken for somebody else’s', async () => {
  const content = '123456789';
  const artifact = { ...DUMP, sha256: createHash('sha256').update(content).digest('hex') };
  const files = [{ path: '/data/x.dump', artifact }];
  const same = storeWith({ 'x.dump': { sizeBytes: 9, content } });
  await sendArtifacts(same.store, files, { signal });
  assert.deepEqual(same.sent, []);
  const other = storeWith({ 'x.dump': { sizeBytes: 9, content: '123456780' } });
  await assert.rejects(sendArtifacts(other.store, files, { signal }), { code: 'OBJECT_EXISTS' });
});

test('a copy is compared by the MD5 where that is what the store counts', async () => {
  const artifact = { name: 'x.dump', sizeBytes: 9, sha256: 'aa', md5: '0a' };
  const { store } = storeWith({ 'x.dump': { sizeBytes: 9, md5: '0a' } });
  const [confirmed] = await confirmArtifacts(store, [artifact], () => new Date(), signal);
  assert.deepEqual([confirmed?.crc64, confirmed?.md5], ['', '0a']);
  await assert.rejects(
    confirmArtifacts(store, [{ ...artifact, md5: '0b' }], () => new Date(), signal),
    { code: 'REMOTE_MISMATCH', message: /MD5 0a instead of 0b/ },
  );
});

test('what cannot be asked for is uploaded where only the right to ask is missing, and is an error otherwise', async () => {
  const failing = (storeCode: string): { store: Store; sent: string[] } => {
    const { store, sent } = storeWith({});
    const stat = async (): Promise<never> => {
      throw new PgBackupError('CONFIRM_FAILED', { object: 'x', detail: storeCode, remedy: '', storeCode });
    };
    return { store: { ...store, stat }, sent };
  };
  const denied = failing('AccessDenied');
  await sendArtifacts(denied.store, FILES, { signal });
  assert.equal(denied.sent.length, 2);
  const broken = failing('InternalError');
  await assert.rejects(sendArtifacts(broken.store, FILES, { signal }), { code: 'UPLOAD_FAILED' });
  assert.deepEqual(broken.sent, []);
});

test('progress counts what is there already and what is being sent', async () => {
  const { store } = storeWith({ 'x.dump.sha256': asStored(CHECKSUM) });
  const told: number[] = [];
  await sendArtifacts(store, FILES, { signal, onBytes: (sent) => told.push(sent) });
  assert.deepEqual(told, [70, 74, 79]);
});

function asStored({ sizeBytes, crc64, sha256 }: Artifact): StoredObject {
  return { sizeBytes, crc64, sha256 };
}

function storeWith(objects: Readonly<Record<string, StoredObject & { readonly content?: string }>>): {
  store: Store;
  sent: string[];
} {
  const sent: string[] = [];
  const store: Store = {
    checksum: 'crc64',
    url: (name) => `store:${name}`,
    probe: async () => {},
    stat: async (name) => objects[name],
    put: async (file, _artifact, { onBytes }) => {
      onBytes?.(4);
      sent.push(file);
    },
    get: async (name) => Readable.from([objects[name]?.content ?? '']),
    list: () => assert.fail('not asked for'),
    remove: () => assert.fail('not asked for'),
  };
  return { store, sent };
}
