import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { verifyArchive } from '../../src/backup/verify-archive.ts';
import { type Encryption, openEncryption } from '../../src/encryption/encryption.ts';
import { type Client, findClients } from '../../src/postgres/clients.ts';
import { ageKey, encryptionSettings, gpgKey } from '../encryption/keys.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { install } from '../integration/installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const client15 = clientDirectories().get(15) ?? '';
const NEVER = new AbortController().signal;
const key = await ageKey();
const pgpKey = gpgKey();

const METHODS = [
  { method: 'age', recipient: key.recipient, identityFile: key.identityFile },
  { method: 'gpg', recipient: pgpKey.publicFile, identityFile: pgpKey.secretFile },
] as const;

describe('an archive that is read back', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.psql('CREATE TABLE item AS SELECT i, md5(i::text) FROM generate_series(1, 20000) AS i');
  });
  after(() => server.stop());

  test('in the clear is refused where it is cut short', async (t) => {
    const { archive } = await dumped(t, {});
    const client = await clientIn(client15);
    await verifyArchive(client, archive, { environment: {}, signal: NEVER });
    const cut = withBytes(t, readFileSync(archive).subarray(0, -1000));
    await assert.rejects(verifyArchive(client, cut, { environment: {}, signal: NEVER }), {
      code: 'ARCHIVE_DAMAGED',
    });
  });

  for (const { method, recipient, identityFile } of METHODS) {
    test(`through ${method} is good as it is, and refused once a byte changed or is missing`, async (t) => {
      const { archive, encryption } = await dumped(t, {
        BACKUP_ENCRYPTION: method,
        BACKUP_ENCRYPTION_RECIPIENTS: recipient,
        BACKUP_ENCRYPTION_IDENTITY_FILE: identityFile,
      });
      const client = await clientIn(client15);
      const options = { environment: {}, signal: NEVER, encryption };
      await verifyArchive(client, archive, options);

      const whole = readFileSync(archive);
      const flipped = Buffer.from(whole);
      const middle = Math.floor(whole.length / 2);
      flipped[middle] = (flipped[middle] ?? 0) ^ 1;
      const damaged = [
        flipped,
        whole.subarray(0, -1),
        whole.subarray(0, middle),
        whole.subarray(0, 40),
        Buffer.alloc(0),
      ];
      for (const bytes of damaged) {
        await assert.rejects(verifyArchive(client, withBytes(t, bytes), options), {
          code: 'ENCRYPTION_FAILED',
          message: /cannot be decrypted/,
        });
      }
    });

    test(`through ${method} is read to its end even if pg_restore is content before`, async (t) => {
      const { archive, encryption } = await dumped(t, {
        BACKUP_ENCRYPTION: method,
        BACKUP_ENCRYPTION_RECIPIENTS: recipient,
        BACKUP_ENCRYPTION_IDENTITY_FILE: identityFile,
      });
      const options = { environment: {}, signal: NEVER, encryption };
      for (const script of ['exit 0', 'head -c 100000 >/dev/null']) {
        const client = await clientIn(wrapClient(client15, { pg_restore: script }, t));
        await verifyArchive(client, archive, options);
        const cut = withBytes(t, readFileSync(archive).subarray(0, -1));
        await assert.rejects(verifyArchive(client, cut, options), { code: 'ENCRYPTION_FAILED' });
      }
    });

    test(`through ${method} is refused where pg_restore refuses it, and with an identity of somebody else`, async (t) => {
      const { archive, encryption } = await dumped(t, {
        BACKUP_ENCRYPTION: method,
        BACKUP_ENCRYPTION_RECIPIENTS: recipient,
        BACKUP_ENCRYPTION_IDENTITY_FILE: identityFile,
      });
      const script = 'cat >/dev/null; echo "pg_restore: error: no archive" >&2; exit 1';
      const client = await clientIn(wrapClient(client15, { pg_restore: script }, t));
      await assert.rejects(verifyArchive(client, archive, { environment: {}, signal: NEVER, encryption }), {
        code: 'ARCHIVE_DAMAGED',
        message: /no archive/,
      });
      const other = method === 'age' ? (await ageKey(t)).identityFile : gpgKey({}, t).secretFile;
      const wrong = await open(t, method, other);
      await assert.rejects(
        verifyArchive(await clientIn(client15), archive, {
          environment: {},
          signal: NEVER,
          encryption: wrong,
        }),
        { code: 'ENCRYPTION_FAILED', message: /keys here do not open the file/ },
      );
    });
  }

  /** The archive of a real backup, and what opens it. */
  async function dumped(
    t: TestContext,
    env: Record<string, string>,
  ): Promise<{ archive: string; encryption?: Encryption }> {
    const here = install(t, server, 'postgres', { PG_BIN_DIR: client15, ...env });
    const result = await here.run(['backup']);
    assert.equal(result.exitCode, 0, result.stderr);
    const { name } = here.newest();
    const { BACKUP_ENCRYPTION: method, BACKUP_ENCRYPTION_IDENTITY_FILE: identityFile = '' } = env;
    if (method !== 'age' && method !== 'gpg') return { archive: join(here.data, `${name}.dump`) };
    return {
      archive: join(here.data, `${name}.dump.${method}`),
      encryption: await open(t, method, identityFile),
    };
  }
});

async function open(t: TestContext, method: 'age' | 'gpg', identityFile: string): Promise<Encryption> {
  const encryption = await openEncryption(method, {
    settings: encryptionSettings(method, { identityFile }),
    environment: { PATH: process.env['PATH'] },
    temporaryDirectory: temporaryDirectory(t),
    signal: new AbortController().signal,
    readOnly: true,
  });
  t.after(() => encryption.close());
  return encryption;
}

async function clientIn(directory: string): Promise<Client> {
  const [client] = await findClients(directory, undefined);
  assert.ok(client);
  return client;
}

function withBytes(t: TestContext, bytes: Buffer): string {
  const path = join(temporaryDirectory(t), 'archive');
  writeFileSync(path, bytes);
  return path;
}
