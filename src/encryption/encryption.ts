import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Environment } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { Text } from '../language.ts';
import { encryptionFailed, IDENTITY_REMEDY, RECIPIENTS_REMEDY } from './failure.ts';

/** How files are encrypted and read back, with keys that were checked. */
export interface Encryption {
  readonly method: 'age' | 'gpg';
  /** False where neither a passphrase nor an identity is here: nothing can then be read back. */
  readonly canDecrypt: boolean;
  /** The returned stream ends with an error where `plain` broke off (with its own PgBackupError) or encrypting failed (ENCRYPTION_FAILED): never as if it were whole. */
  encrypt(plain: Readable, signal: AbortSignal): Readable;
  /** Ends with ENCRYPTION_FAILED where the file is altered, cut short or for somebody else; what came before that is not proven. */
  decrypt(encrypted: Readable, signal: AbortSignal): Readable;
  /** Takes away what was put into the temporary directory, and ends what was started. */
  close(): Promise<void>;
}

export interface EncryptionOptions {
  readonly settings: EncryptionSettings;
  readonly environment: Environment;
  /** Private; may come to hold secrets until `close`. */
  readonly temporaryDirectory: string;
  /** Ends the opening and what was started; each stream has its own besides. */
  readonly signal: AbortSignal;
  /** For commands that only read what is there: recipients are then neither needed nor checked, and an expired key is no obstacle. */
  readonly readOnly?: boolean;
}

export type EncryptionSettings = Pick<
  Settings,
  | 'BACKUP_ENCRYPTION'
  | 'BACKUP_ENCRYPTION_RECIPIENTS'
  | 'BACKUP_ENCRYPTION_PASSPHRASE'
  | 'BACKUP_ENCRYPTION_IDENTITY_FILE'
>;

/**
 * Checks programs, recipients and keys, and that what is encrypted for the recipients can be read with the identity, where there is one.
 * Where the settings name another method, old files can be read only.
 * @throws PgBackupError ENCRYPTION_FAILED that names the word or file, COMMAND_MISSING without gpg.
 */
export async function openEncryption(method: 'age' | 'gpg', options: EncryptionOptions): Promise<Encryption> {
  const { BACKUP_ENCRYPTION, BACKUP_ENCRYPTION_RECIPIENTS, BACKUP_ENCRYPTION_PASSPHRASE } = options.settings;
  const readOnly = options.readOnly === true || BACKUP_ENCRYPTION !== method;
  // Some methods would encrypt for nobody without a word.
  if (!readOnly && !BACKUP_ENCRYPTION_PASSPHRASE && !BACKUP_ENCRYPTION_RECIPIENTS?.length) {
    throw encryptionFailed(method, NOBODY, RECIPIENTS_REMEDY);
  }
  try {
    const open = method === 'age' ? (await import('./age.ts')).openAge : (await import('./gpg.ts')).openGpg;
    const encryption = await open({ ...options, readOnly });
    if (!readOnly) await checkFit(encryption, options);
    return encryption;
  } catch (error) {
    // What a program said that was told to end tells less than why it was.
    options.signal.throwIfAborted();
    throw error;
  }
}

/** A backup that the identity here cannot read back should fail before it is made. */
async function checkFit(encryption: Encryption, { settings, signal }: EncryptionOptions): Promise<void> {
  const file = settings.BACKUP_ENCRYPTION_IDENTITY_FILE;
  if (settings.BACKUP_ENCRYPTION_PASSPHRASE || file === undefined) return;
  try {
    await buffer(encryption.decrypt(encryption.encrypt(Readable.from([Buffer.from('fit')]), signal), signal));
  } catch (error) {
    await encryption.close();
    const detail = {
      en: `${file} belongs to none of the recipients, or is locked by a passphrase`,
      zh: `${file} 不属于任何接收者，或受口令保护`,
    };
    throw encryptionFailed(encryption.method, detail, IDENTITY_REMEDY, error);
  }
}

const NOBODY: Text = {
  en: 'BACKUP_ENCRYPTION_RECIPIENTS names nobody who could decrypt',
  zh: 'BACKUP_ENCRYPTION_RECIPIENTS 未指定任何可解密者',
};
