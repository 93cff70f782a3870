import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TargetContext } from '../../src/backup/context.ts';
import { type Layout, layoutOf } from '../../src/files/layout.ts';
import { createApp } from '../../src/server/app.ts';
import { healthzRoute } from '../../src/server/healthz.ts';
import { serve } from '../../src/server/serve.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';
import { recordRun } from '../schedule/recorded-run.ts';

const NOW = '2027-01-10T12:00Z';
const LIMIT = { timeout: 20_000 };

test('fresh backups are 200, with what there is to know', LIMIT, async (t) => {
  const here = await place(t);
  recordRun(here.layout, { startedAt: '2027-01-10T02:00:00Z' });
  const answer = await fetch(`${here.address}/healthz`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.deepEqual(await answer.json(), {
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
  const head = await fetch(`${here.address}/healthz`, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('stale ones are 503, and so is a directory that cannot be read', LIMIT, async (t) => {
  const stale = await place(t);
  recordRun(stale.layout, { startedAt: '2027-01-08T02:00:00Z' });
  const answer = await fetch(`${stale.address}/healthz`);
  assert.equal(answer.status, 503);
  const body = (await answer.json()) as Body;
  assert.equal(body.status, 'unhealthy');
  assert.match(body.reason, /^unhealthy: community: the newest good backup is 58 h old, /);
  assert.equal((await fetch(`${stale.address}/healthz`, { method: 'HEAD' })).status, 503);

  const broken = await place(t);
  writeFileSync(broken.layout.running, 'no directory');
  const failed = await fetch(`${broken.address}/healthz`);
  assert.equal(failed.status, 503);
  assert.equal(((await failed.json()) as Body).status, 'unhealthy');
});

test('many probes look at the disk once', LIMIT, async (t) => {
  const here = await place(t);
  recordRun(here.layout, { startedAt: '2027-01-10T02:00:00Z' });
  const statuses = await Promise.all(Array.from({ length: 50 }, () => fetch(`${here.address}/healthz`)));
  assert.ok(statuses.every(({ status }) => status === 200));
  rmSync(here.layout.records, { recursive: true });
  rmSync(here.layout.reports, { recursive: true });
  assert.equal((await fetch(`${here.address}/healthz`)).status, 200);
});

test('everything else is an error of one shape that tells nothing of the inside', LIMIT, async (t) => {
  const here = await place(t);
  for (const [path, method, code, message] of [
    ['/', 'GET', 404, 'Not found'],
    ['/healthz/', 'GET', 404, 'Not found'],
    ['/../etc/passwd', 'GET', 404, 'Not found'],
    ['/healthz', 'POST', 404, 'Not found'],
    ['/healthz', 'DELETE', 404, 'Not found'],
    ['/%', 'GET', 400, 'Bad request'],
  ] as const) {
    const answer = await fetch(here.address + path, { method });
    assert.equal(answer.status, code, path);
    assert.deepEqual(await answer.json(), { code, message }, path);
  }
  const broken = createApp([{ path: '/boom', answer: () => Promise.reject(new Error('secret detail')) }]);
  t.after(() => broken.close());
  const answer = await broken.inject('/boom');
  assert.deepEqual([answer.statusCode, answer.json()], [500, { code: 500, message: 'Internal error' }]);
});

test('what is no HTTP gets an answer of that shape too', LIMIT, async (t) => {
  const here = await place(t);
  const socket = connect(Number(new URL(here.address).port), '127.0.0.1');
  socket.end('\u0016\u0003\u0001 hello\r\n\r\n');
  const answer = (await socket.setEncoding('utf8').toArray()).join('');
  assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*\r\n\r\n\{"code":400,"message":"Bad request"\}$/);
});

test('the signal closes it, open connections included', LIMIT, async (t) => {
  const here = await place(t);
  const socket = connect(Number(new URL(here.address).port), '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\n');
  await until(() => socket.readyState, 'open');
  const closed = new Promise((resolve) => socket.once('close', resolve).on('error', () => {}));
  here.stop();
  assert.equal(await here.ended, undefined);
  await closed;
  await assert.rejects(fetch(`${here.address}/healthz`));
});

// Sooner than connections end by themselves.
test('an answer that never comes does not hold up the end', { timeout: 5_000 }, async (t) => {
  const asked = Promise.withResolvers<void>();
  const never = (): Promise<never> => {
    asked.resolve();
    return new Promise(() => {});
  };
  const app = createApp([{ path: '/never', answer: never }]);
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
  const { context } = recordingContext(temporaryDirectory(t));
  await assert.rejects(serve([context], { host: '127.0.0.1', port }, new AbortController().signal), {
    code: 'USAGE',
    message: /127\.0\.0\.1:\d+ \(REPORT_HOST, REPORT_PORT\): .*EADDRINUSE/,
  });
});

test('an answer is made anew after some seconds', LIMIT, async (t) => {
  const { layout, context } = target(t);
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { answer } = healthzRoute([context]);
  assert.equal((await answer()).status, 503);
  recordRun(layout, { startedAt: '2027-01-10T02:00:00Z' });
  now = 5_000;
  assert.equal((await answer()).status, 503);
  now = 5_001;
  assert.equal((await answer()).status, 200);
});

interface Body {
  readonly status: string;
  readonly reason: string;
}

function target(t: TestContext): {
  layout: Layout;
  context: TargetContext;
  logged: ReturnType<typeof recordingContext>['logged'];
} {
  const directory = join(temporaryDirectory(t), '');
  return { layout: layoutOf(directory), ...recordingContext(directory, { clock: () => new Date(NOW) }) };
}

async function place(
  t: TestContext,
): Promise<{ layout: Layout; address: string; ended: Promise<void>; stop(): void }> {
  const { layout, context, logged } = target(t);
  const controller = new AbortController();
  t.after(() => controller.abort());
  const ended = serve([context], { host: '127.0.0.1', port: 0 }, controller.signal);
  await until(() => logged.map(({ id }) => id), ['SERVING']);
  const address = String(logged[0]?.parameters['address']);
  return { layout, address, ended, stop: () => controller.abort() };
}
