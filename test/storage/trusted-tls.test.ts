import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missing, ossutilPath } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { bucket, startTestServer } from '../oss-server/clients.ts';
import { throwAwayCertificate } from '../oss-server/throw-away-certificate.ts';

const CHILD = fileURLToPath(new URL('put-over-tls-child.ts', import.meta.url));

for (const tool of ['sdk', 'ossutil'] as const) {
  const skip = tool === 'ossutil' && missing('ossutil');
  test(`${tool} uploads over HTTPS to whom the variables of the error's advice trust`, {
    skip,
  }, async (t) => {
    // At an IP address ali-oss asks for the host that the bucket has in its region.
    const tls = throwAwayCertificate(t, [`${bucket}.oss-cn-hangzhou.aliyuncs.com`]);
    const server = await startTestServer(t, { tls });
    const put = (trust: Readonly<Record<string, string>>) =>
      run([tool, server.endpoint, temporaryDirectory(t)], {
        PATH: [dirname(ossutilPath() ?? '/'), process.env['PATH']].join(delimiter),
        ...trust,
      });
    const extra = { NODE_EXTRA_CA_CERTS: tls.caFile };
    assert.match(await put(tool === 'sdk' ? {} : extra), /CertificateRejected/);
    assert.deepEqual(server.objects(bucket), []);
    assert.match(await put({ ...extra, SSL_CERT_FILE: tls.caFile }), /^the same$/m);
    assert.equal(server.objects(bucket)[0]?.sizeBytes, 7);
  });
}

/** What it writes to both of its output streams. */
function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', CHILD, ...args], { env }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}
