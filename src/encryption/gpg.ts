import type { Readable } from 'node:stream';
import { streamCommand } from '../command-stream.ts';
import { type CommandResult, describeOutcome } from '../exec.ts';
import type { Text } from '../language.ts';
import type { Encryption, EncryptionOptions } from './encryption.ts';
import { brokenOff, damagedFile, encryptionFailed, WRONG_KEY_REMEDY } from './failure.ts';
import { type GpgHome, openGpgHome, said, statusLines } from './gpg-home.ts';
import { importIdentity, importRecipients, writePassphrase } from './gpg-keys.ts';

/** AES256; the passphrase is stretched as far as the format allows (RFC 4880, 3.7.1.3), by an amount that needs no agent to be asked. */
const SYMMETRIC = [
  ...['--symmetric', '--cipher-algo=AES256', '--s2k-digest-algo=SHA512', '--s2k-count=65011712'],
  '--pinentry-mode=loopback',
];

/** Encryption in the OpenPGP format by the gpg program, in a home of its own that ends with `close`. */
export async function openGpg(options: EncryptionOptions): Promise<Encryption> {
  const { settings, readOnly } = options;
  const passphrase = settings.BACKUP_ENCRYPTION_PASSPHRASE;
  const identityFile = settings.BACKUP_ENCRYPTION_IDENTITY_FILE;
  const home = await openGpgHome(options, { needsAgent: identityFile !== undefined });
  try {
    let encryptArgs: readonly string[] = [];
    let decryptArgs: readonly string[] = ['--decrypt', '--pinentry-mode=error'];
    if (passphrase) {
      const withPassphrase = [`--passphrase-file=${await writePassphrase(home, passphrase)}`];
      encryptArgs = [...SYMMETRIC, ...withPassphrase];
      decryptArgs = ['--decrypt', '--pinentry-mode=loopback', ...withPassphrase];
    } else if (!readOnly) {
      const fingerprints = await importRecipients(home, settings.BACKUP_ENCRYPTION_RECIPIENTS ?? []);
      encryptArgs = [
        '--encrypt',
        '--trust-model=always',
        ...fingerprints.map((fingerprint) => `--recipient=${fingerprint}`),
      ];
    }
    if (identityFile !== undefined) await importIdentity(home, identityFile);
    return {
      method: 'gpg',
      canDecrypt: passphrase !== undefined || identityFile !== undefined,
      // The dump is compressed already.
      encrypt: (plain, signal) =>
        run(home, ['--compress-algo=none', ...encryptArgs], plain, signal, encryptFailure),
      // In search of armor it would read anything to its end.
      decrypt: (encrypted, signal) =>
        run(home, ['--no-armor', ...decryptArgs], encrypted, signal, decryptFailure),
      close: () => home.close(),
    };
  } catch (error) {
    await home.close();
    throw error;
  }
}

function run(
  home: GpgHome,
  args: readonly string[],
  input: Readable,
  signal: AbortSignal,
  toFailure: (result: CommandResult) => Error | undefined,
): Readable {
  return streamCommand(home.command(args, signal), {
    input,
    failure: (result, inputError) => (inputError ? brokenOff('gpg', inputError) : toFailure(result)),
  }).output;
}

function encryptFailure(result: CommandResult): Error | undefined {
  if (result.exitCode === 0 && statusLines(result, 'END_ENCRYPTION').length === 1) return undefined;
  return encryptionFailed('gpg', `${describeOutcome(result)}: ${said(result)}`, CHECK_KEYS);
}

const CHECK_KEYS: Text = {
  en: 'Check the keys, and the free space of TMPDIR.',
  zh: '请检查密钥以及 TMPDIR 的剩余空间。',
};

/** Not the exit code alone: a file that was never encrypted is printed with a zero. */
function decryptFailure(result: CommandResult): Error | undefined {
  const isProven = ['DECRYPTION_OKAY', 'GOODMDC'].every((word) => statusLines(result, word).length === 1);
  if (result.exitCode === 0 && isProven) return undefined;
  const isOtherKey =
    statusLines(result, 'NO_SECKEY').length > 0 || /BAD_PASSPHRASE|pkdecrypt_failed/.test(result.stderr);
  const detail: Text = isOtherKey
    ? {
        en: `the keys here do not open the file (${said(result)})`,
        zh: `此处的密钥无法打开该文件（${said(result)}）`,
      }
    : { en: `the file cannot be decrypted (${said(result)})`, zh: `文件无法解密（${said(result)}）` };
  if (isOtherKey) return encryptionFailed('gpg', detail, WRONG_KEY_REMEDY);
  // One that was killed says nothing of the file.
  return result.signal === undefined
    ? damagedFile('gpg', detail)
    : encryptionFailed('gpg', detail, CHECK_KEYS);
}
