import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordRun } from '../schedule/recorded-run.ts';
import { startSite } from './site.ts';

const LIMIT = { timeout: 60_000 };

test(
  'the page to try the API has a form for every route and a field for every parameter',
  LIMIT,
  async (t) => {
    const { get } = await startSite(t);
    const { paths } = (await get('/openapi.json')).body as {
      paths: Record<string, { get: { parameters?: { name: string }[] } }>;
    };
    const { status, body, headers } = await get('/api');
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*form-action 'self'/);
    const forms = String(body).split('<form').slice(1);
    assert.deepEqual(
      forms.map((form) => /name="route" value="([^"]+)"/.exec(form)?.[1]),
      Object.keys(paths),
    );
    for (const [index, { get: operation }] of Object.values(paths).entries())
      for (const { name } of operation.parameters ?? [])
        assert.match(forms[index] ?? '', new RegExp(`<(input|select)[^>]* name="${name}"`), name);
  },
);

test('in Chinese it has no text in English', LIMIT, async (t) => {
  const { get } = await startSite(t);
  const text = String((await get('/api?lang=zh')).body);
  assert.match(text, /试用 API/);
  assert.doesNotMatch(text, / lang="en"(?! hreflang)/);
  assert.match(text, /<span>上一页的 <code>nextCursor<\/code><\/span>/);
  assert.match(String((await get('/api?lang=en')).body), /<span lang="en">Everything about one run<\/span>/);
});

test('a form leads to the answer, without what was left empty', LIMIT, async (t) => {
  const { get, address } = await startSite(t, {
    prepare: (layout) => recordRun(layout, { startedAt: '2027-01-10T02:00:00Z' }),
  });
  const leadsTo = async (query: string): Promise<string> => {
    const answer = await fetch(`${address}/api/open?${query}`, { redirect: 'manual' });
    assert.equal(answer.status, 303, query);
    const location = answer.headers.get('location') ?? '';
    assert.match(location, /^\.\.\//, query);
    return new URL(location, `${address}/api/open`).href.slice(address.length);
  };
  const runs = await leadsTo('route=/api/v1/runs&database=a%26b&status=&limit=+2+&cursor=&more=1');
  assert.equal(runs, '/api/v1/runs?database=a%26b&limit=2');
  assert.equal((await get(runs)).status, 200);
  const one = await leadsTo('route=/api/v1/runs/{run}&run=community_20270110T020000Z_h&target=');
  assert.equal(one, '/api/v1/runs/community_20270110T020000Z_h');
  assert.equal((await get(one)).status, 200);
  assert.equal(
    await leadsTo('route=/api/v1/runs/{run}&run=../../healthz%3Fx%23%0d%0aa:b'),
    '/api/v1/runs/..%2F..%2Fhealthz%3Fx%23%0D%0Aa%3Ab',
  );
});

test('no form leads anywhere else', LIMIT, async (t) => {
  const { get } = await startSite(t);
  const one = 'route=/api/v1/runs/{run}';
  for (const query of ['', 'route=', 'route=https://example.org/', 'route=//example.org', 'route=/runs'])
    assert.equal((await get(`/api/open?${query}`)).status, 404, query);
  for (const run of ['', '&run=', '&run=.', '&run=..', '&run=%2e%2e'])
    assert.equal((await get(`/api/open?${one}${run}`)).status, 404, run);
});
