import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Secret } from '../../src/secret.ts';
import { addressKey } from '../../src/server/http/address-key.ts';
import { until } from '../integration/until.ts';
import { startSite, writeReportFile } from './site.ts';

const LIMIT = { timeout: 60_000 };
const TOKEN = 'correct-horse-battery';
const LIST = '/api/admin/backup/list';
const withToken = { settings: { REPORT_TOKEN: new Secret(TOKEN) } };

test('a token is asked for everywhere but at the probes', LIMIT, async (t) => {
  const { get } = await startSite(t, withToken);
  const paths = [
    '/healthz',
    LIST,
    '/api/v1/summary',
    '/api/v1/events',
    '/metrics',
    '/openapi.json',
    '/robots.txt',
    '/x',
  ];
  for (const path of paths) {
    const { status, body, headers } = await get(path);
    assert.deepEqual([status, body], [401, { code: 401, message: 'A token is needed' }], path);
    assert.match(headers.get('www-authenticate') ?? '', /^Basic realm="pg-backup", charset="UTF-8", Bearer/);
  }
  assert.deepEqual((await get('/livez')).body, { status: 'up' });
  assert.deepEqual((await get('/readyz')).body, { status: 'ready' });
});

test('the token goes as Bearer, or as the password of anybody', LIMIT, async (t) => {
  const { get } = await startSite(t, { ...withToken, limits: { failedTokensPerMinute: 1000 } });
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  const status = async (authorization: string) => (await get(LIST, { headers: { authorization } })).status;
  for (const right of [`Bearer ${TOKEN}`, `bearer  ${TOKEN}`, basic(`anybody:${TOKEN}`), basic(`:${TOKEN}`)])
    assert.equal(await status(right), 200, right);
  for (const wrong of [
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    'Bearer ',
    TOKEN,
    `Digest ${TOKEN}`,
    basic(`${TOKEN}:`),
    basic(`a:b:${TOKEN}`),
    'Basic !!!',
  ])
    assert.equal(await status(wrong), 401, wrong);
});

test('after some wrong tokens the address has to wait, whatever it sends then', LIMIT, async (t) => {
  const { get } = await startSite(t, { ...withToken, limits: { failedTokensPerMinute: 3 } });
  const ask = (token: string) => get(LIST, { headers: { authorization: `Bearer ${token}` } });
  for (let count = 0; count < 5; count += 1) assert.equal((await get(LIST)).status, 401, 'nobody has tried');
  assert.equal((await ask(TOKEN)).status, 200);
  for (let count = 0; count < 3; count += 1) assert.equal((await ask(`wrong${count}`)).status, 401);
  for (const token of ['wrong', TOKEN]) {
    const { status, body, headers } = await ask(token);
    assert.deepEqual([status, body], [429, { code: 429, message: 'Too many requests' }]);
    assert.match(headers.get('retry-after') ?? '', /^([1-9]|[1-5]\d|60)$/);
  }
  assert.equal((await get('/livez')).status, 200);
});

test('an address that asks too often has to wait', LIMIT, async (t) => {
  const { get } = await startSite(t, { limits: { requestsPerMinute: 5 } });
  for (let count = 0; count < 5; count += 1) assert.equal((await get(LIST)).status, 200);
  const { status, headers } = await get('/nothing');
  assert.deepEqual([status, headers.has('retry-after')], [429, true]);
  assert.equal((await get('/readyz')).status, 200);
});

test('an IPv6 network of 64 bits is one address', () => {
  assert.equal(addressKey('127.0.0.1'), '127.0.0.1');
  assert.equal(addressKey('::ffff:10.1.2.3'), '10.1.2.3');
  assert.equal(addressKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  assert.equal(addressKey('2001:db8:1:2::6'), '2001:db8:1:2');
  assert.equal(addressKey('2001:db8::6'), '2001:db8:0:0');
  assert.equal(addressKey('::1'), '0:0:0:0');
  assert.equal(addressKey('fe80::1%eth0'), 'fe80:0:0:0');
});

test('a name that is not allowed is refused, so that no page elsewhere can ask', LIMIT, async (t) => {
  const { send } = await startSite(t, {
    settings: { REPORT_ALLOWED_HOSTS: ['Backups.example.com', '[::1]'] },
  });
  const ask = (host: string, path = LIST) =>
    send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  for (const host of [
    'backups.example.com',
    'BACKUPS.example.com:8080',
    'backups.example.com.',
    '[::1]:8080',
  ])
    assert.match(await ask(host), /^HTTP\/1\.1 200 /, host);
  for (const host of ['evil.example', 'backups.example.com.evil.example', '127.0.0.1', ''])
    assert.match(await ask(host), /^HTTP\/1\.1 421 [\s\S]*"code":421/, host);
  assert.match(await ask('10.0.0.7:8080', '/livez'), /^HTTP\/1\.1 200 /);
});

test('only GET and HEAD, whatever the path', LIMIT, async (t) => {
  const { get, send } = await startSite(t);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    for (const path of [LIST, '/healthz', '/nothing', '/livez', '/robots.txt']) {
      const { status, body, headers } = await get(path, { method });
      assert.deepEqual(
        [status, body],
        [405, { code: 405, message: 'Only GET and HEAD' }],
        `${method} ${path}`,
      );
      assert.equal(headers.get('allow'), 'GET, HEAD');
    }
  }
  const odd = await send('PROPFIND / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(odd, /^HTTP\/1\.1 405 [\s\S]*"code":405/);
});

test('every failure has the agreed shape', LIMIT, async (t) => {
  const { get, send } = await startSite(t);
  const close = 'Host: x\r\nConnection: close\r\n';
  for (const [request, code] of [
    ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    [`GET /nothing HTTP/1.1\r\n${close}\r\n`, 404],
    [`GET /../../etc/passwd HTTP/1.1\r\n${close}\r\n`, 404],
    [`GET /%2e%2e/%2e%2e/package.json HTTP/1.1\r\n${close}\r\n`, 404],
    [`GET /..%2f..%2fpackage.json HTTP/1.1\r\n${close}\r\n`, 404],
    [`GET /% HTTP/1.1\r\n${close}\r\n`, 400],
    [`GET /api/v1/runs/%ff HTTP/1.1\r\n${close}\r\n`, 400],
    [`GET /api/v1/runs/${'x'.repeat(300)} HTTP/1.1\r\n${close}\r\n`, 414],
    [`GET /${'x'.repeat(5000)} HTTP/1.1\r\n${close}\r\n`, 414],
    [`GET /?${'x'.repeat(20_000)} HTTP/1.1\r\n${close}\r\n`, 431],
    [`GET / HTTP/1.1\r\n${close}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    [`GET ${LIST} HTTP/1.1\r\n${close}Content-Length: 100000000\r\n\r\n`, 413],
    [`GET ${LIST} HTTP/1.1\r\n${close}Transfer-Encoding: chunked\r\n\r\nffffff\r\n`, 413],
    [`POST ${LIST} HTTP/1.1\r\n${close}Content-Length: 100000000\r\n\r\n`, 405],
    ['\u0016\u0003\u0001 hello\r\n\r\n', 400],
    [`GET / HTTP/9.9\r\n${close}\r\n`, 400],
    [`GET / HTTP/1.1\r\n${close}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400],
    [`GET /nothing HTTP/1.1\r\n${close}Expect: a-miracle\r\n\r\n`, 404],
  ] as const) {
    const answer = await send(request);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${code} `), `${request.slice(0, 60)} → ${answer}`);
    assert.match(answer, /content-type: application\/json; charset=utf-8\r\n/i);
    assert.match(answer, new RegExp(`\\{"code":${code},"message":"[^"]+"\\}$`), request.slice(0, 60));
    assert.doesNotMatch(answer, /server:|x-powered-by|fastify|node/i);
  }
  assert.equal((await get('/livez')).status, 200);
});

test('answers say that nothing may be kept, framed or loaded', LIMIT, async (t) => {
  const { get } = await startSite(t);
  for (const path of [LIST, '/healthz', '/nothing', '/metrics', '/robots.txt']) {
    const { headers } = await get(path);
    assert.equal(headers.get('cache-control'), 'no-store', path);
    assert.equal(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'", path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('referrer-policy'), 'no-referrer', path);
    assert.deepEqual(
      [headers.has('server'), headers.has('access-control-allow-origin')],
      [false, false],
      path,
    );
  }
});

test('a request that does not arrive in time is 408, however it dawdles', LIMIT, async (t) => {
  const { send, get, address } = await startSite(t, { limits: { requestMilliseconds: 500 } });
  const drip = connect(Number(new URL(address).port), '127.0.0.1').on('error', () => {});
  drip.write('GET /livez HTTP/1.1\r\nX: ');
  const drops = setInterval(() => drip.write('x'), 20);
  t.after(() => clearInterval(drops));
  const answers = await Promise.all([
    send('GET /livez HTTP/1.1\r\nHost:'),
    drip
      .setEncoding('utf8')
      .toArray()
      .then((texts) => texts.join('')),
  ]);
  for (const answer of answers)
    assert.match(answer, /^HTTP\/1\.1 408 [\s\S]*\{"code":408,"message":"Too slow"\}$/);
  assert.equal((await get('/livez')).status, 200);
});

test('a connection on which nothing is asked is closed', LIMIT, async (t) => {
  const { send } = await startSite(t, { limits: { silenceMilliseconds: 3_000, idleMilliseconds: 100 } });
  const ended: string[] = [];
  await Promise.all(
    ['', 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'].map(async (text) => ended.push(await send(text))),
  );
  // Between two requests it is sooner than before the first one.
  assert.match(ended[0] ?? '', /^HTTP\/1\.1 200 /);
  assert.equal(ended[1], '');
});

test('there are not more connections than allowed, and those that end make room', LIMIT, async (t) => {
  const { address } = await startSite(t, { limits: { connections: 3 } });
  const { port } = new URL(address);
  const open = () => {
    const socket = connect(Number(port), '127.0.0.1');
    const state = { socket, isClosed: false };
    socket
      .on('error', () => {})
      .on('close', () => {
        state.isClosed = true;
      });
    t.after(() => socket.destroy());
    return state;
  };
  const first = [open(), open(), open()];
  await until(() => first.every(({ socket }) => socket.readyState === 'open'), true);
  const more = open();
  await until(() => more.isClosed, true);
  assert.ok(
    first.every(({ isClosed }) => !isClosed),
    'not because it was silent',
  );
  first[0]?.socket.destroy();
  await until(() => first[0]?.isClosed, true);
  const later = open();
  later.socket.write('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match((await later.socket.setEncoding('utf8').toArray()).join(''), /^HTTP\/1\.1 200 /);
});

test('behind a path, with and without it', LIMIT, async (t) => {
  const { get } = await startSite(t, {
    settings: { BASE_PATH: '/backups/' },
    prepare: (layout) => writeReportFile(layout, 'a', {}),
  });
  assert.equal((await get(`/backups${LIST}`)).status, 200);
  assert.equal((await get(LIST)).status, 200);
  assert.equal((await get('/backupsx/livez')).status, 404);
  const { body } = await get('/backups/openapi.json');
  assert.deepEqual((body as { servers: unknown }).servers, [{ url: '/backups' }]);
});
