import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { buildApp } from '../../src/server/build-app.ts';
import { openSite } from '../../src/server/overview/site.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';
import { startSite } from './site.ts';

const LIMIT = { timeout: 60_000 };

test('HEAD says what GET would answer with, and keeps no reader', LIMIT, async (t) => {
  const { address } = await startSite(t);
  const { status, headers } = await fetch(`${address}/api/v1/events`, { method: 'HEAD' });
  assert.equal(status, 200);
  assert.equal(headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.equal(headers.get('x-accel-buffering'), 'no');
});

test('a reader who takes nothing is hung up on, and another goes on', LIMIT, async (t) => {
  const { context } = recordingContext(temporaryDirectory(t));
  const controller = new AbortController();
  const site = openSite([context], controller.signal);
  let change = (): void => {};
  const onChange = (listener: () => void) => {
    change = listener;
    return () => {};
  };
  const app = await buildApp({
    ...site,
    followed: Object.assign(Object.create(site.followed), { onChange }),
  });
  t.after(async () => {
    controller.abort();
    await app.close();
  });
  let connections = 0;
  app.server.on('connection', (socket) => {
    connections += 1;
    socket.on('close', () => {
      connections -= 1;
    });
  });
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const read = () => {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
    t.after(() => socket.destroy());
    socket.write('GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n');
    return socket;
  };
  let taken = 0;
  read().on('data', (data) => {
    taken += data.length;
  });
  await until(() => taken > 0, true);
  const deaf = read();
  await new Promise((resolve) => deaf.once('readable', resolve));
  assert.equal(connections, 2);
  // One after the other, as events come: whoever reads has taken each before the next.
  for (let count = 0; count < 1_000_000 && connections === 2; count += 1) {
    change();
    if (count % 100 === 0) await new Promise(setImmediate);
  }
  assert.equal(connections, 1);
  const before = taken;
  change();
  await until(() => taken > before, true);
});
