import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { describeError, PgBackupError } from '../../src/errors.ts';
import type { Text } from '../../src/language.ts';
import { openOssClient } from '../../src/storage/oss-client.ts';
import { OSS_ERRORS, OSS_ERRORS_BY_EC, UNKNOWN_OSS_ERROR } from '../../src/storage/oss-error-table.ts';
import { OssFailure, parseOssutilFailure, storeError, toOssFailure } from '../../src/storage/oss-errors.ts';
import { ossErrorsPage } from '../../src/storage/oss-errors-page.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { bucket, ossutil, permanentKey, startTestServer } from '../oss-server/clients.ts';
import { catalogue } from '../oss-server/error-catalogue.ts';
import type { FaultRule } from '../oss-server/server.ts';
import { credentialsOf, targetAt } from './oss-test-target.ts';

const { signal } = new AbortController();
const ALL_MEANINGS = [...Object.values(OSS_ERRORS), ...Object.values(OSS_ERRORS_BY_EC), UNKNOWN_OSS_ERROR];
/** Answers to questions about a bucket's configuration, which we never ask. */
const NOT_OURS = /^NoSuch(?!Bucket$|Key$|Upload$)/;
const CODES = Object.keys(catalogue).filter((code) => !NOT_OURS.test(code));

test('every meaning and every remedy is there in both languages, a remedy as a sentence', () => {
  for (const { meaning, remedy } of ALL_MEANINGS) {
    for (const text of [meaning, remedy]) {
      assert.ok(text.en.trim() !== '' && /[\u4e00-\u9fff]/.test(text.zh), JSON.stringify(text));
    }
    assert.match(remedy.en, /\S$/);
  }
});

test('the page names every code, in both languages', () => {
  for (const language of ['en', 'zh'] as const) {
    const page = ossErrorsPage(language);
    for (const [code, { meaning, remedy }] of Object.entries(OSS_ERRORS)) {
      assert.ok(page.includes(`| \`${code}\` | ${meaning[language]} | ${remedy[language]} |`), code);
    }
  }
});

test('every error that OSS publishes and we can meet is translated', () => {
  for (const code of CODES) assert.ok(code in OSS_ERRORS, code);
});

test('a failure of ali-oss tells the code, its meaning, status, RequestId and EC', async (t) => {
  const ask = await startAsking(t);
  for (const code of CODES) {
    const [status, , ec] = catalogue[code as keyof typeof catalogue] as [number, string, string?];
    for (const operation of ['HeadObject', 'PutObject', 'GetObject'] as const) {
      const failure = await ask({ operation, fault: { kind: 'error', code } });
      assert.equal(failure.code, code, operation);
      assert.match(failure.requestId ?? '', /^[0-9A-F]{24}$/, `${operation} ${code}`);
      const facts = [`HTTP ${status}`, `RequestId ${failure.requestId}`, ...(ec ? [`EC ${ec}`] : [])];
      for (const language of ['en', 'zh'] as const) {
        const { meaning } = OSS_ERRORS[code] ?? UNKNOWN_OSS_ERROR;
        assert.ok(failure.detail[language].startsWith(code), failure.detail[language]);
        assert.ok(failure.detail[language].includes(meaning[language]), failure.detail[language]);
        assert.ok(failure.detail[language].includes(facts.join(', ')), failure.detail[language]);
      }
    }
  }
});

test('a failure of ossutil tells the same', { skip: missing('ossutil') }, async (t) => {
  const server = await startTestServer(t);
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, 'content');
  for (const code of CODES) {
    server.fail({ operation: 'PutObject', fault: { kind: 'error', code }, times: Infinity });
    const { output } = await ossutil(t, server, ['cp', file, `oss://${bucket}/x`, '--force']);
    server.heal();
    const [status, , ec] = catalogue[code as keyof typeof catalogue] as [number, string, string?];
    const failure = parseOssutilFailure(output);
    assert.deepEqual(
      [failure.code, failure.status, failure.ec, failure.requestId?.length],
      [code, status, ec, 24],
      output,
    );
    assert.ok(failure.detail.zh.includes(OSS_ERRORS[code]?.meaning.zh ?? '?'), failure.detail.zh);
  }
});

test('an unknown code keeps what OSS told, with a remedy for anything', async (t) => {
  const ask = await startAsking(t);
  const fault = { kind: 'error', code: 'BrandNewError', status: 418, ec: '0099-00000001' } as const;
  const failure = await ask({ operation: 'HeadObject', fault });
  assert.match(
    failure.detail.en,
    /^BrandNewError: OSS did not do it \(HTTP 418, RequestId [0-9A-F]{24}, EC 0099-00000001\)$/,
  );
  assert.equal(failure.remedy, UNKNOWN_OSS_ERROR.remedy);
  assert.ok(failure.isRefusal);
});

test('an EC that tells more than its code is used', async (t) => {
  const ask = await startAsking(t);
  const region = await ask({
    operation: 'GetObject',
    fault: { kind: 'error', code: 'InvalidArgument', ec: '0002-00000226' },
  });
  assert.match(region.remedy.en, /OSS_REGION/);
  const kms = await ask({
    operation: 'PutObject',
    fault: { kind: 'error', code: 'KeyDisabled', status: 409, ec: '0005-00000214' },
  });
  assert.match(kms.remedy.en, /OSS_KMS_KEY_ID/);
});

for (const [seconds, said] of [
  [1800, /minutes off; it is (1799|1800|1801) s behind /],
  [-7200, /minutes off; it is (7199|7200|7201) s ahead /],
] as const) {
  test(`a clock that is off by ${seconds} s is told with the drift`, async (t) => {
    const ask = await startAsking(t);
    const failure = await ask({ operation: 'HeadObject', fault: { kind: 'clock-skew', seconds } });
    assert.equal(failure.code, 'RequestTimeTooSkewed');
    assert.match(failure.detail.en, said);
  });
}

test('the endpoint that OSS names for the bucket is told', () => {
  const answer = { headers: {}, receivedAt: new Date(), endpoint: 'oss-cn-beijing.aliyuncs.com' };
  const failure = toOssFailure({ code: 'AccessDenied', status: 403 }, answer);
  assert.match(failure.detail.en, /the bucket is at oss-cn-beijing\.aliyuncs\.com/);
  const said =
    'Error: oss: service returned error: StatusCode=403, ErrorCode=AccessDenied, ErrorMessage="The bucket you are attempting to access must be addressed using the specified endpoint.", RequestId=5C3D9175B6FC201293AD4890, Endpoint=oss-cn-beijing.aliyuncs.com, Ec=0003-00001403, Bucket=b, Object=x!';
  const ofOssutil = parseOssutilFailure(said);
  assert.match(ofOssutil.detail.en, /the bucket is at oss-cn-beijing\.aliyuncs\.com/);
  assert.equal(ofOssutil.ec, '0003-00001403');
});

test('an answer that is not of OSS is told as such', () => {
  const answer = { headers: { 'content-type': 'text/html' }, receivedAt: new Date() };
  for (const status of [403, 502]) {
    const failure = toOssFailure(Object.assign(new Error('raw xml: <html>'), { status }), answer);
    assert.equal(failure.code, 'UnexpectedAnswer');
    assert.equal(failure.isRefusal, status === 403);
    assert.doesNotMatch(failure.message, /html/);
  }
});

test('an ossutil that says nothing of OSS is quoted, cut between words', () => {
  assert.match(parseOssutilFailure('Error: open /data/x: permission denied').detail.en, /permission denied/);
  for (const [words, code] of [
    [
      'Error: Put "https://b.oss.invalid/x": dial tcp: lookup b.oss.invalid on 1.1.1.1:53: no such host',
      'HostNotFound',
    ],
    ['Error: Put "https://b/x": dial tcp 127.0.0.1:1: connect: connection refused', 'ConnectionRefused'],
    ['Error: Put "https://b/x": x509: certificate signed by unknown authority', 'CertificateRejected'],
    ['Error: Put "https://b/x": dial tcp 10.0.0.1:443: i/o timeout', 'ConnectionTimeout'],
  ] as const) {
    assert.equal(parseOssutilFailure(`progress 1%\n${words}\n`).code, code);
  }
  const long = `Error: ${'word '.repeat(200)}a-very-long-secret`;
  assert.ok(parseOssutilFailure(long).detail.en.length < 700);
});

test('no text of a failure holds a key, a signature or the body of the answer', async (t) => {
  const server = await startTestServer(t, { credentials: [] });
  const credential = {
    accessKeyId: 'LTAI-unknown',
    accessKeySecret: 'very secret',
    securityToken: 'secret-token',
  };
  const client = openOssClient(targetAt(server), credentialsOf(credential));
  for (const code of ['', 'SignatureDoesNotMatch', 'InvalidAccessKeyId']) {
    if (code) server.fail({ fault: { kind: 'error', code, message: 'very secret LTAI-unknown' } });
    const failure = await client
      .call((sdk) => sdk.getStream('x'), { signal, retries: 0 })
      .then(
        () => assert.fail(),
        (error: unknown) => error,
      );
    assert.ok(failure instanceof OssFailure);
    const error = storeError('STORE_FAILED', 'oss://b/x', failure);
    const texts = [error.message, error.stack, failure.stack, JSON.stringify(failure), JSON.stringify(error)];
    for (const language of ['en', 'zh'] as const) texts.push(JSON.stringify(describeError(error, language)));
    for (const text of texts)
      assert.doesNotMatch(text ?? '', /very secret|LTAI-unknown|secret-token|OSS4-HMAC/);
  }
});

test('an error for people has the detail, the remedy and the code in both languages', () => {
  const failure = new OssFailure({ code: 'UserDisable', status: 403, requestId: 'ABC', ec: '0003-00000801' });
  for (const code of ['UPLOAD_FAILED', 'CONFIRM_FAILED', 'STORE_FAILED'] as const) {
    const error = storeError(code, 'oss://b/x', failure);
    assert.ok(error instanceof PgBackupError);
    assert.equal(error.parameters['storeCode'], 'UserDisable');
    const { message, hint } = describeError(error, 'zh');
    assert.ok(message.includes('账号已停用') && hint.includes('结清欠费'), `${message} ${hint}`);
    assert.deepEqual(Object.keys(error.parameters['detail'] as Text), ['en', 'zh']);
  }
});

/** Lets one request go wrong by the rule and returns the failure. */
async function startAsking(t: TestContext): Promise<(rule: FaultRule) => Promise<OssFailure>> {
  const server = await startTestServer(t);
  const client = openOssClient(targetAt(server), credentialsOf(permanentKey));
  return async (rule) => {
    server.heal();
    server.fail(rule);
    const failed = client.call<unknown>(
      (sdk) => {
        if (rule.operation === 'HeadObject') return sdk.head('x');
        if (rule.operation === 'GetObject') return sdk.getStream('x');
        return sdk.put('x', Buffer.from('content'));
      },
      { signal, retries: 0 },
    );
    const error: unknown = await failed.then(
      () => assert.fail(`${JSON.stringify(rule)} was done`),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof OssFailure, String(error));
    return error;
  };
}
