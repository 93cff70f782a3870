import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { Decrypter, Encrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption';
import { type Encryption, openEncryption } from '../../src/encryption/encryption.ts';
import { describeError } from '../../src/errors.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { ageKey, encryptionSettings } from './keys.ts';

const NEVER = new AbortController().signal;
const PLAIN = Buffer.from('a dump\n'.repeat(30_000));
const skip = missing('age');

type Values = Parameters<typeof encryptionSettings>[1];

test('the age program opens what we encrypt for a recipient, and we open what it encrypts', {
  skip,
}, async (t) => {
  const key = await ageKey(t);
  const file = join(temporaryDirectory(t), 'file.age');
  const encryption = await open({ recipients: [key.recipientsFile], identityFile: key.identityFile });
  writeFileSync(file, await buffer(encryption.encrypt(Readable.from([PLAIN]), NEVER)));
  assert.ok(age('--decrypt', '--identity', key.identityFile, file).equals(PLAIN));

  age('--encrypt', '--recipient', key.recipient, '--output', file, key.identityFile);
  const decrypted = await buffer(encryption.decrypt(Readable.from([readFileSync(file)]), NEVER));
  assert.ok(decrypted.equals(readFileSync(key.identityFile)));
});

test('a passphrase fits the format as others read and write it', async () => {
  // The age program asks a terminal for it; the library that is made beside it stands in for it.
  const passphrase = 'pässphrase';
  const encryption = await open({ passphrase });
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  const encrypted = await buffer(encryption.encrypt(Readable.from([PLAIN]), NEVER));
  assert.ok(PLAIN.equals(await decrypter.decrypt(encrypted)));

  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(10);
  const foreign = Buffer.from(await encrypter.encrypt(PLAIN));
  assert.ok((await buffer(encryption.decrypt(Readable.from([foreign]), NEVER))).equals(PLAIN));
  const other = await open({ passphrase: `${passphrase} ` });
  await rejects(buffer(other.decrypt(Readable.from([foreign]), NEVER)), /keys here do not open the file/);

  const greedy = Buffer.from(foreign.toString('latin1').replace(/^(-> scrypt \S+) 10$/m, '$1 30'), 'latin1');
  await rejects(buffer(encryption.decrypt(Readable.from([greedy]), NEVER)), /work factor is too high/);
});

test('a passphrase does not keep this process from its other work', async () => {
  const encryption = await open({ passphrase: 'x' });
  let longestMilliseconds = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    longestMilliseconds = Math.max(longestMilliseconds, performance.now() - last);
    last = performance.now();
  }, 5);
  const started = performance.now();
  await buffer(encryption.encrypt(Readable.from([PLAIN]), NEVER));
  clearInterval(watch);
  assert.ok(
    longestMilliseconds < (performance.now() - started) / 2,
    `stood still for ${longestMilliseconds} ms`,
  );
});

test('recipients of the newer, hybrid kind are taken', async (t) => {
  const identity = await generateHybridIdentity();
  const identityFile = fileWith(t, `${identity}\n`);
  const encryption = await open({ recipients: [await identityToRecipient(identity)], identityFile });
  const encrypted = await buffer(encryption.encrypt(Readable.from([PLAIN]), NEVER));
  assert.ok((await buffer(encryption.decrypt(Readable.from([encrypted]), NEVER))).equals(PLAIN));
});

test('without passphrase and identity nothing can be read back, and that is known', async (t) => {
  const { recipient } = await ageKey(t);
  assert.equal((await open({ recipients: [recipient] })).canDecrypt, false);
});

test('recipients that are none are named, but never a secret', async (t) => {
  const { recipient, identity, identityFile } = await ageKey(t);
  const typo = `${recipient.slice(0, -1)}${recipient.endsWith('q') ? 'p' : 'q'}`;
  const named = (text: string, line: string): [string, RegExp] => {
    const path = fileWith(t, text);
    return [path, new RegExp(`${path}:${line}`)];
  };
  const cases: [string, RegExp][] = [
    [typo, new RegExp(`${typo} is no valid recipient`)],
    ['backup@example.com', /backup@example.com is no valid recipient/],
    ['age1yubikey1qgz5dyl4g9chd2dg2v3ch5v7mgkq3a8wq8aflfhxk8gcuyp0mwwzgqxcnyy', /needs an age plugin/],
    [identity, /AGE-SECRET-KEY-… is a secret key/],
    ['/nowhere/recipients', /cannot read \/nowhere\/recipients \(ENOENT\)/],
    [identityFile, new RegExp(`${identityFile}:2 is a secret key`)],
    named(`# ours\n${recipient}\n${typo}\n`, '3 is no valid recipient'),
    named('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC me@here\n', '1 is an SSH key'),
    [fileWith(t, '# nobody yet\n'), /holds no key/],
  ];
  for (const [word, pattern] of cases) {
    const error = await rejects(open({ recipients: [recipient, word] }), pattern);
    assert.doesNotMatch(error, new RegExp(identity.slice(-20), 'i'));
    assert.match(error, /Correct BACKUP_ENCRYPTION_RECIPIENTS/);
  }
});

test('nothing is encrypted for nobody', async () => {
  await rejects(open({ recipients: [] }), /names nobody who could decrypt/);
});

test('an identity that is none, or fits no recipient, is found before anything is encrypted', async (t) => {
  const key = await ageKey(t);
  const other = await ageKey(t);
  const misspelt = other.identity.slice(0, -1) + (other.identity.endsWith('Q') ? 'P' : 'Q');
  const cases: [string, RegExp][] = [
    ['/nowhere/identity', /cannot read \/nowhere\/identity \(ENOENT\)/],
    [fileWith(t, `${misspelt}\n`), /:1 is no valid identity/],
    [fileWith(t, `\n${other.recipient}\n`), /:2 is no valid identity/],
    [fileWith(t, 'AGE-PLUGIN-YUBIKEY-1QQPQ\n'), /:1 needs an age plugin/],
    [fileWith(t, 'age-encryption.org/v1\n-> scrypt x 18\n'), /:1: the file is itself encrypted/],
    [other.identityFile, /belongs to none of the recipients.*IDENTITY_FILE/],
  ];
  for (const [identityFile, pattern] of cases) {
    const error = await rejects(open({ recipients: [key.recipient], identityFile }), pattern);
    assert.doesNotMatch(error, new RegExp(other.identity.slice(-20, -1)));
  }
});

test('for reading alone no recipient matters, and a wrong identity is told apart from damage', async (t) => {
  const key = await ageKey(t);
  const other = await ageKey(t);
  const writer = await open({ recipients: [key.recipient] });
  const encrypted = await buffer(writer.encrypt(Readable.from([PLAIN]), NEVER));
  const read = async (values: Values): Promise<Buffer> => {
    const reader = await open(values, { readOnly: true });
    return buffer(reader.decrypt(Readable.from([encrypted]), NEVER));
  };
  assert.ok((await read({ recipients: ['nonsense'], identityFile: key.identityFile })).equals(PLAIN));
  await rejects(read({ identityFile: other.identityFile }), /keys here do not open the file.*IDENTITY_FILE/);
});

async function open(values: Values, more: { readOnly?: boolean } = {}): Promise<Encryption> {
  const settings = encryptionSettings('age', values);
  return openEncryption('age', {
    settings,
    environment: {},
    temporaryDirectory: '/nowhere',
    signal: NEVER,
    ...more,
  });
}

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

function fileWith(t: TestContext, text: string): string {
  const path = join(temporaryDirectory(t), 'keys');
  writeFileSync(path, text);
  return path;
}

function age(...args: string[]): Buffer {
  const { status, stdout, stderr } = spawnSync('age', args);
  assert.equal(status, 0, String(stderr));
  return stdout;
}
