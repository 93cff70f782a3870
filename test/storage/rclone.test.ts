import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { describeError } from '../../src/errors.ts';
import { openRcloneStore } from '../../src/storage/rclone.ts';
import { rcloneEnvironment } from '../../src/storage/rclone-environment.ts';
import { sendArtifacts } from '../../src/storage/upload.ts';
import { missing, rclonePath } from '../harness/parts.ts';
import { type RcloneServer, startRcloneServer } from '../harness/rclone-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { testFile } from './contract/store-under-test.ts';

const { signal } = new AbortController();
const skip = missing('rclone');
const KEYS = { accessKeyId: 'AKIDnobody', secretAccessKey: 'a-secret-key' };
const searchPath = dirname(rclonePath() ?? '');

test('an rclone that is not installed is named, with where to get it', async (t) => {
  const error = await openRcloneStore({
    ...{ remote: 'oss', path: 'x', environment: {}, temporaryDirectory: temporaryDirectory(t) },
    searchPath: temporaryDirectory(t),
  }).catch((reason: unknown) => reason);
  const { code, message, hint } = describeError(error, 'en');
  assert.equal(code, 'COMMAND_MISSING');
  assert.match(message, /rclone/);
  assert.match(hint, /https:\/\/rclone\.org\/install/);
});

test('a remote that is not configured is told plainly', { skip }, async (t) => {
  const store = await openRcloneStore({
    ...{ remote: 'unheard', path: 'x', environment: { RCLONE_CONFIG: '/dev/null' } },
    ...{ temporaryDirectory: temporaryDirectory(t), searchPath },
  });
  const error = await store.probe(signal).catch((reason: unknown) => reason);
  const { code, hint } = describeError(error, 'zh');
  assert.equal(code, 'CONFIRM_FAILED');
  assert.match(hint, /不认识远端 "unheard".*RCLONE_CONFIG_<REMOTE>_TYPE/);
});

test('a missing bucket is an error, and is never created', { skip }, async (t) => {
  const { open, directory } = await startServer(t);
  const store = await open('nowhere/nightly');
  const { path, artifact } = await testFile(store, temporaryDirectory(t), 'x', 'content');
  const put = store.put(path, artifact, { overwrite: false, signal });
  await assert.rejects(put, { code: 'UPLOAD_FAILED', message: /NoSuchBucket/ });
  await assert.rejects(store.probe(signal), { code: 'CONFIRM_FAILED' });
  await assert.rejects(store.list(signal)[Symbol.asyncIterator]().next(), { code: 'STORE_FAILED' });
  assert.ok(!existsSync(join(directory, 'nowhere')));
});

test('variables that would change what rclone does, or print keys, do not reach it', { skip }, async (t) => {
  const { open, directory } = await startServer(t, { RCLONE_DRY_RUN: 'true', RCLONE_DUMP: 'headers,auth' });
  const store = await open('backups/nightly');
  const { path, artifact } = await testFile(store, temporaryDirectory(t), 'x', 'content');
  await store.put(path, artifact, { overwrite: false, signal });
  assert.ok(existsSync(join(directory, 'backups/nightly/x')));
});

test('where there are no buckets, a directory that is missing comes with the first upload', {
  skip,
}, async (t) => {
  const directory = join(temporaryDirectory(t), 'a/b');
  const store = await openRcloneStore({
    remote: 'disk',
    path: directory,
    environment: { RCLONE_CONFIG: '/dev/null', RCLONE_CONFIG_DISK_TYPE: 'local' },
    ...{ temporaryDirectory: temporaryDirectory(t), searchPath },
  });
  await store.probe(signal);
  assert.deepEqual(await Array.fromAsync(store.list(signal)), []);
  const { path, artifact } = await testFile(store, temporaryDirectory(t), 'x', 'content');
  await store.put(path, artifact, { overwrite: false, signal });
  assert.equal((await store.stat('x', signal))?.md5, artifact.md5);
});

test('a remote that encrypts counts no checksum, so the copy has to be read back', { skip }, async (t) => {
  const { open } = await startServer(t, {
    RCLONE_CONFIG_HIDDEN_TYPE: 'crypt',
    RCLONE_CONFIG_HIDDEN_REMOTE: 'server:backups/hidden',
    // "a password", as rclone obscure writes it.
    RCLONE_CONFIG_HIDDEN_PASSWORD: 'LOAUrJtjxqsvMXY2dqYsNYMAqdnSFsKZFY0',
  });
  const store = await open('nightly', 'hidden');
  const { path, artifact } = await testFile(store, temporaryDirectory(t), 'x', 'content');
  await store.put(path, artifact, { overwrite: false, signal });
  const present = await store.stat('x', signal);
  assert.deepEqual({ ...present, sha256: undefined }, { sizeBytes: 7, md5: undefined, sha256: undefined });
});

test('what a killed put left in place of its file is replaced by the file', { skip }, async (t) => {
  const [directory, own] = [temporaryDirectory(t), temporaryDirectory(t)];
  const store = await openRcloneStore({
    ...{ remote: 'disk', path: directory, temporaryDirectory: own, searchPath },
    environment: { RCLONE_CONFIG: '/dev/null', RCLONE_CONFIG_DISK_TYPE: 'local' },
  });
  const file = await testFile(store, own, 'x', 'content');
  writeFileSync(join(directory, 'x'), 'cont');
  await sendArtifacts(store, [file], { signal });
  assert.equal(readFileSync(join(directory, 'x'), 'utf8'), 'content');
  // With it goes the metadata.
  rmSync(join(directory, 'x'));
  writeFileSync(join(directory, 'x'), 'other');
  await assert.rejects(sendArtifacts(store, [file], { signal }), { code: 'OBJECT_EXISTS' });
  assert.equal(readFileSync(join(directory, 'x'), 'utf8'), 'other');
});

test('no backend makes up an MD5 of its own for what comes in parts, whatever the person set', () => {
  for (const backend of ['AZUREBLOB', 'OOS']) {
    const name = `RCLONE_${backend}_DISABLE_CHECKSUM`;
    assert.equal(rcloneEnvironment({ [name]: 'false' }, '/tmp')[name], 'true');
  }
});

for (const [status, code] of [
  [503, 'SlowDown'],
  [403, 'AccessDenied'],
] as const) {
  test(`a server that answers ${status} to everything is an error of every operation`, {
    skip,
  }, async (t) => {
    // No server here can be told to fail so: this fake answers the same to every request.
    const fake = createServer((request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<Error><Code>${code}</Code><Message>fake</Message></Error>`);
    }).listen(0, '127.0.0.1');
    await once(fake, 'listening');
    t.after(() => {
      fake.close();
      fake.closeAllConnections();
    });
    const own = temporaryDirectory(t);
    const store = await openRcloneStore({
      ...{ remote: 'server', path: 'backups/nightly', temporaryDirectory: own, searchPath, attempts: 1 },
      environment: s3Remote({ port: (fake.address() as AddressInfo).port, ...KEYS }),
    });
    const { path, artifact } = await testFile(store, own, 'x', 'content');
    const saying = (code: string) => (error: unknown) => {
      const told = describeError(error, 'en');
      assert.equal(told.code, code);
      assert.match(told.message, new RegExp(`${status}`));
      assert.notEqual(told.hint, '');
      return true;
    };
    await Promise.all([
      assert.rejects(store.put(path, artifact, { overwrite: false, signal }), saying('UPLOAD_FAILED')),
      assert.rejects(store.put(path, artifact, { overwrite: true, signal }), saying('UPLOAD_FAILED')),
      assert.rejects(store.stat('x', signal), saying('CONFIRM_FAILED')),
      assert.rejects(store.get('x', { signal }), saying('STORE_FAILED')),
      assert.rejects(store.remove('x', signal), saying('STORE_FAILED')),
    ]);
  });
}

// The lock of a bucket cannot be had from a server on this machine: a program says what OSS is known to answer.
test('an object that a retention rule protects is told apart from a failure', { skip }, async (t) => {
  const answers = { FileImmutable: 'immutable', InternalError: undefined } as const;
  for (const [code, expected] of Object.entries(answers)) {
    const bin = temporaryDirectory(t);
    const line = JSON.stringify({
      level: 'notice',
      msg: `Failed to rc: loopback: call failed: api error ${code}: no`,
    });
    writeFileSync(join(bin, 'rclone'), `#!/bin/sh\necho '${line}' >&2\nexit 1\n`);
    chmodSync(join(bin, 'rclone'), 0o755);
    const store = await openRcloneStore({
      ...{ remote: 'oss', path: 'x', environment: {}, temporaryDirectory: bin, searchPath: bin },
    });
    const removal = await store.remove('x', signal).catch(({ code }) => code);
    assert.equal(removal, expected ?? 'STORE_FAILED');
  }
});

/** Configures the remote `server`. */
function s3Remote({ port, accessKeyId, secretAccessKey }: Pick<RcloneServer, 'port' | keyof typeof KEYS>) {
  return {
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_SERVER_TYPE: 's3',
    RCLONE_CONFIG_SERVER_PROVIDER: 'Other',
    RCLONE_CONFIG_SERVER_ENDPOINT: `http://127.0.0.1:${port}`,
    RCLONE_CONFIG_SERVER_ACCESS_KEY_ID: accessKeyId,
    RCLONE_CONFIG_SERVER_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

/** A server with the bucket `backups`, and how to open a store there. */
async function startServer(t: TestContext, environment: Readonly<Record<string, string>> = {}) {
  const directory = temporaryDirectory(t);
  const server = await startRcloneServer(directory, ['backups']);
  t.after(() => server.stop());
  const open = (path: string, remote = 'server') =>
    openRcloneStore({
      remote,
      path,
      environment: {
        RCLONE_CONFIG: '/dev/null',
        RCLONE_CONFIG_SERVER_TYPE: 's3',
        RCLONE_CONFIG_SERVER_PROVIDER: 'Other',
        RCLONE_CONFIG_SERVER_ENDPOINT: `http://127.0.0.1:${server.port}`,
        RCLONE_CONFIG_SERVER_ACCESS_KEY_ID: server.accessKeyId,
        RCLONE_CONFIG_SERVER_SECRET_ACCESS_KEY: server.secretAccessKey,
        ...environment,
      },
      ...{ temporaryDirectory: temporaryDirectory(t), searchPath },
    });
  return { directory, open };
}
