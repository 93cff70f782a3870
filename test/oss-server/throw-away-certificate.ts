import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

export interface Certificate {
  /** PEM, for the `tls` of the server. */
  readonly key: string;
  readonly cert: string;
  /** A file with the certificate: what a client must trust (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE). */
  readonly caFile: string;
}

/** A certificate that signs itself, good for a day and for 127.0.0.1 and `names`; made with the openssl program. */
export function throwAwayCertificate(t: TestContext, names: readonly string[] = []): Certificate {
  const directory = temporaryDirectory(t);
  const [keyFile, caFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subjects = ['IP:127.0.0.1', ...names.map((name) => `DNS:${name}`)].join(',');
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
    ...['-subj', '/CN=oss-server', '-addext', `subjectAltName=${subjects}`],
    ...['-keyout', keyFile, '-out', caFile],
  ]);
  if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(caFile, 'utf8'), caFile };
}
