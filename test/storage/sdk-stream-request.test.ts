import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { requestWithStream } from '../../src/storage/stream-request.ts';

const { signal: NEVER } = new AbortController();

test('an answer before the end of the body counts, and the rest is not sent', async (t) => {
  const url = await serve(t, (_request, response) => response.writeHead(403).end('no'));
  const stream = endless();
  const answer = await requestWithStream(url, { method: 'PUT', headers: {}, stream, timeout: 10_000 }, NEVER);
  assert.deepEqual([answer.status, answer.data.toString()], [403, 'no']);
  await closed(stream);
});

test('no answer in time, and an interruption, end the request and its body', async (t) => {
  const url = await serve(t, (request) => request.resume());
  const late = endless();
  await assert.rejects(
    requestWithStream(url, { method: 'PUT', headers: {}, stream: late, timeout: 100 }, NEVER),
    { name: 'ResponseTimeoutError', code: 'ETIMEDOUT' },
  );
  await closed(late);

  const interruption = new AbortController();
  const cut = endless();
  const cutting = requestWithStream(
    url,
    { method: 'PUT', headers: {}, stream: cut, timeout: 10_000 },
    interruption.signal,
  );
  cut.once('data', () => interruption.abort());
  await assert.rejects(cutting, { name: 'AbortError' });
  await closed(cut);
});

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function endless(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(65_536));
    },
  });
}

async function closed(stream: Readable): Promise<void> {
  if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
}
