import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../check.ts';
import type { Environment } from '../config/load.ts';
import { fillIn, type Text } from '../language.ts';
import type { Session } from './session.ts';

const VERIFYING_MODES = ['verify-ca', 'verify-full'];
/** Servers before it have no pg_stat_gssapi. */
const GSSAPI_MAJOR = 12;

/** Whether what goes over the session is encrypted, and whether it is known who is at its other end. */
export async function checkTls(
  session: Session,
  {
    host,
    major,
    environment,
  }: { readonly host: string; readonly major: number; readonly environment: Environment },
): Promise<Check> {
  if (isLocal(host)) return { id: 'tls', state: 'good', text: fillIn(LOCAL, { host }) };
  const [row] = await session.query(
    'SELECT ssl, version, cipher FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()',
  );
  const rootCertificate = rootCertificateOf(environment);
  const remedy = fillIn(VERIFY, { file: rootCertificate ?? ROOT_CERTIFICATE_EXAMPLE });
  if (row?.['ssl'] !== true) {
    if (major >= GSSAPI_MAJOR && (await isGssEncrypted(session))) {
      return { id: 'tls', state: 'good', text: GSSAPI };
    }
    return { id: 'tls', state: 'warning', text: fillIn(OFF, { host }), remedy };
  }
  const parameters = { version: String(row['version']), cipher: String(row['cipher']) };
  if (isVerified(environment, rootCertificate)) {
    return { id: 'tls', state: 'good', text: fillIn(VERIFIED, parameters) };
  }
  return { id: 'tls', state: 'warning', text: fillIn(UNVERIFIED, parameters), remedy };
}

/** A Unix socket, or this machine (and within a pod, its other containers). */
function isLocal(host: string): boolean {
  return host.startsWith('/') || host.startsWith('@') || /^(localhost|127(\.\d+){3}|::1)$/i.test(host);
}

async function isGssEncrypted(session: Session): Promise<boolean> {
  const [row] = await session.query(
    'SELECT encrypted FROM pg_catalog.pg_stat_gssapi WHERE pid = pg_catalog.pg_backend_pid()',
  );
  return row?.['encrypted'] === true;
}

/** PostgreSQL manual, 34.19.1: a root certificate turns `require` into `verify-ca`, and `system` is `verify-full`. */
function isVerified(environment: Environment, rootCertificate: string | undefined): boolean {
  const mode = environment['PGSSLMODE'] ?? '';
  if (VERIFYING_MODES.includes(mode) || environment['PGSSLROOTCERT'] === 'system') return true;
  return mode === 'require' && rootCertificate !== undefined;
}

function rootCertificateOf(environment: Environment): string | undefined {
  const named = environment['PGSSLROOTCERT'];
  const path = named || join(environment['HOME'] ?? '/', '.postgresql/root.crt');
  return existsSync(path) ? path : undefined;
}

const ROOT_CERTIFICATE_EXAMPLE = '/etc/ssl/certs/postgresql-ca.crt';

const LOCAL: Text = {
  en: 'the connection stays on this machine ({host})',
  zh: '连接不离开本机（{host}）',
};
const GSSAPI: Text = { en: 'the connection is encrypted by GSSAPI', zh: '连接由 GSSAPI 加密' };
const VERIFIED: Text = {
  en: 'the connection is encrypted ({version}, {cipher}), and the certificate of the server is verified',
  zh: '连接已加密（{version}，{cipher}），且服务器证书经过校验',
};
const UNVERIFIED: Text = {
  en: 'the connection is encrypted ({version}, {cipher}), but nobody verifies that the server is the right one',
  zh: '连接已加密（{version}，{cipher}），但未校验服务器身份',
};
const OFF: Text = {
  en: 'the connection to {host} is not encrypted: all data can be read on the way',
  zh: '与 {host} 的连接未加密：途中可读取全部数据',
};
const VERIFY: Text = {
  en: 'set PGSSLMODE=verify-full PGSSLROOTCERT={file} (the certificate of the authority that signed the server’s; for TLS at all, the server needs ssl = on)',
  zh: '设置 PGSSLMODE=verify-full PGSSLROOTCERT={file}（签发服务器证书的 CA 证书；服务器须设 ssl = on）',
};
