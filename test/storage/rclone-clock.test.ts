import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { type TestContext, test } from 'node:test';
import { describeError } from '../../src/errors.ts';
import { openRcloneStore } from '../../src/storage/rclone.ts';
import { missing, rclonePath } from '../harness/parts.ts';
import { startRcloneServer } from '../harness/rclone-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const { signal } = new AbortController();
const MINUTE = 60 * 1000;

test('a listing by a clock that has jumped is an error: by its ages copies would be removed', {
  skip: missing('rclone'),
}, async (t) => {
  const server = await startRcloneServer(temporaryDirectory(t), ['backups']);
  t.after(() => server.stop());
  const listAt = async (aheadMilliseconds: number): Promise<unknown> => {
    const store = await openRcloneStore({
      remote: 'server',
      path: 'backups/nightly',
      environment: {
        RCLONE_CONFIG: '/dev/null',
        RCLONE_CONFIG_SERVER_TYPE: 's3',
        RCLONE_CONFIG_SERVER_PROVIDER: 'Other',
        RCLONE_CONFIG_SERVER_ENDPOINT: await startClockProxy(t, server.port, aheadMilliseconds),
        RCLONE_CONFIG_SERVER_ACCESS_KEY_ID: server.accessKeyId,
        RCLONE_CONFIG_SERVER_SECRET_ACCESS_KEY: server.secretAccessKey,
      },
      ...{ temporaryDirectory: temporaryDirectory(t), searchPath: dirname(rclonePath() ?? '') },
    });
    return Array.fromAsync(store.list(signal)).catch((error: unknown) => error);
  };
  assert.deepEqual(await listAt(0), []);
  for (const ahead of [400 * 24 * 60 * MINUTE, -60 * MINUTE]) {
    const { code, message, hint } = describeError(await listAt(ahead), 'zh');
    assert.equal(code, 'STORE_FAILED');
    assert.match(message, /server:backups\/nightly\/ 处失败：本机时钟与远端相差/);
    assert.equal(hint, '请校准本机时钟。');
  }
});

/** The server with another time; returns its address. */
async function startClockProxy(t: TestContext, port: number, aheadMilliseconds: number): Promise<string> {
  const proxy = createServer(({ method, url, headers }, answer) => {
    const request = httpRequest({ port, host: '127.0.0.1', method, path: url, headers }, (response) => {
      const date = new Date(Date.now() + aheadMilliseconds).toUTCString();
      answer.writeHead(response.statusCode ?? 500, { ...response.headers, date });
      response.pipe(answer);
    });
    request.end();
  });
  t.after(() => proxy.close());
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}
