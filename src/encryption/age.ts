import { addAbortSignal, PassThrough, pipeline, Readable, Transform } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Decrypter, Encrypter } from 'age-encryption';
import type { PgBackupError } from '../errors.ts';
import { type AgeKey, ageIdentities, ageRecipients } from './age-keys.ts';
import { passphraseKey } from './age-passphrase.ts';
import type { Encryption, EncryptionOptions } from './encryption.ts';
import {
  brokenOff,
  damagedFile,
  encryptionFailed,
  IDENTITY_REMEDY,
  RECIPIENTS_REMEDY,
  WRONG_KEY_REMEDY,
} from './failure.ts';

/** The format's first line (age-encryption.org/v1); the header ends with the line that begins with `---`. */
const FIRST_LINE = 'age-encryption.org/v1\n';
const HEADER_END = '\n---';
/** Thousands of recipients fit. Without a limit a file of zeros would be read into memory in search of a line end. */
const HEADER_LIMIT_BYTES = 1024 * 1024;

/** Encryption in the age format (age-encryption.org/v1), as the age program reads and writes it. */
export async function openAge(options: EncryptionOptions): Promise<Encryption> {
  const { settings, readOnly } = options;
  const passphrase = settings.BACKUP_ENCRYPTION_PASSPHRASE;
  const identityFile = settings.BACKUP_ENCRYPTION_IDENTITY_FILE;
  const encrypter = new Encrypter();
  const decrypter = new Decrypter();
  if (passphrase) {
    encrypter.addRecipient(passphraseKey(passphrase));
    decrypter.addIdentity(passphraseKey(passphrase));
  } else if (!readOnly) {
    const recipients = await ageRecipients(settings.BACKUP_ENCRYPTION_RECIPIENTS ?? []);
    addKeys(recipients, (text) => encrypter.addRecipient(text), 'recipient');
  }
  if (identityFile !== undefined) {
    addKeys(await ageIdentities(identityFile), (text) => decrypter.addIdentity(text), 'identity');
  }
  return {
    method: 'age',
    canDecrypt: passphrase !== undefined || identityFile !== undefined,
    encrypt: (plain, signal) => transform(plain, signal, (stream) => encrypter.encrypt(stream), encryptError),
    decrypt: (encrypted, signal) =>
      transform(limitHeader(encrypted), signal, (stream) => decrypter.decrypt(stream), decryptError),
    close: async () => {},
  };
}

/** The library checks them as they are added; its words are not shown, lest they quote a secret. */
function addKeys(keys: readonly AgeKey[], add: (text: string) => void, kind: 'recipient' | 'identity'): void {
  for (const { text, place } of keys) {
    try {
      add(text);
    } catch {
      const detail =
        kind === 'recipient'
          ? { en: `${place} is no valid recipient`, zh: `${place} 不是有效的接收者` }
          : { en: `${place} is no valid identity`, zh: `${place} 不是有效的身份` };
      throw encryptionFailed('age', detail, kind === 'recipient' ? RECIPIENTS_REMEDY : IDENTITY_REMEDY);
    }
  }
}

type Bytes = ReadableStream<Uint8Array>;

function transform(
  source: Readable,
  signal: AbortSignal,
  transformation: (stream: globalThis.ReadableStream<Uint8Array>) => Promise<unknown>,
  toError: (error: Error) => Error,
): Readable {
  const output = new PassThrough({
    destroy(error, callback) {
      source.destroy();
      callback(error && (signal.aborted ? signal.reason : toError(error)));
    },
  });
  const run = async (): Promise<void> => {
    const web = await transformation(Readable.toWeb(source) as globalThis.ReadableStream<Uint8Array>);
    const transformed = Readable.fromWeb(web as Bytes);
    // Where the output is gone already, nobody else listens.
    transformed.on('error', () => {});
    pipeline(transformed, output, () => {});
  };
  run().catch((error) => output.destroy(error));
  return addAbortSignal(signal, output);
}

const encryptError = (error: Error): Error => brokenOff('age', error);

function decryptError(error: Error): PgBackupError {
  if (/no identity matched/.test(error.message)) {
    const detail = { en: 'the keys here do not open the file', zh: '此处的密钥无法打开该文件' };
    return encryptionFailed('age', detail, WRONG_KEY_REMEDY, error);
  }
  const detail = {
    en: `the file cannot be decrypted (${error.message})`,
    zh: `文件无法解密（${error.message}）`,
  };
  return damagedFile('age', detail, error);
}

/** Passes an age file on; anything else, and a header without an end, is refused early. */
function limitHeader(encrypted: Readable): Readable {
  let head = Buffer.alloc(0);
  let isChecked = false;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      if (isChecked) return callback(null, chunk);
      head = Buffer.concat([head, chunk]);
      const start = head.toString('latin1', 0, FIRST_LINE.length);
      const isAge = FIRST_LINE.startsWith(start);
      if (!isAge || (head.length > HEADER_LIMIT_BYTES && !head.includes(HEADER_END))) {
        return callback(new Error('not an age file'));
      }
      if (!head.includes(HEADER_END)) return callback();
      isChecked = true;
      callback(null, head);
    },
    flush(callback) {
      callback(isChecked ? null : new Error('no age file'));
    },
  });
  return pipeline(encrypted, check, () => {});
}
