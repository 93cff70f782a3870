import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { post } from '../../src/notify/http.ts';
import { closedPort, type Fault, type Received, type Reply, startLocalServer } from './local-server.ts';
import { QUICK } from './start-notifier.ts';

const PATH = '/hook/h77p-canary-token?key=h77p-canary-key';

test('what passes is tried again, twice, with a pause that grows', async (t) => {
  for (const trouble of [
    { status: 503, body: 'busy' },
    { status: 500, body: '' },
    { status: 429, body: '' },
    'cut',
    'hang',
  ] as const) {
    const { said, received } = await postTo(t, (_request, count) =>
      count < 3 ? trouble : { body: 'taken' },
    );
    assert.equal(said, 'taken');
    assert.equal(received.length, 3);
    assert.deepEqual([...new Set(received.map(({ body }) => body))], ['the body']);
  }
});

test('what does not pass is given up after the second more try, or at once where trying is no use', async (t) => {
  for (const [answer, tries, said] of [
    [{ status: 502, body: '<html>\n<b>Bad\tGateway</b>' }, 3, /: HTTP 502: <html> <b>Bad Gateway<\/b>$/],
    ['cut', 3, /: .*(other side closed|socket hang up|ECONNRESET)/],
    ['hang', 3, /: no answer in time$/],
    [{ status: 400, body: 'invalid_payload' }, 1, /: HTTP 400: invalid_payload$/],
    [
      { status: 404, body: '{"a":1}', headers: { 'content-type': 'application/json' } },
      1,
      /: HTTP 404: \{"a":1\}$/,
    ],
    [{ status: 408, body: '' }, 1, /: HTTP 408/],
  ] as const) {
    const { error, received, host } = await postTo(t, () => answer);
    assert.match(error ?? '', said);
    assert.ok(error?.startsWith(host), error);
    assert.doesNotMatch(error ?? '', /canary/);
    assert.equal(received.length, tries, error);
  }
});

test('Retry-After is kept where there is time for it, and told where there is not', async (t) => {
  const wait = { status: 429, headers: { 'retry-after': '1' }, body: 'rate_limited' };
  const kept = await postTo(t, (_request, count) => (count === 1 ? wait : { body: 'ok' }), 10_000);
  assert.equal(kept.said, 'ok');
  const [first, second] = kept.received;
  const waited = (second?.atMilliseconds ?? 0) - (first?.atMilliseconds ?? 0);
  assert.ok(waited >= 990, `${waited}`);
  for (const later of ['3600', new Date(Date.now() + 3_600_000).toUTCString()]) {
    const refused = await postTo(t, () => ({ ...wait, headers: { 'retry-after': later } }));
    assert.equal(refused.received.length, 1);
    assert.equal(refused.error, `${refused.host}: HTTP 429: rate_limited (Retry-After: ${later})`);
  }
});

test('a redirect is not followed: the address of a robot is a secret', async (t) => {
  const other = await startLocalServer(t, () => ({ body: 'ok' }));
  for (const status of [301, 302, 303, 307, 308]) {
    const headers = { location: `${other.origin}/stolen` };
    const { error, received } = await postTo(t, () => ({ status, headers, body: '' }));
    assert.match(error ?? '', new RegExp(`: HTTP ${status}: a redirect, which is not followed$`));
    assert.equal(received.length, 1);
  }
  assert.deepEqual(other.received, []);
});

test('an answer without an end is read no further than its beginning', async (t) => {
  const endless = await postTo(t, () => ({ body: 'x'.repeat(50 * 1024 * 1024) }));
  assert.ok((endless.said?.length ?? 0) < 1024 * 1024, `${endless.said?.length}`);
  const stalled = await postTo(t, () => 'stall');
  assert.equal(stalled.said, 'o');
});

test('a host that is not there is named with the reason', async () => {
  const port = await closedPort();
  const request = { body: '', headers: {}, limits: QUICK, signal: AbortSignal.timeout(5000) };
  await assert.rejects(post(`http://127.0.0.1:${port}${PATH}`, request), {
    message: `127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
  });
  await assert.rejects(post(`http://nobody.invalid${PATH}`, request), {
    message: /^nobody\.invalid: getaddrinfo (ENOTFOUND|EAI_AGAIN) nobody\.invalid$/,
  });
});

test('everything ends with the overall limit', async (t) => {
  const started = performance.now();
  const { error } = await postTo(t, () => 'hang', 100, { ...QUICK, tryMilliseconds: 60_000 });
  assert.match(error ?? '', /: no answer in time$/);
  assert.ok(performance.now() - started < 30_000, `${performance.now() - started}`);
});

async function postTo(
  t: TestContext,
  answer: (request: Received, count: number) => Reply | Fault,
  overallMilliseconds = 5000,
  limits = QUICK,
): Promise<{ said?: string; error?: string; received: readonly Received[]; host: string }> {
  const { origin, host, received } = await startLocalServer(t, answer);
  const signal = AbortSignal.timeout(overallMilliseconds);
  const request = { body: 'the body', headers: { 'content-type': 'text/plain' }, limits, signal };
  try {
    return { said: await post(`${origin}${PATH}`, request), received, host };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error), received, host };
  }
}
