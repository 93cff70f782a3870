import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordRun } from '../schedule/recorded-run.ts';
import { startSite } from '../server/site.ts';
import { blocksOf, FENCES, namesInTable } from './pages.ts';

const PAGES = [
  { page: 'docs/report-server.md', routes: 'Routes', metrics: 'Metrics' },
  { page: 'docs/report-server.zh-CN.md', routes: '路由', metrics: '指标' },
];

/** For people, so they are no part of the API's description. */
const FOR_PEOPLE = ['/', '/api', '/runs', '/runs/{run}'];

test('both languages of the page on the report server give the same blocks', () => {
  const [english, chinese] = PAGES;
  for (const fence of [...FENCES, 'text' as never])
    assert.deepEqual(blocksOf(chinese?.page ?? '', fence), blocksOf(english?.page ?? '', fence));
});

test('the page on the report server names every route and every metric', async (t) => {
  const { get } = await startSite(t, {
    prepare: (layout) => recordRun(layout, { startedAt: '2027-01-10T02:00:00Z' }),
  });
  const { paths } = (await get('/openapi.json')).body as { paths: object };
  const { body } = await get('/metrics');
  const metrics = [...String(body).matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name);
  for (const path of FOR_PEOPLE) {
    const { status, headers } = await get(path, { headers: { accept: 'text/html' } });
    assert.equal(status, path.includes('{') ? 404 : 200, path);
    assert.match(headers.get('content-type') ?? '', /^text\/html/, path);
  }
  for (const page of PAGES) {
    const routes = namesInTable(page.page, page.routes).filter((name) => name !== '/openapi.json');
    assert.deepEqual(routes.sort(), [...FOR_PEOPLE, ...Object.keys(paths)].sort(), page.page);
    assert.deepEqual(namesInTable(page.page, page.metrics).sort(), [...metrics].sort(), page.page);
  }
});
