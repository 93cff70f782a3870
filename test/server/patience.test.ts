import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Secret } from '../../src/secret.ts';
import { buildApp } from '../../src/server/build-app.ts';
import { createApp, type Limits } from '../../src/server/http/app.ts';
import { openSite } from '../../src/server/overview/site.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';

const LIMIT = { timeout: 60_000 };
const SILENCE: Partial<Limits> = { requestMilliseconds: 200, silenceMilliseconds: 300 };

test('whoever waits for a source that hangs is not hung up on, and gets an answer', LIMIT, async (t) => {
  const released = Promise.withResolvers<void>();
  let requests = 0;
  const oss = await listen(t, async (_request, response) => {
    requests += 1;
    await released.promise;
    response.writeHead(403).end();
  });
  const { context } = recordingContext(temporaryDirectory(t));
  const settings = {
    ...{
      ...context.settings,
      REPORT_SOURCE: 'oss://backups/x',
      OSS_ENDPOINT: oss,
      OSS_REGION: 'cn-hangzhou',
    },
    ...{ OSS_ACCESS_KEY_ID: new Secret('key'), OSS_ACCESS_KEY_SECRET: new Secret('secret') },
  };
  const controller = new AbortController();
  const app = await buildApp(openSite([{ ...context, settings }], controller.signal), SILENCE);
  t.after(async () => {
    controller.abort();
    await app.close();
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  await until(() => requests > 0, true);
  const answers = ['/api/admin/backup/latest', '/'].map((path) =>
    fetch(address + path, { headers: { accept: 'text/html' } }),
  );
  // It is silent for less long than those that have asked.
  const silent = connect(Number(new URL(address).port), '127.0.0.1').on('error', () => {});
  await silent.resume().toArray();
  released.resolve();
  for (const answer of answers) assert.equal((await answer).status, 503);
});

test('an answer that takes too long is 503, and the connection goes on', LIMIT, async (t) => {
  const app = await createApp({ language: 'en', limits: { answerMilliseconds: 100 } });
  t.after(() => app.close());
  app.get('/never', () => new Promise(() => {}));
  app.get('/now', async () => 'x');
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const answer = await fetch(`${address}/never`);
  assert.deepEqual([answer.status, await answer.json()], [503, { code: 503, message: 'Not ready yet' }]);
  assert.equal((await fetch(`${address}/now`)).status, 200);
});

test('whoever does not take an answer is hung up on', LIMIT, async (t) => {
  const app = await createApp({ language: 'en', limits: SILENCE });
  t.after(() => app.close());
  app.get('/much', async () => 'x'.repeat(50_000_000));
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  let connections = 0;
  app.server.on('connection', (socket) => {
    connections += 1;
    socket.on('close', () => {
      connections -= 1;
    });
  });
  const reader = connect(Number(port), '127.0.0.1').on('error', () => {});
  t.after(() => reader.destroy());
  reader.pause().write('GET /much HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => connections, 1);
  await until(() => connections, 0);
});

async function listen(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
