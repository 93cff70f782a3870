import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { ConnectionDropped, until } from './body.ts';

test('nobody waits for a client that has gone before', { timeout: 60_000 }, async (t) => {
  const server = createServer();
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(client, 'connect');
  const forEver = new Promise<void>(() => {});
  const waiting = until(forEver, client);
  client.destroy();
  await assert.rejects(waiting, ConnectionDropped);
  assert.ok(client.closed);
  await assert.rejects(until(forEver, client), ConnectionDropped);
});
