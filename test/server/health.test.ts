import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { layoutOf } from '../../src/files/layout.ts';
import { createApp } from '../../src/server/http/app.ts';
import { serve } from '../../src/server/serve.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';
import { recordRun } from '../schedule/recorded-run.ts';
import { NOW, startSite } from './site.ts';

const LIMIT = { timeout: 60_000 };

interface Body {
  readonly status: string;
  readonly reason: string;
}

test('fresh backups are 200, with what there is to know', LIMIT, async (t) => {
  const { get } = await startSite(t, {
    prepare: (layout) => recordRun(layout, { startedAt: '2027-01-10T02:00:00Z' }),
  });
  const { status, body } = await get('/healthz');
  assert.equal(status, 200);
  assert.deepEqual(body, {
    status: 'healthy',
    reason: 'healthy: community 10 h old; next due 2027-01-11T02:00:00Z',
    databases: [
      {
        ...{ target: null, database: 'community', state: 'fresh', reason: 'community 10 h old' },
        succeededAt: '2027-01-10T02:00:00.000Z',
        ...{ dueAt: '2027-01-10T02:00:00.000Z', nextAt: '2027-01-11T02:00:00.000Z' },
      },
    ],
  });
  const head = await get('/healthz', { method: 'HEAD' });
  assert.deepEqual([head.status, head.body], [200, '']);
});

test('stale ones are 503, and fresh again once a backup is there', LIMIT, async (t) => {
  const { get, layout, site } = await startSite(t, {
    prepare: (place) => recordRun(place, { startedAt: '2027-01-08T02:00:00Z' }),
  });
  const { status, body } = await get('/healthz');
  assert.equal(status, 503);
  assert.equal((body as Body).status, 'unhealthy');
  assert.match((body as Body).reason, /^unhealthy: community: the newest good backup is 58 h old, /);
  assert.equal((await get('/healthz', { method: 'HEAD' })).status, 503);
  recordRun(layout, { startedAt: '2027-01-10T02:00:00Z' });
  await until(() => site.followed.index.runs.items.length, 2);
  assert.equal((await get('/healthz')).status, 200);
});

test('a directory that cannot be looked at is 503, in the language of the settings', LIMIT, async (t) => {
  const { get } = await startSite(t, {
    changes: { language: 'zh' },
    prepare: ({ running }) => writeFileSync(running, 'no directory'),
  });
  const { status, body } = await get('/healthz');
  assert.equal(status, 503);
  assert.match((body as Body).reason, /无法/);
});

test('a run in the future, of another server, or another database is none of ours', LIMIT, async (t) => {
  const { get } = await startSite(t, {
    prepare: (layout) => {
      recordRun(layout, { startedAt: '2027-02-10T02:00:00Z' });
      recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', host: 'elsewhere' });
      recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', database: 'other' });
    },
  });
  assert.match(((await get('/healthz')).body as Body).reason, /^unhealthy: community: no good backup yet/);
});

test('an error inside tells nothing of it', LIMIT, async (t) => {
  const app = await createApp({ language: 'en' });
  t.after(() => app.close());
  app.get('/boom', () => Promise.reject(new Error('secret detail')));
  const answer = await fetch(`${await app.listen({ host: '127.0.0.1', port: 0 })}/boom`);
  assert.deepEqual([answer.status, await answer.json()], [500, { code: 500, message: 'Internal error' }]);
});

test('the signal closes it, open connections and readers of events included', LIMIT, async (t) => {
  const { context, logged } = recordingContext(temporaryDirectory(t), { clock: () => new Date(NOW) });
  const controller = new AbortController();
  t.after(() => controller.abort());
  const ended = serve([context], { host: '127.0.0.1', port: 0 }, controller.signal);
  await until(() => logged.map(({ id }) => id), ['SERVING']);
  const address = String(logged[0]?.parameters['address']);
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\n');
  await until(() => socket.readyState, 'open');
  const closed = new Promise((resolve) => socket.once('close', resolve).on('error', () => {}));
  const events = await fetch(`${address}/api/v1/events`);
  const read = events.text().catch(() => 'cut');
  controller.abort();
  assert.equal(await ended, undefined);
  await closed;
  await read;
  await assert.rejects(fetch(`${address}/healthz`));
});

// Sooner than connections end by themselves.
test('an answer that never comes does not hold up the end', { timeout: 5_000 }, async (t) => {
  const asked = Promise.withResolvers<void>();
  const app = await createApp({ language: 'en' });
  app.get('/never', () => {
    asked.resolve();
    return new Promise(() => {});
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const answer = assert.rejects(fetch(`${address}/never`, { signal: t.signal }));
  await asked.promise;
  await app.close();
  await answer;
});

test('a port that is taken is told, with the settings to change', LIMIT, async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  const { context } = recordingContext(layoutOf(temporaryDirectory(t)).base);
  await assert.rejects(serve([context], { host: '127.0.0.1', port }, new AbortController().signal), {
    code: 'USAGE',
    message: /127\.0\.0\.1:\d+ \(REPORT_HOST, REPORT_PORT\): .*EADDRINUSE/,
  });
});
