import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { crc64 } from 'crc64-ecma182.js';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { aliOss, bucket, ossutil, startTestServer } from './clients.ts';
import type { OssServer } from './server.ts';

const partSize = 1024 * 1024;
const data = Buffer.alloc(3 * partSize, 'abcdefg');
const inParts = ['--bigfile-threshold', String(partSize), '--part-size', String(partSize)];

// Which one it is depends on whether Go was reading or writing when the reset came.
const lostInGo = /connection reset by peer|broken pipe|use of closed network connection|EOF/;

describe('with ossutil', { skip: missing('ossutil') }, () => {
  const copy = (t: TestContext, server: OssServer, ...options: string[]) => {
    const file = join(temporaryDirectory(t), 'file');
    writeFileSync(file, data);
    return ossutil(t, server, ['cp', file, `oss://${bucket}/k`, '-f', ...options]);
  };

  test('refuse: the connection ends without an answer', async (t) => {
    const server = await startTestServer(t);
    server.fail({ fault: { kind: 'refuse' }, operation: 'PutObject' });
    const { exitCode, output } = await copy(t, server);
    assert.equal(exitCode, 1);
    assert.match(output, lostInGo);
    assert.equal(
      (await server.waitForRequest(({ operation }) => operation === 'PutObject')).status,
      'dropped',
    );
    assert.deepEqual(server.objects(bucket), []);
  });

  for (const [operation, options] of [
    ['PutObject', []],
    ['UploadPart', inParts],
  ] as const) {
    test(`reset: the connection ends in the middle of the body of ${operation}`, async (t) => {
      const server = await startTestServer(t);
      server.fail({ fault: { kind: 'reset', afterBytes: 200_000 }, operation });
      const { exitCode, output } = await copy(t, server, ...options);
      assert.equal(exitCode, 1);
      assert.match(output, lostInGo);
      await server.waitForRequest(
        (request) => request.operation === operation && request.status === 'dropped',
      );
      assert.deepEqual(server.objects(bucket), []);
      assert.equal(server.uploads(bucket).length, operation === 'UploadPart' ? 1 : 0);
      assert.equal((await copy(t, server, ...options)).exitCode, 0);
      assert.equal(server.objects(bucket)[0]?.crc64, crc64(data));
    });

    test(`truncate: ${operation} succeeds, and the object is short`, async (t) => {
      const server = await startTestServer(t);
      server.fail({ fault: { kind: 'truncate', keepBytes: 5 }, operation });
      const { exitCode, output } = await copy(t, server, ...options);
      assert.equal(exitCode, 0, output);
      const expectedBytes = operation === 'PutObject' ? 5 : 2 * partSize + 5;
      const { res } = await aliOss(server).head('k');
      const head = res.headers as Record<string, string>;
      assert.equal(head['content-length'], String(expectedBytes));
      assert.notEqual(head['x-oss-hash-crc64ecma'], crc64(data));
      if (operation === 'PutObject') assert.equal(head['x-oss-hash-crc64ecma'], crc64(data.subarray(0, 5)));
    });

    test(`wrong-crc: ${operation} is taken for damaged`, async (t) => {
      const server = await startTestServer(t);
      server.fail({ fault: { kind: 'wrong-crc' }, operation });
      const { exitCode, output } = await copy(t, server, ...options);
      assert.equal(exitCode, 1);
      assert.match(output, /the crc of \w+ is inconsistent/);
    });
  }

  test('error: the answer is the ordered one, as often as ordered', async (t) => {
    const server = await startTestServer(t);
    server.fail({ fault: { kind: 'refuse' }, key: 'another key' });
    server.fail({ fault: { kind: 'error', status: 503, code: 'ServiceUnavailable' }, key: 'k' });
    server.fail({ fault: { kind: 'error', status: 403, code: 'AccessDenied', message: 'No.' }, times: 2 });
    assert.match((await copy(t, server)).output, /StatusCode=503, ErrorCode=ServiceUnavailable/);
    assert.match(
      (await copy(t, server)).output,
      /StatusCode=403, ErrorCode=AccessDenied, ErrorMessage="No\."/,
    );
    assert.equal((await copy(t, server)).exitCode, 1);
    assert.equal((await copy(t, server)).exitCode, 0);
  });

  test('hold: the answer waits until the test lets it go', async (t) => {
    const server = await startTestServer(t);
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    server.fail({ fault: { kind: 'hold', until }, operation: 'PutObject' });
    const running = copy(t, server);
    const { status } = await server.waitForRequest(({ operation }) => operation === 'PutObject');
    assert.equal(status, 'pending');
    assert.deepEqual(server.objects(bucket), []);
    release();
    assert.equal((await running).exitCode, 0);
    assert.equal(server.objects(bucket).length, 1);
  });

  test('clock-skew: the server takes the request for an old one', async (t) => {
    const server = await startTestServer(t);
    const skew = (seconds: number) => server.fail({ fault: { kind: 'clock-skew', seconds } });
    skew(16 * 60);
    assert.match((await copy(t, server)).output, /StatusCode=403, ErrorCode=RequestTimeTooSkewed/);
    skew(-16 * 60);
    assert.match((await copy(t, server)).output, /StatusCode=403, ErrorCode=RequestTimeTooSkewed/);
    skew(14 * 60);
    assert.equal((await copy(t, server)).exitCode, 0);
  });
});

describe('with ali-oss', () => {
  const connectionLost = { status: -1 };

  test('refuse', async (t) => {
    const server = await startTestServer(t);
    server.fail({ fault: { kind: 'refuse' }, operation: 'HeadObject' });
    await assert.rejects(aliOss(server).head('k'), connectionLost);
    await assert.rejects(aliOss(server).head('k'), { status: 404 });
  });

  test('reset: in the middle of what is sent, or of what is received', async (t) => {
    const server = await startTestServer(t);
    server.fail({ fault: { kind: 'reset', afterBytes: 200_000 }, operation: 'PutObject' });
    await assert.rejects(aliOss(server).put('k', data), connectionLost);
    assert.deepEqual(server.objects(bucket), []);
    await aliOss(server).put('k', data);
    server.fail({ fault: { kind: 'reset', afterBytes: 200_000 }, operation: 'GetObject' });
    const { stream } = await aliOss(server).getStream('k');
    await assert.rejects(buffer(stream), { code: 'ECONNRESET' });
    const whole = await aliOss(server).getStream('k');
    assert.ok(data.equals(await buffer(whole.stream)));
  });

  test('error, until it is healed', async (t) => {
    const server = await startTestServer(t);
    const fault = { kind: 'error', status: 500, code: 'InternalError' } as const;
    server.fail({ fault, times: Number.POSITIVE_INFINITY });
    await assert.rejects(aliOss(server).get('k'), { status: 500, code: 'InternalError' });
    await assert.rejects(aliOss(server).head('k'), { status: 500, code: 'InternalError' });
    server.heal();
    await assert.rejects(aliOss(server).head('k'), { status: 404 });
  });

  test('hold: longer than the client waits', async (t) => {
    const server = await startTestServer(t);
    server.fail({ fault: { kind: 'hold', until: new Promise(() => {}) }, operation: 'PutObject' });
    const put = aliOss(server, { timeout: 200 }).put('k', Buffer.from('x'));
    await assert.rejects(put, { name: 'ResponseTimeoutError' });
    assert.deepEqual(server.objects(bucket), []);
  });

  test('truncate at the completion: the answer is that of the whole', async (t) => {
    const server = await startTestServer(t);
    server.fail({ fault: { kind: 'truncate', keepBytes: 7 }, operation: 'CompleteMultipartUpload' });
    const { res } = await aliOss(server).multipartUpload('k', data, { partSize });
    assert.equal((res.headers as Record<string, string>)['x-oss-hash-crc64ecma'], crc64(data));
    assert.equal(server.objects(bucket)[0]?.sizeBytes, 7);
    assert.equal(server.objects(bucket)[0]?.crc64, crc64(data.subarray(0, 7)));
  });

  test('wrong-crc: of a head request, too', async (t) => {
    const server = await startTestServer(t);
    await aliOss(server).put('k', data);
    server.fail({ fault: { kind: 'wrong-crc' }, operation: 'HeadObject' });
    const crcOfHead = async () => {
      const { res } = await aliOss(server).head('k');
      return (res.headers as Record<string, string>)['x-oss-hash-crc64ecma'];
    };
    assert.notEqual(await crcOfHead(), crc64(data));
    assert.equal(await crcOfHead(), crc64(data));
  });

  test('clock-skew', async (t) => {
    const server = await startTestServer(t);
    server.fail({ fault: { kind: 'clock-skew', seconds: 16 * 60 } });
    await assert.rejects(aliOss(server).put('k', data), { status: 403, code: 'RequestTimeTooSkewed' });
  });
});
