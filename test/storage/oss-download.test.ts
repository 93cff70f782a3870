import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { wholeDownload } from '../../src/storage/oss-download.ts';

// The bodies of real answers are read in oss-objects.test.ts; here is what would take a minute there.

test('a body that stalls ends with a timeout, and is given up', async () => {
  const body = new PassThrough();
  const download = wholeDownload({
    body,
    expectedBytes: 4,
    toError: (failure) => failure,
    stallMilliseconds: 20,
  });
  body.write('ab');
  await assert.rejects(buffer(download), { code: 'ConnectionTimeout' });
  assert.ok(body.destroyed);
});

test('a reader that takes its time is waited for', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const chunk = Buffer.alloc(64 * 1024);
  const body = new PassThrough({ highWaterMark: 1 });
  const download = wholeDownload({
    body,
    expectedBytes: 2 * chunk.length,
    toError: (failure) => failure,
    stallMilliseconds: 1000,
  });
  body.write(chunk);
  body.end(chunk);
  await setImmediate();
  for (let period = 0; period < 5; period += 1) t.mock.timers.tick(1000);
  assert.equal((await buffer(download)).length, 2 * chunk.length);
});

test('a reader that begins when the body has long ended gets it whole', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const body = new PassThrough();
  const download = wholeDownload({
    body,
    expectedBytes: 4,
    toError: (failure) => failure,
    stallMilliseconds: 1000,
  });
  body.end('abcd');
  await setImmediate();
  assert.ok(body.readableEnded);
  for (let period = 0; period < 5; period += 1) t.mock.timers.tick(1000);
  assert.equal((await buffer(download)).toString(), 'abcd');
});

test('a body that is shorter than announced is no whole one, even where it ends in good order', async () => {
  const body = new PassThrough();
  const download = wholeDownload({ body, expectedBytes: 4, toError: (failure) => failure });
  body.end('abc');
  await assert.rejects(buffer(download), { code: 'ConnectionLost', message: /3 of 4 bytes/ });
});

test('a body without an announced length counts as whole when it ends in good order', async () => {
  const body = new PassThrough();
  const download = wholeDownload({ body, expectedBytes: Number.NaN, toError: (failure) => failure });
  body.end('abc');
  assert.equal((await buffer(download)).toString(), 'abc');
});
