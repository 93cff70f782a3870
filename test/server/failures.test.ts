import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { PgBackupError } from '../../src/errors.ts';
import { layoutOf } from '../../src/files/layout.ts';
import { createApp } from '../../src/server/http/app.ts';
import { logProblems } from '../../src/server/log-problems.ts';
import { serve } from '../../src/server/serve.ts';
import { type Logged, recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';
import { startSite } from './site.ts';

const LIMIT = { timeout: 60_000 };

test('what cannot be read is logged when that begins and when it is over, once each', LIMIT, async (t) => {
  const { layout, site } = await startSite(t, {
    prepare: ({ reports }) => writeFileSync(reports, 'no directory'),
  });
  const { context, logged } = recordingContext(layout.base);
  const ids = () => logged.map(({ id }) => id);
  logProblems(site, context.log, 20);
  await until(ids, ['READING_FAILED']);
  assert.equal(logged[0]?.parameters['code'], 'READING_FAILED');
  assert.match(String(logged[0]?.parameters['message']), /^Cannot read \S+\/reports: ENOTDIR/);
  const { scannedAt } = site.followed;
  await until(() => site.followed.scannedAt !== scannedAt, true);
  rmSync(layout.reports);
  await until(ids, ['READING_FAILED', 'READING_AGAIN']);
  assert.deepEqual(logged[1]?.parameters, { place: layout.reports });
  writeFileSync(layout.reports, 'no directory');
  await until(ids, ['READING_FAILED', 'READING_AGAIN', 'READING_FAILED']);
});

test('a bug is logged with its stack, what the store does not tell with its code', LIMIT, async (t) => {
  const { context, logged } = recordingContext(layoutOf(temporaryDirectory(t)).base);
  const app = await createApp({ language: 'en', log: context.log });
  t.after(() => app.close());
  app.get('/boom/:name', () => Promise.reject(new Error('secret detail')));
  app.get('/store', () =>
    Promise.reject(new PgBackupError('STORE_FAILED', { object: 'x', detail: 'hangs', remedy: '' })),
  );
  app.get('/later', async (_request, reply) => reply.status(503).send(''));
  app.get('/healthz', async (_request, reply) => reply.status(503).send(''));
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  for (const path of ['/boom/%0Aname', '/store', '/later', '/healthz', '/nothing'])
    await fetch(address + path);
  await until(() => logged.length, 3);
  const [bug, store, later] = logged as [Logged, Logged, Logged];
  assert.deepEqual(
    [bug.id, bug.parameters['route'], bug.parameters['status']],
    ['ANSWER_FAILED', '/boom/:name', 500],
  );
  assert.match(
    String(bug.parameters['message']),
    /secret detail\nError: secret detail\n {4}at .*failures\.test\.ts/,
  );
  assert.deepEqual(store.parameters, {
    ...{ method: 'GET', route: '/store', status: 503, code: 'STORE_FAILED' },
    message: 'The remote store failed at x: hangs',
  });
  assert.deepEqual(later, {
    id: 'ANSWER_REFUSED',
    parameters: { method: 'GET', route: '/later', status: 503 },
  });
});

test('the server logs its own failures', LIMIT, async (t) => {
  const { context, logged } = recordingContext(temporaryDirectory(t));
  const { site, get } = await startSite(t, { changes: { log: context.log } });
  site.overview().catch(() => {});
  Object.defineProperty(site.followed.index, 'reported', {
    get: () => {
      throw new Error('broken');
    },
  });
  assert.equal((await get('/api/admin/backup/latest')).status, 500);
  await until(() => logged.map(({ id }) => id), ['ANSWER_FAILED']);
});

test('the command tells in its log what cannot be read', LIMIT, async (t) => {
  const directory = temporaryDirectory(t);
  const { context, logged } = recordingContext(directory);
  writeFileSync(layoutOf(directory).reports, 'no directory');
  const controller = new AbortController();
  const ended = serve([context], { host: '127.0.0.1', port: 0 }, controller.signal);
  await until(() => logged.map(({ id }) => id).sort(), ['READING_FAILED', 'SERVING']);
  controller.abort();
  await ended;
});
