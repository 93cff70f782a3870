import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Artifact } from '../../src/report/record.ts';
import type { Store, StoredObject } from '../../src/storage/store.ts';
import { confirmArtifacts, sendArtifacts } from '../../src/storage/upload.ts';

// What is tested here is what follows from a store's answers; the answers of the real tools are tested with the OSS stand-in.

const { signal } = new AbortController();
const DUMP: Artifact = { name: 'x.dump', sizeBytes: 9, sha256: 'aa', crc64: '11' };
const CHECKSUM: Artifact = { name: 'x.dump.sha256', sizeBytes: 70, sha256: 'bb', crc64: '22' };
const FILES = [CHECKSUM, DUMP].map((artifact) => ({ path: `/data/${artifact.name}`, artifact }));

test('what is missing is sent in the given order', async () => {
  const { store, sent } = storeWith({});
  await sendArtifacts(store, FILES, signal);
  assert.deepEqual(sent, ['/data/x.dump.sha256', '/data/x.dump']);
});

test('what is there already with the same size and CRC-64 is not sent again', async () => {
  const { store, sent } = storeWith({ 'x.dump': asStored(DUMP) });
  await sendArtifacts(store, FILES, signal);
  assert.deepEqual(sent, ['/data/x.dump.sha256']);
});

test('what a cut upload of the same file left is replaced', async () => {
  const { store, sent } = storeWith({ 'x.dump': { ...asStored(DUMP), sizeBytes: 4, crc64: '99' } });
  await sendArtifacts(store, FILES, signal);
  assert.deepEqual(sent, ['/data/x.dump.sha256', '/data/x.dump']);
});

test('an object of that name with another content is left alone, and nothing more is sent', async () => {
  for (const sha256 of ['cc', undefined]) {
    const { store, sent } = storeWith({ 'x.dump.sha256': { sizeBytes: 70, crc64: '99', sha256 } });
    await assert.rejects(sendArtifacts(store, FILES, signal), {
      code: 'OBJECT_EXISTS',
      message: /store:x\.dump\.sha256/,
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
  'has no CRC-64': [{ ...asStored(DUMP), crc64: undefined }, /CRC-64 unknown instead of 11/],
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

test('a file whose own CRC-64 was not counted is never confirmed', async () => {
  const { crc64: _crc64, ...unmeasured } = DUMP;
  const { store } = storeWith({ 'x.dump': asStored(DUMP) });
  await assert.rejects(
    confirmArtifacts(store, [unmeasured], () => new Date(), signal),
    { code: 'REMOTE_MISMATCH' },
  );
});

test('a store that tells no CRC-64 never confirms a file whose own was not counted either', async () => {
  const { crc64: _crc64, ...unmeasured } = DUMP;
  const { store } = storeWith({ 'x.dump': { ...asStored(DUMP), crc64: undefined } });
  await assert.rejects(
    confirmArtifacts(store, [unmeasured], () => new Date(), signal),
    { code: 'REMOTE_MISMATCH' },
  );
});

function asStored({ sizeBytes, crc64, sha256 }: Artifact): StoredObject {
  return { sizeBytes, crc64, sha256 };
}

function storeWith(objects: Readonly<Record<string, StoredObject>>): { store: Store; sent: string[] } {
  const sent: string[] = [];
  const store: Store = {
    url: (name) => `store:${name}`,
    probe: async () => {},
    stat: async (name) => objects[name],
    put: async (file) => {
      sent.push(file);
    },
  };
  return { store, sent };
}
