import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { askServer, readServerAddress } from '../../src/acceptance/ask-server.ts';
import { Secret } from '../../src/secret.ts';

const RECORD = { database: 'shop', startedAt: '2027-01-10T02:00:00Z', finishedAt: '2027-01-10T02:05:00Z' };
const LATEST = { code: 200, message: '', data: RECORD };
const LIST = {
  code: 200,
  message: '',
  data: { records: [RECORD], total: 57, size: 10, current: 1, pages: 6 },
};

test('asks both routes below the path of the address, with the token', async (t) => {
  const asked: string[] = [];
  const address = await listen(t, (request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    response.end(JSON.stringify(request.url?.includes('/latest') ? LATEST : LIST));
  });
  const server = readServerAddress(`${address}/backups`, 'en');
  const answer = await askServer(server, {
    token: new Secret('open sesame'),
    signal: t.signal,
    back: undefined,
  });
  assert.deepEqual(answer, {
    server: `${address}/backups/`,
    latest: RECORD.finishedAt,
    total: 57,
    records: [RECORD],
  });
  assert.deepEqual(asked, [
    '/backups/api/admin/backup/latest Bearer open sesame',
    '/backups/api/admin/backup/list?pageNum=1&pageSize=100 Bearer open sesame',
  ]);
});

test('reads on until the beginning of the run is passed, or the list is at its end', async (t) => {
  const ends = Array.from({ length: 450 }, (_, minutes) =>
    new Date(Date.parse('2027-01-10T12:00:00Z') - minutes * 60_000).toISOString().replace('.000Z', 'Z'),
  );
  const listTo = async (back: string | undefined): Promise<number> => {
    const answer = await ask(
      t,
      (request, response) => {
        const query = new URL(request.url ?? '', 'http://server').searchParams;
        const [page, size] = [Number(query.get('pageNum')), Number(query.get('pageSize'))];
        const records = ends
          .slice((page - 1) * size, page * size)
          .map((finishedAt) => ({ ...RECORD, finishedAt }));
        const list = { ...LIST, data: { ...LIST.data, records, total: ends.length } };
        response.end(JSON.stringify(request.url?.includes('/latest') ? LATEST : list));
      },
      back,
    );
    assert.ok('records' in answer, JSON.stringify(answer));
    return answer.records.length;
  };
  assert.equal(await listTo(undefined), 100);
  assert.equal(await listTo(ends[50]), 100);
  assert.equal(await listTo(ends[99]), 200);
  assert.equal(await listTo(ends[250]), 300);
  assert.equal(await listTo('2020-01-01T00:00:00Z'), 450);
});

test('a server without a report has no latest', async (t) => {
  const empty = { ...LIST, data: { ...LIST.data, records: [], total: 0 } };
  const answer = await ask(t, (request, response) => {
    response.end(JSON.stringify(request.url?.includes('/latest') ? { code: 200, message: '' } : empty));
  });
  assert.ok('latest' in answer);
  assert.deepEqual([answer.latest, answer.total, answer.records], [undefined, 0, []]);
});

test('whatever else answers is a problem, and no failure', async (t) => {
  const cases: [RegExp, RequestListener][] = [
    [/HTTP 401/, (_, response) => response.writeHead(401).end('{"code":401}')],
    [/HTTP 200|JSON/, (_, response) => response.end('<html>log in</html>')],
    [/two agreed routes/, (_, response) => response.end('{"code":500}')],
    [/two agreed routes/, (_, response) => response.end('{"code":200,"data":{"finishedAt":7}}')],
    [/redirect/, (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    [/./, (request) => request.socket.destroy()],
    [/JSON/, (_, response) => pour(response)],
  ];
  for (const [expected, listener] of cases) {
    const answer = await ask(t, listener);
    assert.ok('problem' in answer);
    assert.match(answer.problem.en, expected);
  }
});

test('an interruption ends the waiting', async (t) => {
  const stop = new AbortController();
  const address = await listen(t, () => stop.abort(new Error('interrupted')));
  const server = readServerAddress(address, 'en');
  await assert.rejects(
    askServer(server, { token: undefined, signal: stop.signal, back: undefined }),
    /interrupted/,
  );
});

async function ask(t: TestContext, listener: RequestListener, back?: string) {
  const server = readServerAddress(await listen(t, listener), 'en');
  return askServer(server, { token: undefined, signal: t.signal, back });
}

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An answer without an end. */
function pour(response: ServerResponse): void {
  const endless = function* () {
    for (;;) yield '['.repeat(64 * 1024);
  };
  Readable.from(endless()).pipe(response);
}
