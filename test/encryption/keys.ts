import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { EncryptionSettings } from '../../src/encryption/encryption.ts';
import { Secret } from '../../src/secret.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const MAXIMUM_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface AgeKeyFiles {
  readonly recipient: string;
  readonly identity: string;
  readonly recipientsFile: string;
  readonly identityFile: string;
}

/** A new key, in files as age-keygen writes them. */
export async function ageKey(t?: TestContext): Promise<AgeKeyFiles> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const directory = temporaryDirectory(t);
  const recipientsFile = join(directory, 'recipients');
  const identityFile = join(directory, 'identity');
  writeFileSync(recipientsFile, `# of the team\n\n${recipient}\r\n`);
  writeFileSync(identityFile, `# public key: ${recipient}\n${identity}\n`, { mode: 0o600 });
  return { recipient, identity, recipientsFile, identityFile };
}

export interface GpgKeyFiles {
  readonly fingerprint: string;
  /** A GNUPGHOME with both keys in its keyring. */
  readonly home: string;
  readonly publicFile: string;
  readonly secretFile: string;
}

/** A new key, in a keyring of its own and in files as gpg exports them. */
export function gpgKey(
  options: { readonly passphrase?: string; readonly expires?: string; readonly usage?: string } = {},
  t?: TestContext,
): GpgKeyFiles {
  const { passphrase = '', expires = 'never', usage = 'default' } = options;
  const home = join(temporaryDirectory(t), 'home');
  // The tests that would use it are skipped then.
  if (missing('gpg')) return { fingerprint: '', home, publicFile: '', secretFile: '' };
  mkdirSync(home, { mode: 0o700 });
  // Otherwise the agent measures for seconds how slow it should be.
  writeFileSync(join(home, 'gpg-agent.conf'), 's2k-count 65536\n');
  const run = (...args: string[]): string =>
    gpg(home, '--pinentry-mode=loopback', `--passphrase=${passphrase}`, ...args);
  // A time that lies back, so that a key can have expired.
  const made = run(
    ...['--faked-system-time=20250101T000000!', '--status-fd=1'],
    ...[
      '--quick-generate-key',
      'Backup <backup@example.com>',
      usage === 'default' ? 'future-default' : 'ed25519',
    ],
    ...[usage, expires],
  );
  const fingerprint = /KEY_CREATED \w ([0-9A-F]{40})/.exec(made)?.[1] ?? '';
  const publicFile = join(home, 'public.asc');
  const secretFile = join(home, 'secret.asc');
  writeFileSync(publicFile, run('--armor', '--export', fingerprint));
  writeFileSync(secretFile, run('--armor', '--export-secret-keys', fingerprint), { mode: 0o600 });
  const key = { fingerprint, home, publicFile, secretFile };
  stopAgent(key);
  return key;
}

/** Each use of a secret key by hand starts one. */
export function stopAgent({ home }: Pick<GpgKeyFiles, 'home'>): void {
  spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
}

/** Runs the real gpg by hand and returns what it prints. Throws what it says where it fails. */
export function gpg(home: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('gpg', ['--homedir', home, '--batch', '--no-tty', ...args], {
    maxBuffer: MAXIMUM_OUTPUT_BYTES,
  });
  if (status !== 0) throw new Error(String(stderr));
  return stdout.toString('latin1');
}

/** Settings as they are after loading. */
export function encryptionSettings(
  method: 'age' | 'gpg',
  values: { recipients?: readonly string[]; passphrase?: string; identityFile?: string },
): EncryptionSettings {
  return {
    BACKUP_ENCRYPTION: method,
    BACKUP_ENCRYPTION_RECIPIENTS: values.recipients,
    BACKUP_ENCRYPTION_PASSPHRASE: values.passphrase === undefined ? undefined : new Secret(values.passphrase),
    BACKUP_ENCRYPTION_IDENTITY_FILE: values.identityFile,
  };
}
