import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { processesThatMention } from '../../integration/processes.ts';
import { until } from '../../integration/until.ts';
import { everythingIn, MANY_MEBIBYTES, type StoreUnderTest, testFile } from './store-under-test.ts';

const { signal: never } = new AbortController();
const REASON = new Error('the run was interrupted');
/** An upload is well under way then. */
const HALF_WAY_BYTES = 2 * 1024 ** 2;

/** What an interruption leaves of an operation: nothing that could be taken for its result. */
export function interruptionContract(open: (t: TestContext) => Promise<StoreUnderTest>): void {
  test('a put that is interrupted half-way leaves no object, no process and no file', async (t) => {
    const { store, objectFile, remote, temporaryDirectory: own } = await open(t);
    const directory = temporaryDirectory(t);
    const { path, artifact } = await testFile(store, directory, 'x', randomBytes(MANY_MEBIBYTES));
    const before = own ? everythingIn(own) : [];
    const interruption = new AbortController();
    const halfWay = remote?.gate.hold('to the server', HALF_WAY_BYTES);

    const put = store.put(path, artifact, {
      overwrite: false,
      signal: interruption.signal,
      // Where there is no way to a server, the first bytes are early enough.
      onBytes: () => halfWay ?? interruption.abort(REASON),
    });
    put.catch(() => {});
    if (halfWay) {
      await Promise.race([halfWay, put]);
      interruption.abort(REASON);
    }
    await assert.rejects(put, (error) => error === REASON);

    remote?.gate.release();
    assert.equal(await store.stat('x', never), undefined);
    assert.equal(objectFile('x'), undefined);
    await until(() => processesThatMention(path), []);
    assert.deepEqual(own ? everythingIn(own) : [], before);
    assert.deepEqual(everythingIn(process.cwd()), []);

    await store.put(path, artifact, { overwrite: false, signal: never });
    assert.equal((await store.stat('x', never))?.[store.checksum], artifact[store.checksum]);
  });

  test('an operation that is interrupted before it begins does nothing', async (t) => {
    const { store, seed, objectFile } = await open(t);
    await seed(['there']);
    const { path, artifact } = await testFile(store, temporaryDirectory(t), 'x', 'content');
    const signal = AbortSignal.abort(REASON);
    await assert.rejects(store.put(path, artifact, { overwrite: false, signal }), (e) => e === REASON);
    assert.equal(objectFile('x'), undefined);
  });

  test('a read that is interrupted ends with an error, and so does its process', async (t) => {
    const { store, objectFile, remote } = await open(t);
    const directory = temporaryDirectory(t);
    const { path, artifact } = await testFile(store, directory, 'to-be-read', randomBytes(MANY_MEBIBYTES));
    await store.put(path, artifact, { overwrite: false, signal: never });
    assert.notEqual(objectFile('to-be-read'), undefined);
    const interruption = new AbortController();
    remote?.gate.hold('from the server', HALF_WAY_BYTES);
    const stream = await store.get('to-be-read', { signal: interruption.signal });
    await once(stream, 'readable');
    interruption.abort(REASON);
    await assert.rejects(async () => {
      for await (const chunk of stream) assert.ok(chunk);
    });
    await until(() => processesThatMention('to-be-read'), []);
  });

  test('a read that nobody wants any more ends its process', async (t) => {
    const { store } = await open(t);
    const directory = temporaryDirectory(t);
    const { path, artifact } = await testFile(store, directory, 'unwanted', randomBytes(MANY_MEBIBYTES));
    await store.put(path, artifact, { overwrite: false, signal: never });
    const stream = await store.get('unwanted', { signal: never });
    await once(stream, 'readable');
    stream.destroy();
    await until(() => processesThatMention('unwanted'), []);
  });
}
