import assert from 'node:assert/strict';
import { chownSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Check } from '../../src/check.ts';
import { remedyText } from '../../src/check.ts';
import { openSession } from '../../src/postgres/session.ts';
import { checkTls } from '../../src/postgres/tls-check.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { serverUserId } from '../harness/server-user.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { clientFor } from '../integration/client-program.ts';
import { throwAwayCertificate } from '../oss-server/throw-away-certificate.ts';

describe('the encryption of the connection', {
  skip: missing('postgres-server-15', 'postgres-client-15'),
}, () => {
  let plain: PostgresServer;
  before(async () => {
    plain = await startPostgres();
  });
  after(() => plain.stop());

  const startSecure = async (t: TestContext): Promise<{ secure: PostgresServer; caFile: string }> => {
    const directory = temporaryDirectory(t);
    const { key, cert, caFile } = throwAwayCertificate(t);
    const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    writeFileSync(keyFile, key, { mode: 0o600 });
    writeFileSync(certFile, cert);
    if (serverUserId !== undefined) chownSync(keyFile, serverUserId, serverUserId);
    const secure = await startPostgres({
      settings: { ssl: 'on', ssl_cert_file: certFile, ssl_key_file: keyFile },
    });
    t.after(() => secure.stop());
    return { secure, caFile };
  };

  /** `host`: as the settings name it; tests have no other machine. */
  const look = async (
    t: TestContext,
    server: PostgresServer,
    environment: Record<string, string> = {},
    host = 'db.example.com',
  ): Promise<Check> => {
    const session = openSession({
      psql: join(clientFor(15).directory, 'psql'),
      target: { host: server.host, port: server.port, user: server.user, database: 'postgres' },
      environment: {
        PATH: process.env['PATH'] ?? '',
        PGPASSWORD: server.password,
        LC_ALL: 'C',
        ...environment,
      },
      applicationName: 'test',
      signal: t.signal,
    });
    try {
      return await checkTls(session, {
        host,
        major: 15,
        environment: { HOME: temporaryDirectory(t), ...environment },
      });
    } finally {
      await session.close();
    }
  };

  test('is no matter where it stays on this machine', async (t) => {
    for (const host of ['/var/run/postgresql', '@abstract', 'localhost', '127.0.0.1', '127.1.2.3', '::1']) {
      assert.equal((await look(t, plain, {}, host)).state, 'good', host);
    }
    for (const host of ['127.0.0.1.example.com', 'localhost.example.com', '10.0.0.1', '0.0.0.0']) {
      assert.equal((await look(t, plain, {}, host)).state, 'warning', host);
    }
  });

  test('is missed on a network', async (t) => {
    const check = await look(t, plain);
    assert.match(check.text.en, /db\.example\.com is not encrypted/);
    assert.match(remedyText(check.remedy ?? '', 'en'), /^set PGSSLMODE=verify-full PGSSLROOTCERT=\/\S+ /);
  });

  test('is little worth where nobody asks who is there', async (t) => {
    const { secure, caFile } = await startSecure(t);
    for (const environment of [
      {},
      { PGSSLMODE: 'require' },
      { PGSSLMODE: 'prefer', PGSSLROOTCERT: caFile },
    ]) {
      const check = await look(t, secure, environment);
      assert.equal(check.state, 'warning');
      assert.match(check.text.en, /encrypted \(TLSv1\.3, TLS_\w+\), but nobody verifies/);
    }
    const { remedy = '' } = await look(t, secure, { PGSSLROOTCERT: caFile });
    assert.ok(remedyText(remedy, 'zh').includes(`PGSSLMODE=verify-full PGSSLROOTCERT=${caFile}`));
  });

  test('is good where the certificate is verified, as the remedy says', async (t) => {
    const { secure, caFile } = await startSecure(t);
    for (const PGSSLMODE of ['verify-full', 'verify-ca']) {
      assert.equal((await look(t, secure, { PGSSLMODE, PGSSLROOTCERT: caFile })).state, 'good', PGSSLMODE);
    }
    // With a root certificate libpq verifies here as well.
    assert.equal((await look(t, secure, { PGSSLMODE: 'require', PGSSLROOTCERT: caFile })).state, 'good');
    const home = temporaryDirectory(t);
    mkdirSync(join(home, '.postgresql'));
    copyFileSync(caFile, join(home, '.postgresql/root.crt'));
    assert.equal((await look(t, secure, { PGSSLMODE: 'require', HOME: home })).state, 'good');
  });
});
