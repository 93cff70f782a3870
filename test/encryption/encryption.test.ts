import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { type Encryption, type EncryptionSettings, openEncryption } from '../../src/encryption/encryption.ts';
import { PgBackupError } from '../../src/errors.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { processesThatMention } from '../integration/processes.ts';
import { until } from '../integration/until.ts';
import { ageKey, encryptionSettings, gpgKey } from './keys.ts';

const NEVER = new AbortController().signal;
const PASSPHRASE = 'pässphrase "with" $igns';
/** Less than a block, whole blocks of the age format, and more than pipes hold. */
const SIZES = [0, 1, 64 * 1024, 3 * 64 * 1024 + 1, 3_000_000];

interface Way {
  readonly name: string;
  readonly method: 'age' | 'gpg';
  readonly settings: EncryptionSettings;
  readonly environment?: Record<string, string>;
  /** Each file costs a second. */
  readonly isSlow?: true;
}

const key = await ageKey();
const other = await ageKey();
const pgpKey = gpgKey();
const otherPgpKey = gpgKey();

const WAYS: readonly Way[] = [
  {
    name: 'age for recipients',
    method: 'age',
    settings: encryptionSettings('age', {
      recipients: [key.recipient, other.recipient],
      identityFile: key.identityFile,
    }),
  },
  {
    name: 'age for a file of recipients',
    method: 'age',
    settings: encryptionSettings('age', { recipients: [key.recipientsFile], identityFile: key.identityFile }),
  },
  {
    name: 'age with a passphrase',
    method: 'age',
    settings: encryptionSettings('age', { passphrase: PASSPHRASE }),
    isSlow: true,
  },
  {
    name: 'gpg for files of public keys',
    method: 'gpg',
    settings: encryptionSettings('gpg', {
      recipients: [otherPgpKey.publicFile, pgpKey.publicFile],
      identityFile: pgpKey.secretFile,
    }),
  },
  {
    name: 'gpg for a key of the keyring',
    method: 'gpg',
    settings: encryptionSettings('gpg', {
      recipients: [pgpKey.fingerprint],
      identityFile: pgpKey.secretFile,
    }),
    environment: { GNUPGHOME: pgpKey.home },
  },
  {
    name: 'gpg with a passphrase',
    method: 'gpg',
    settings: encryptionSettings('gpg', { passphrase: PASSPHRASE }),
  },
];

for (const way of WAYS) {
  const directory = temporaryDirectory();
  describe(way.name, { skip: way.method === 'gpg' && missing('gpg') }, () => {
    let encryption: Encryption;
    before(async () => {
      encryption = await open(way, directory);
    });
    after(async () => {
      await encryption.close();
      assert.deepEqual(readdirSync(directory), [], 'nothing is left in the temporary directory');
      await until(() => processesThatMention(directory), []);
    });

    test('what goes in comes out, and cannot be read between', async () => {
      assert.equal(encryption.canDecrypt, true);
      const sizes = way.isSlow ? SIZES.slice(-1) : SIZES;
      for (const size of sizes) {
        const plain = Buffer.concat([
          Buffer.from('marker'.slice(0, size)),
          randomBytes(Math.max(0, size - 6)),
        ]);
        const encrypted = await encryptAll(plain);
        if (size > 6) assert.ok(!encrypted.includes('marker'));
        assert.ok((await decryptAll(encrypted)).equals(plain), `${size} bytes`);
      }
    });

    test('a file that was altered or cut short is refused', async () => {
      const encrypted = await encryptAll(randomBytes(200_000));
      const flipped = Buffer.from(encrypted);
      const middle = Math.floor(flipped.length / 2);
      flipped[middle] = (flipped[middle] ?? 0) ^ 1;
      const lastFlipped = Buffer.from(encrypted);
      const last = encrypted.length - 1;
      lastFlipped[last] = (lastFlipped[last] ?? 0) ^ 1;
      const damaged = [
        flipped,
        lastFlipped,
        encrypted.subarray(0, -1),
        encrypted.subarray(0, middle),
        encrypted.subarray(0, 10),
        Buffer.alloc(0),
        Buffer.concat([encrypted, encrypted]),
        Buffer.alloc(3_000_000),
        Buffer.from('plain text, never encrypted\n'),
      ];
      for (const [index, bytes] of damaged.entries()) {
        if (way.isSlow && index % 4 !== 0) continue;
        await assert.rejects(decryptAll(bytes), { code: 'ENCRYPTION_FAILED' }, `damage ${index}`);
      }
    });

    test('a file without an end to its head is not searched for ever', async () => {
      for (const start of ['', 'age-encryption.org/v1\n-> X25519 ']) {
        const endless = Readable.from(
          (function* () {
            yield Buffer.from(start);
            for (;;) yield Buffer.alloc(100_000);
          })(),
        );
        await assert.rejects(buffer(encryption.decrypt(endless, NEVER)), { code: 'ENCRYPTION_FAILED' });
        assert.ok(endless.destroyed);
      }
    });

    test('what breaks off never ends as if it were whole', async () => {
      for (const reason of [new PgBackupError('DUMP_FAILED'), new Error('unknown'), undefined]) {
        const plain = new PassThrough();
        const encrypted = encryption.encrypt(plain, NEVER);
        const all = buffer(encrypted);
        plain.write(randomBytes(300_000));
        setImmediate(() => plain.destroy(reason));
        const code = reason instanceof PgBackupError ? 'DUMP_FAILED' : 'ENCRYPTION_FAILED';
        await assert.rejects(all, { code });
      }
    });

    test('an abort ends both sides with its reason', async () => {
      for (const act of [encryption.encrypt, encryption.decrypt]) {
        const controller = new AbortController();
        const source = new PassThrough();
        source.write(await encryptAll(randomBytes(100_000)));
        const stream = act(source, controller.signal);
        const all = buffer(stream);
        controller.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' }));
        await assert.rejects(all, { code: 'INTERRUPTED' });
        await until(() => source.destroyed, true);
      }
    });

    test('whoever stops reading ends what feeds it', async () => {
      const source = new PassThrough();
      const stream = encryption.encrypt(source, NEVER);
      source.write(randomBytes(1_000_000));
      await once(stream, 'readable');
      stream.destroy();
      await until(() => source.destroyed, true);
    });

    const encryptAll = (plain: Buffer): Promise<Buffer> =>
      buffer(encryption.encrypt(Readable.from(plain.length > 0 ? [plain] : []), NEVER));
    const decryptAll = (encrypted: Buffer): Promise<Buffer> =>
      buffer(encryption.decrypt(Readable.from(encrypted.length > 0 ? [encrypted] : []), NEVER));
  });
}

function open(way: Way, directory: string): Promise<Encryption> {
  return openEncryption(way.method, {
    settings: way.settings,
    environment: { PATH: process.env['PATH'], ...way.environment },
    temporaryDirectory: directory,
    signal: NEVER,
  });
}
