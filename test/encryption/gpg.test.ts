import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { type Encryption, openEncryption } from '../../src/encryption/encryption.ts';
import { describeError } from '../../src/errors.ts';
import { startChildScript } from '../harness/child-script.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { processesThatMention } from '../integration/processes.ts';
import { until } from '../integration/until.ts';
import { ageKey, encryptionSettings, type GpgKeyFiles, gpg, gpgKey, stopAgent } from './keys.ts';

const NEVER = new AbortController().signal;
const PLAIN = Buffer.from('a dump\n'.repeat(30_000));
const key = gpgKey();
const other = gpgKey();

type Values = Parameters<typeof encryptionSettings>[1];

describe('gpg', { skip: missing('gpg') }, () => {
  test('gpg opens by hand what we encrypt for a key, and we open what it encrypts', async (t) => {
    const file = join(temporaryDirectory(t), 'file.gpg');
    const encryption = await open(t, { recipients: [key.publicFile], identityFile: key.secretFile });
    writeFileSync(file, await encryptAll(encryption));
    assert.equal(gpg(key.home, '--decrypt', file), String(PLAIN));
    const packets = gpg(key.home, '--list-packets', file);
    assert.doesNotMatch(packets, /compressed packet/);

    gpg(
      key.home,
      '--trust-model=always',
      '--recipient',
      key.fingerprint,
      '--yes',
      '--output',
      file,
      '--encrypt',
      key.publicFile,
    );
    assert.ok((await decryptAll(encryption, readFileSync(file))).equals(readFileSync(key.publicFile)));
    stopAgent(key);
  });

  test('gpg opens by hand what we encrypt with a passphrase, which is AES256', async (t) => {
    const file = join(temporaryDirectory(t), 'file.gpg');
    const passphrase = `pässphrase "with" $igns`;
    const encryption = await open(t, { passphrase });
    writeFileSync(file, await encryptAll(encryption));
    const loopback = ['--pinentry-mode=loopback', `--passphrase=${passphrase}`];
    assert.equal(gpg(key.home, ...loopback, '--decrypt', file), String(PLAIN));
    assert.match(
      gpg(key.home, ...loopback, '--list-packets', file),
      /symkey enc packet: .*cipher 9,.*s2k 3, hash 10/,
    );
    const wrong = await open(t, { passphrase: 'another' });
    await rejects(
      decryptAll(wrong, readFileSync(file)),
      /keys here do not open the file.*BACKUP_ENCRYPTION_PASSPHRASE/,
    );
    stopAgent(key);
  });

  test('a key of the keyring is taken by its fingerprint or id, also where the home cannot be written', async (t) => {
    for (const word of [key.fingerprint, key.fingerprint.slice(-16), `0x${key.fingerprint}`]) {
      const encryption = await open(
        t,
        { recipients: [word], identityFile: key.secretFile },
        { GNUPGHOME: key.home },
      );
      assert.ok((await decryptAll(encryption, await encryptAll(encryption))).equals(PLAIN));
    }
    const home = join(temporaryDirectory(t), 'user');
    mkdirSync(join(home, '.gnupg'), { recursive: true, mode: 0o700 });
    writeFileSync(join(home, '.gnupg/pubring.kbx'), readFileSync(join(key.home, 'pubring.kbx')));
    await open(t, { recipients: [key.fingerprint] }, { HOME: home });
  });

  test('recipients that cannot be used are named with the reason', async (t) => {
    const expired = gpgKey({ expires: 'seconds=1000' }, t);
    const signing = gpgKey({ usage: 'sign' }, t);
    const revoked = revoke(gpgKey({}, t));
    const { identityFile: ageFile } = await ageKey(t);
    const cases: [string, RegExp][] = [
      ['/nowhere/key.asc', /cannot read \/nowhere\/key.asc \(ENOENT\)/],
      [ageFile, /no public key can be read from .*no valid OpenPGP data found/],
      [key.secretFile, /holds a secret key where a public one belongs/],
      [expired.publicFile, new RegExp(`the key ${expired.fingerprint} of ${expired.publicFile} has expired`)],
      [revoked.publicFile, /was revoked/],
      [signing.publicFile, /cannot be used to encrypt/],
      ['nobody@example.com', /the keyring holds no key nobody@example.com/],
      ['--version', /the keyring holds no key --version/],
    ];
    for (const [word, pattern] of cases) {
      const text = await rejects(open(t, { recipients: [key.publicFile, word] }), pattern);
      assert.doesNotMatch(text, /SECRET-KEY/);
    }
    gpg(other.home, '--import', key.publicFile);
    await rejects(
      open(t, { recipients: ['backup@example.com'] }, { GNUPGHOME: other.home }),
      /backup@example.com names 2 keys of the keyring.*fingerprint/,
    );
    stopAgent(other);
  });

  test('an identity that is none, is locked or fits no recipient is found before anything is encrypted', async (t) => {
    const locked = gpgKey({ passphrase: 'x' }, t);
    const cases: [string, string, RegExp][] = [
      [key.publicFile, '/nowhere/secret.asc', /cannot read \/nowhere\/secret.asc \(ENOENT\)/],
      [key.publicFile, key.publicFile, /no secret key can be read from/],
      [key.publicFile, other.secretFile, /belongs to none of the recipients/],
      [locked.publicFile, locked.secretFile, /is locked by a passphrase/],
    ];
    for (const [recipient, identityFile, pattern] of cases) {
      await rejects(open(t, { recipients: [recipient], identityFile }), pattern);
    }
  });

  test('for reading alone an expired key is no obstacle, and a wrong identity is told apart from damage', async (t) => {
    const expired = gpgKey({ expires: 'seconds=1000' }, t);
    const file = join(temporaryDirectory(t), 'old.gpg');
    gpg(
      expired.home,
      ...['--faked-system-time=20250101T000100!', '--trust-model=always', '--recipient', expired.fingerprint],
      ...['--output', file, '--encrypt', expired.publicFile],
    );
    const reader = await open(t, { recipients: ['nonsense'], identityFile: expired.secretFile }, {}, true);
    assert.ok((await decryptAll(reader, readFileSync(file))).equals(readFileSync(expired.publicFile)));
    const wrong = await open(t, { identityFile: key.secretFile }, {}, true);
    await rejects(decryptAll(wrong, readFileSync(file)), /keys here do not open the file.*IDENTITY_FILE/);
    const damaged = readFileSync(file).subarray(0, -10);
    await rejects(decryptAll(reader, damaged), /cannot be decrypted.*damaged or cut short/);
  });

  test('a file that gpg reads without having to decrypt it is none of ours', async (t) => {
    const file = join(temporaryDirectory(t), 'stored.gpg');
    gpg(key.home, '--output', file, '--store', key.publicFile);
    assert.match(gpg(key.home, '--decrypt', file), /BEGIN PGP PUBLIC KEY/, 'gpg itself is content');
    const reader = await open(t, { identityFile: key.secretFile }, {}, true);
    await rejects(decryptAll(reader, readFileSync(file)), /cannot be decrypted/);
  });

  test('a program that hangs ends with the signal, and what ended it is what is told', {
    timeout: 60_000,
  }, async (t) => {
    const settings = { recipients: [key.fingerprint], identityFile: key.secretFile };
    for (const [program, pattern] of [
      ['gpg', '--export'],
      ['gpg', '--import'],
      ['gpg', '--list-keys'],
      ['gpg', '--encrypt'],
      ['gpg', '--decrypt'],
      ['gpg-agent', '--daemon'],
    ] as const) {
      const bin = temporaryDirectory(t);
      hang(bin, program, pattern);
      const interruption = new AbortController();
      const environment = { PATH: `${bin}:${process.env['PATH']}`, GNUPGHOME: key.home };
      const opening = open(t, settings, environment, false, interruption.signal);
      const told = assert.rejects(opening, /told to stop/, `${program} ${pattern}`);
      await until(() => existsSync(join(bin, 'hangs')), true);
      interruption.abort(new Error('told to stop'));
      await told;
      await until(() => processesThatMention(bin), []);
    }
  });

  test('where there is no gpg it is missed before anything else', async (t) => {
    await assert.rejects(open(t, { passphrase: 'x' }, { PATH: temporaryDirectory(t) }), {
      code: 'COMMAND_MISSING',
    });
  });

  test('a path that is too long for the agent is refused with what to do', async (t) => {
    const deep = join(temporaryDirectory(t), 'x'.repeat(80));
    mkdirSync(deep);
    const settings = encryptionSettings('gpg', {
      recipients: [key.publicFile],
      identityFile: key.secretFile,
    });
    const options = {
      settings,
      environment: { PATH: process.env['PATH'] },
      temporaryDirectory: deep,
      signal: NEVER,
    };
    await rejects(openEncryption('gpg', options), /too long a path.*Set TMPDIR/);
  });

  test('the agent dies with us even after kill -9', async (t) => {
    const directory = temporaryDirectory(t);
    const script = new URL('./hold-gpg.ts', import.meta.url);
    const parent = startChildScript(t, script, [directory, key.publicFile, key.secretFile]);
    assert.equal(await parent.nextLine(), 'open');
    const agents = () => processesThatMention(directory).filter((line) => /gpg-agent/.test(line));
    assert.notEqual(agents().length, 0);
    parent.child.kill('SIGKILL');
    await until(agents, []);
  });
});

async function open(
  t: TestContext,
  values: Values,
  environment: Record<string, string> = {},
  readOnly = false,
  signal = NEVER,
): Promise<Encryption> {
  const directory = temporaryDirectory(t);
  const encryption = await openEncryption('gpg', {
    settings: encryptionSettings('gpg', values),
    environment: { PATH: process.env['PATH'], HOME: directory, ...environment },
    temporaryDirectory: directory,
    signal,
    readOnly,
  });
  t.after(() => encryption.close());
  return encryption;
}

/** A fake in front of the real program: it waits for ever where it is given the option. */
function hang(bin: string, program: string, option: string): void {
  const real = spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim();
  writeFileSync(
    join(bin, program),
    `#!/usr/bin/env bash
for argument; do
  if [[ $argument == ${option} ]]; then touch '${bin}/hangs'; exec sleep infinity; fi
done
exec '${real}' "$@"
`,
    { mode: 0o755 },
  );
}

const encryptAll = (encryption: Encryption): Promise<Buffer> =>
  buffer(encryption.encrypt(Readable.from([PLAIN]), NEVER));
const decryptAll = (encryption: Encryption, encrypted: Buffer): Promise<Buffer> =>
  buffer(encryption.decrypt(Readable.from([encrypted]), NEVER));

/** Message and hint. */
async function rejects(promise: Promise<unknown>, pattern: RegExp): Promise<string> {
  const error = await promise.then(
    () => assert.fail('it was taken'),
    (reason: unknown) => reason,
  );
  const { code, message, hint } = describeError(error, 'en');
  assert.equal(code, 'ENCRYPTION_FAILED', message);
  assert.match(`${message} ${hint}`, pattern);
  return `${message} ${hint}`;
}

/** With the certificate that gpg makes beside each key; its colon keeps it from being used by mistake. */
function revoke(made: GpgKeyFiles): GpgKeyFiles {
  const certificate = join(made.home, 'openpgp-revocs.d', `${made.fingerprint}.rev`);
  writeFileSync(certificate, readFileSync(certificate, 'utf8').replace(/^:/m, ''));
  gpg(made.home, '--import', certificate);
  writeFileSync(made.publicFile, gpg(made.home, '--armor', '--export', made.fingerprint));
  stopAgent(made);
  return made;
}
