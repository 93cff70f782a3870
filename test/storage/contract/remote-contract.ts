import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { describeError, PgBackupError } from '../../../src/errors.ts';
import type { Store } from '../../../src/storage/store.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import {
  digestOfFile,
  everythingIn,
  MANY_MEBIBYTES,
  type StoreUnderTest,
  type TestFile,
  testFile,
} from './store-under-test.ts';

const { signal } = new AbortController();
const HALF_WAY_BYTES = 2 * 1024 ** 2;

/** What a store owes when the way to its server, or its key, is no good. */
export function remoteContract(open: (t: TestContext) => Promise<StoreUnderTest>): void {
  test('keys are in no command line and in no file that stays', async (t) => {
    const { store, remote, temporaryDirectory: own } = await open(t);
    assert.ok(remote);
    const { path, artifact } = await testFile(store, temporaryDirectory(t), 'x', randomBytes(MANY_MEBIBYTES));
    const halfWay = remote.gate.hold('to the server', HALF_WAY_BYTES);
    const put = store.put(path, artifact, { overwrite: false, signal });
    await Promise.race([halfWay, put]);
    const commandLines = everyCommandLine();
    for (const secret of remote.secrets) assert.ok(!commandLines.includes(secret));
    remote.gate.release();
    await put;
    for (const file of own ? everythingIn(own) : []) {
      for (const secret of remote.secrets) {
        assert.ok(!contentOf(`${own}/${file}`).includes(secret), file);
      }
    }
  });

  test('a key that is not taken is told plainly, and not repeated', async (t) => {
    const { seed, objectFile, remote } = await open(t);
    assert.ok(remote);
    await seed(['there']);
    const store = await remote.withWrongKey();
    const file = await testFile(store, temporaryDirectory(t), 'x', 'content');
    for (const error of await everyFailure(store, file)) {
      const { message, hint } = describeError(error, 'zh');
      const said = `${error.message} ${message} ${hint} ${error.stack} ${JSON.stringify(error.parameters)}`;
      for (const secret of remote.secrets) assert.ok(!said.includes(secret), said);
      assert.notEqual(hint.trim(), '');
      assert.doesNotMatch(said, /\{\w+\}/);
    }
    assert.notEqual(objectFile('there'), undefined);
    assert.equal(objectFile('x'), undefined);
  });

  test('a server that is gone is an error of every operation', async (t) => {
    const { store, seed, remote } = await open(t);
    assert.ok(remote);
    await seed(['there']);
    const file = await testFile(store, temporaryDirectory(t), 'x', 'content');
    await remote.gate.close();
    await everyFailure(store, file);
  });

  test('a put whose connection breaks half-way fails, or arrives all the same', async (t) => {
    const { store, objectFile, remote } = await open(t);
    assert.ok(remote);
    const { path, artifact } = await testFile(store, temporaryDirectory(t), 'x', randomBytes(MANY_MEBIBYTES));
    const halfWay = remote.gate.hold('to the server', HALF_WAY_BYTES);
    const put = store.put(path, artifact, { overwrite: false, signal });
    const outcome = put.then(
      () => 'resolved',
      (error: PgBackupError) => error.code,
    );
    await Promise.race([halfWay, outcome]);
    remote.gate.release();
    remote.gate.cut();
    assert.match(await outcome, /^(resolved|UPLOAD_FAILED)$/);
    const present = await store.stat('x', signal);
    const object = objectFile('x');
    assert.equal(
      present?.[store.checksum] === artifact[store.checksum],
      object !== undefined && (await digestOfFile(object)) === artifact.sha256,
    );
    if ((await outcome) === 'resolved') assert.notEqual(present, undefined);
  });

  test('a server that goes away in the midst of a put makes it fail', async (t) => {
    const { store, objectFile, remote } = await open(t);
    assert.ok(remote);
    const { path, artifact } = await testFile(store, temporaryDirectory(t), 'x', randomBytes(MANY_MEBIBYTES));
    const halfWay = remote.gate.hold('to the server', HALF_WAY_BYTES);
    const put = store.put(path, artifact, { overwrite: false, signal });
    await Promise.race([halfWay, put]);
    await remote.gate.close();
    await assert.rejects(put, { code: 'UPLOAD_FAILED' });
    assert.equal(objectFile('x'), undefined);
  });

  test('a read that breaks off ends with an error, never as if it were whole', async (t) => {
    const { store, remote } = await open(t);
    assert.ok(remote);
    const directory = temporaryDirectory(t);
    const { path, artifact } = await testFile(store, directory, 'x', randomBytes(MANY_MEBIBYTES));
    await store.put(path, artifact, { overwrite: false, signal });
    const halfWay = remote.gate.hold('from the server', HALF_WAY_BYTES);
    const read = buffer(await store.get('x', { signal }));
    await Promise.race([halfWay, read]);
    await remote.gate.close();
    await assert.rejects(read, { code: 'STORE_FAILED' });
  });
}

/** What each operation fails with; one that does not fail is none of the errors, and fails the test. */
async function everyFailure(store: Store, { path, artifact }: TestFile): Promise<PgBackupError[]> {
  const operations = {
    probe: ['CONFIRM_FAILED', () => store.probe(signal)],
    stat: ['CONFIRM_FAILED', () => store.stat('there', signal)],
    'stat of what is missing': ['CONFIRM_FAILED', () => store.stat('missing', signal)],
    put: ['UPLOAD_FAILED', () => store.put(path, artifact, { overwrite: false, signal })],
    'put over another': [
      'UPLOAD_FAILED',
      () => store.put(path, { ...artifact, name: 'there' }, { overwrite: true, signal }),
    ],
    list: ['STORE_FAILED', () => Array.fromAsync(store.list(signal))],
    get: ['STORE_FAILED', async () => buffer(await store.get('there', { signal }))],
    remove: ['STORE_FAILED', () => store.remove('there', signal)],
    'remove what is missing': ['STORE_FAILED', () => store.remove('missing', signal)],
  } as const;
  return Promise.all(
    Object.entries(operations).map(async ([operation, [code, run]]) => {
      const error: unknown = await run().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof PgBackupError, `${operation}: ${error}`);
      assert.equal(error.code, code, `${operation}: ${error.message}`);
      return error;
    }),
  );
}

function everyCommandLine(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => contentOf(`/proc/${pid}/cmdline`))
    .join('\n');
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
