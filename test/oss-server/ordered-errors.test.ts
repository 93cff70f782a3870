import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { aliOss, bucket, ossutil, startTestServer } from './clients.ts';

const published: [code: string, status: number, ec: string | undefined, message: RegExp][] = [
  ['AccessDenied', 403, '0003-00000001', /^You do not have permission/],
  ['PublicEndpointForbidden', 400, '0048-00000401', /public endpoint/],
  ['UserDisable', 403, '0003-00000801', /^UserDisable$/],
  ['InDebt', 403, undefined, /indebted/],
  ['SecurityTokenExpired', 403, '0002-00000007', /has expired/],
  ['InvalidSecurityToken', 403, '0002-00000006', /is invalid/],
  ['NoSuchUpload', 404, '0042-00000002', /^The specified upload does not exist\./],
  ['RequestTimeout', 400, '0017-00000703', /timeout period/],
  ['ServiceUnavailable', 503, undefined, /retry later/],
  ['QpsLimitExceeded', 429, undefined, /reduce your request rate/],
  ['DownloadTrafficRateLimitExceeded', 503, undefined, /download request traffic/],
];

for (const [code, status, ec, message] of published) {
  test(`the error ${code} as it is published`, async (t) => {
    const server = await startTestServer(t);
    server.fail({ fault: { kind: 'error', code } });
    await assert.rejects(
      aliOss(server).put('k', Buffer.from('x')),
      (error: Error & { status: number; code: string; ecCode?: string }) => {
        assert.deepEqual([error.status, error.code, error.ecCode || undefined], [status, code, ec]);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('an error may be ordered in other words; one that nobody knows needs a status', async (t) => {
  const server = await startTestServer(t);
  const words = { status: 418, message: 'No.', ec: '0099-00000001' };
  server.fail({ fault: { kind: 'error', code: 'UserDisable', ...words } });
  const { ec: ecCode, ...rest } = words;
  await assert.rejects(aliOss(server).get('k'), { ...rest, ecCode, code: 'UserDisable' });
  server.fail({ fault: { kind: 'error', code: 'Unheard', status: 503 } });
  await assert.rejects(aliOss(server).get('k'), { status: 503, code: 'Unheard' });
  assert.throws(() => server.fail({ fault: { kind: 'error', code: 'Unheard' } }), /no status .* Unheard/);
});

test('ossutil is shown the EC', { skip: missing('ossutil') }, async (t) => {
  const server = await startTestServer(t);
  const everyRequest = { times: Number.POSITIVE_INFINITY };
  server.fail({ fault: { kind: 'error', code: 'UserDisable' }, ...everyRequest });
  const { exitCode, output } = await ossutil(t, server, ['ls', `oss://${bucket}`]);
  assert.equal(exitCode, 1);
  assert.match(output, /StatusCode=403, ErrorCode=UserDisable, ErrorMessage="UserDisable"/);
  assert.match(output, /Ec=0003-00000801/);
});
