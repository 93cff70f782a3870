import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../exec.ts';
import { PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import { onDisk } from '../files/storage-error.ts';
import type { Text } from '../language.ts';
import type { Secret } from '../secret.ts';
import { encryptionFailed, IDENTITY_REMEDY, RECIPIENTS_REMEDY } from './failure.ts';
import { type GpgHome, said, statusLines } from './gpg-home.ts';
import { readKeyFile } from './key-file.ts';

/**
 * Copies the public keys of the recipients into the home and returns their fingerprints. A word is a key of the user's keyring, or where
 * it begins with / a file of exported keys, all of which count.
 * @throws PgBackupError ENCRYPTION_FAILED for a word that names no key, or one that cannot be used.
 */
export async function importRecipients(home: GpgHome, words: readonly string[]): Promise<string[]> {
  const fingerprints = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    const found = word.startsWith('/')
      ? await importPublicKeys(home, word)
      : await importFromKeyring(home, word, join(home.directory, `recipient-${index}`));
    for (const fingerprint of found) fingerprints.set(fingerprint, word);
  }
  const usable = await usability(home);
  for (const [fingerprint, word] of fingerprints) {
    const problem = usable.get(fingerprint) ?? UNKNOWN;
    if (problem === 'usable') continue;
    const detail = {
      en: `the key ${fingerprint} of ${word} ${problem.en}`,
      zh: `${word} 的密钥 ${fingerprint} ${problem.zh}`,
    };
    throw encryptionFailed('gpg', detail, RECIPIENTS_REMEDY);
  }
  return [...fingerprints.keys()];
}

/** @throws PgBackupError ENCRYPTION_FAILED for a file without a secret key. */
export async function importIdentity(home: GpgHome, file: string): Promise<void> {
  await readKeyFile('gpg', file, IDENTITY_REMEDY);
  const result = await runCommand(home.command(['--pinentry-mode=error', '--import', '--', file]));
  // The tenth figure counts the secret keys that were read.
  const secretKeys = Number(statusLines(result, 'IMPORT_RES')[0]?.split(' ')[10] ?? 0);
  if (secretKeys > 0 && result.exitCode === 0) return;
  const detail = {
    en: `no secret key can be read from ${file} (${said(result)})`,
    zh: `无法从 ${file} 读取私钥（${said(result)}）`,
  };
  throw encryptionFailed('gpg', detail, IDENTITY_REMEDY);
}

/** Writes the passphrase where gpg alone reads it, and returns the path. */
export async function writePassphrase(home: GpgHome, passphrase: Secret): Promise<string> {
  const file = join(home.directory, 'passphrase');
  await onDisk(file, () =>
    writeFile(file, `${passphrase.reveal()}\n`, { mode: PRIVATE_FILE_MODE, flag: 'wx' }),
  );
  return file;
}

async function importFromKeyring(home: GpgHome, word: string, file: string): Promise<string[]> {
  const exported = await runCommand(
    home.userCommand([`--output=${file}`, '--export-options=export-minimal', '--export', '--', word]),
  );
  const count = statusLines(exported, 'EXPORTED').length;
  if (count === 1) return importPublicKeys(home, file);
  const detail: Text =
    count === 0
      ? {
          en: `the keyring holds no key ${word} (${said(exported)})`,
          zh: `密钥环中没有密钥 ${word}（${said(exported)}）`,
        }
      : { en: `${word} names ${count} keys of the keyring`, zh: `${word} 对应密钥环中的 ${count} 个密钥` };
  throw encryptionFailed('gpg', detail, KEYRING_REMEDY);
}

const KEYRING_REMEDY: Text = {
  en: 'Give the fingerprint of one key that `gpg --list-keys` shows for this user, or a file of the exported public key.',
  zh: '请填写当前用户 `gpg --list-keys` 所列某个密钥的指纹，或导出的公钥文件。',
};

async function importPublicKeys(home: GpgHome, file: string): Promise<string[]> {
  const content = await readKeyFile('gpg', file, RECIPIENTS_REMEDY);
  if (isSecretKey(content)) {
    const detail = {
      en: `${file} holds a secret key where a public one belongs`,
      zh: `${file} 是私钥，此处应为公钥`,
    };
    throw encryptionFailed('gpg', detail, RECIPIENTS_REMEDY);
  }
  const result = await runCommand(home.command(['--import', '--', file]));
  const fingerprints = statusLines(result, 'IMPORT_OK').map((line) => line.split(' ')[2] ?? '');
  if (fingerprints.length > 0 && result.exitCode === 0) return fingerprints;
  const detail = {
    en: `no public key can be read from ${file} (${said(result)})`,
    zh: `无法从 ${file} 读取公钥（${said(result)}）`,
  };
  throw encryptionFailed('gpg', detail, RECIPIENTS_REMEDY);
}

/** Armored, or a packet of type 5 or 7 in the old or the new form (RFC 4880, 4.2). */
function isSecretKey(content: string): boolean {
  const first = content.charCodeAt(0);
  const tag = first >= 0xc0 ? first & 0x3f : (first >> 2) & 0x0f;
  return /^-----BEGIN PGP PRIVATE KEY BLOCK/m.test(content) || (first >= 0x80 && (tag === 5 || tag === 7));
}

const UNKNOWN: Text = { en: 'is not in the keyring', zh: '不在密钥环中' };
const UNUSABLE: Text = { en: 'cannot be used to encrypt', zh: '不能用于加密' };
const PROBLEMS: Readonly<Record<string, Text>> = {
  e: { en: 'has expired', zh: '已过期' },
  r: { en: 'was revoked', zh: '已吊销' },
  d: { en: 'is disabled', zh: '已停用' },
  i: { en: 'is invalid', zh: '无效' },
};

/** For each fingerprint whether it can be used to encrypt, from the columns that doc/DETAILS of GnuPG explains. */
async function usability(home: GpgHome): Promise<Map<string, Text | 'usable'>> {
  const listed = await runCommand(home.command(['--with-colons', '--list-keys']));
  const usable = new Map<string, Text | 'usable'>();
  let key: Text | 'usable' | undefined;
  for (const line of listed.stdout.split('\n')) {
    const [kind, validity = '', ...rest] = line.split(':');
    if (kind === 'pub') {
      // Capital letters stand for the whole key with all subkeys that are good now.
      key = PROBLEMS[validity] ?? (rest[9]?.includes('E') ? 'usable' : UNUSABLE);
    } else if (kind === 'fpr' && key) {
      usable.set(rest[7] ?? '', key);
      key = undefined;
    }
  }
  return usable;
}
