import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { after, describe, type TestContext, test } from 'node:test';
import type { ListedObject, Store } from '../../../src/storage/store.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { interruptionContract } from './interruption-contract.ts';
import { remoteContract } from './remote-contract.ts';
import {
  digestOf,
  digestOfFile,
  everythingIn,
  SOME_MEBIBYTES,
  type StoreUnderTest,
  sparseFile,
  testFile,
} from './store-under-test.ts';

export interface ContractOptions {
  /** What `missing` says. */
  readonly skip: false | string;
  /** From this size on the tool sends a file in parts; left out where that is too large for every day. */
  readonly multipartBytes?: number;
  /** Whether a network lies in between. */
  readonly isRemote: boolean;
}

/** Registers the tests that every store passes. */
export function storeContract(
  name: string,
  open: (t: TestContext) => Promise<StoreUnderTest>,
  options: ContractOptions,
): void {
  describe(`the contract of stores: ${name}`, { skip: options.skip }, () => {
    // Nothing may be left in the working directory, so it has to be one of our own, for as long as there is that directory.
    const before = process.cwd();
    after(() => process.chdir(before));
    process.chdir(temporaryDirectory());
    contentContract(open, options);
    namesContract(open);
    interruptionContract(open);
    if (options.isRemote) remoteContract(open);
  });
}

const { signal } = new AbortController();

function contentContract(
  open: (t: TestContext) => Promise<StoreUnderTest>,
  { multipartBytes }: ContractOptions,
): void {
  const sizes = [0, 1, SOME_MEBIBYTES, ...(multipartBytes === undefined ? [] : [multipartBytes + 1])];
  for (const sizeBytes of sizes) {
    test(`${sizeBytes} bytes arrive and come back to the byte, and nothing else is left anywhere`, async (t) => {
      const { store, objectFile, temporaryDirectory: own } = await open(t);
      const directory = temporaryDirectory(t);
      const { path, artifact } =
        sizeBytes > SOME_MEBIBYTES
          ? await sparseFile(store, directory, 'shop.dump', sizeBytes)
          : await testFile(store, directory, 'shop.dump', randomBytes(sizeBytes));
      const before = own ? everythingIn(own) : [];
      const told: number[] = [];

      await store.put(path, artifact, { overwrite: false, signal, onBytes: (sent) => told.push(sent) });

      assert.equal(await digestOfFile(objectFile('shop.dump') ?? 'no such object'), artifact.sha256);
      assert.equal(await digestOf(await store.get('shop.dump', { signal })), artifact.sha256);
      const present = await store.stat('shop.dump', signal);
      assert.equal(present?.sizeBytes, sizeBytes);
      assert.equal(present?.[store.checksum], artifact[store.checksum]);
      assert.ok([undefined, artifact.sha256].includes(present?.sha256));
      assert.ok(
        told.every((sent) => sent >= 0 && sent <= sizeBytes),
        `told of ${told.join(', ')}`,
      );
      assert.deepEqual(own ? everythingIn(own) : [], before);
      assert.deepEqual(everythingIn(process.cwd()), []);
    });
  }

  test('an object that is there is replaced only where that is asked for', async (t) => {
    const { store, objectFile } = await open(t);
    const directory = temporaryDirectory(t);
    const content = () => readFileSync(objectFile('x') ?? '', 'utf8');
    const first = await testFile(store, directory, 'x', 'first!');
    await store.put(first.path, first.artifact, { overwrite: false, signal });
    // Of the same size and time: nothing but the content tells them apart.
    const second = await testFile(store, directory, 'x', 'second');

    await assert.rejects(store.put(second.path, second.artifact, { overwrite: false, signal }), {
      code: 'OBJECT_EXISTS',
    });
    assert.equal(content(), 'first!');
    assert.equal((await store.stat('x', signal))?.[store.checksum], first.artifact[store.checksum]);

    await store.put(second.path, second.artifact, { overwrite: true, signal });
    assert.equal(content(), 'second');
    assert.equal((await store.stat('x', signal))?.[store.checksum], second.artifact[store.checksum]);
  });

  test('a store without objects answers, and knows of nothing', async (t) => {
    const { store } = await open(t);
    await store.probe(signal);
    assert.equal(await store.stat('x', signal), undefined);
    assert.deepEqual(await listed(store), []);
  });

  test('a list goes over all pages and tells name, size and time of what lies directly there', async (t) => {
    const { store, seed } = await open(t);
    const names = Array.from({ length: 1001 }, (_, index) => `object-${String(index).padStart(4, '0')}`);
    const earliest = Date.now() - 60_000;
    await seed([...names, 'deeper/object']);

    const objects = await listed(store);
    assert.deepEqual(
      objects.map((object) => object.name),
      names,
    );
    for (const { sizeBytes, modifiedAt } of objects) {
      assert.equal(sizeBytes, 'object-0000'.length);
      assert.ok(modifiedAt.getTime() >= earliest && modifiedAt.getTime() <= Date.now() + 60_000);
    }
  });

  test('a range is what lies between its first and its last byte', async (t) => {
    const { store, seed } = await open(t);
    await seed(['0123456789']);
    const ranges = { '0': [0, 0], '456': [4, 6], '9': [9, 9], '0123456789': [0, 9], '89': [8, 20] } as const;
    for (const [expected, [start, end]] of Object.entries(ranges)) {
      const stream = await store.get('0123456789', { range: { start, end }, signal });
      assert.equal((await buffer(stream)).toString(), expected);
    }
  });

  test('what is not there cannot be read', async (t) => {
    const { store } = await open(t);
    for (const range of [undefined, { start: 0, end: 0 }]) {
      const read = async () => buffer(await store.get('x', { signal, ...(range ? { range } : {}) }));
      await assert.rejects(read, { code: 'STORE_FAILED' });
    }
  });

  test('what is removed is gone, and may be removed again', async (t) => {
    const { store, seed, objectFile } = await open(t);
    await seed(['x', 'x2']);
    assert.equal(await store.remove('x', signal), 'removed');
    assert.equal(objectFile('x'), undefined);
    assert.equal(await store.stat('x', signal), undefined);
    assert.equal(await store.remove('x', signal), 'removed');
    assert.deepEqual(
      (await listed(store)).map(({ name }) => name),
      ['x2'],
    );
  });
}

const NAMES = [
  '数据库_20251011T180000Z_db01.dump',
  'with blanks  and more',
  ' led and ended by blanks ',
  '100% %20 %2F +plus+ a&b=c',
  `'single' "double" \`back\` $dollar`,
  '{a,b} [c] *?!# ~;<>|\\',
  '--leading-dash',
  `${'n'.repeat(200)}.dump`,
];

function namesContract(open: (t: TestContext) => Promise<StoreUnderTest>): void {
  test('names of every kind are taken as they are', async (t) => {
    const { store, objectFile } = await open(t);
    const directory = temporaryDirectory(t);
    for (const name of NAMES) {
      const { path, artifact } = await testFile(store, directory, name, `the content of ${name}`);
      await store.put(path, artifact, { overwrite: false, signal });
      assert.equal(readFileSync(objectFile(name) ?? '', 'utf8'), `the content of ${name}`);
    }
    assert.deepEqual((await listed(store)).map(({ name }) => name).sort(), [...NAMES].sort());
    for (const name of NAMES) {
      const content = `the content of ${name}`;
      assert.equal((await store.stat(name, signal))?.sizeBytes, Buffer.byteLength(content), name);
      assert.equal((await buffer(await store.get(name, { signal }))).toString(), content);
      assert.equal(await store.remove(name, signal), 'removed');
      assert.equal(objectFile(name), undefined);
    }
    assert.deepEqual(await listed(store), []);
  });
}

async function listed(store: Store): Promise<ListedObject[]> {
  return Array.fromAsync(store.list(signal));
}
