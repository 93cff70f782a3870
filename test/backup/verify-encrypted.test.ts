import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { openEncryption } from '../../src/encryption/encryption.ts';
import { filesOfRun, type Layout } from '../../src/files/layout.ts';
import { Secret } from '../../src/secret.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { addPastRun } from './past-run.ts';
import { newPlace, type Place, verify, withSettings } from './verify-place.ts';

const skip = missing('postgres-client-15') || missing('rclone');

test('an encrypted dump that is damaged is told as such, and one for other keys is not', {
  skip,
}, async (t) => {
  for (const method of ['age', 'gpg'] as const) {
    if (missing(method)) continue;
    const passphrase = { BACKUP_ENCRYPTION_PASSPHRASE: new Secret('correct horse') };
    const place = await newPlace(t, { BACKUP_MODE: 'local', BACKUP_ENCRYPTION: method, ...passphrase });
    const run = await addEncrypted(t, place, method);
    assert.equal((await verify(place, {})).exitCode, 0);
    const other = { BACKUP_ENCRYPTION_PASSPHRASE: new Secret('another') };
    const wrong = await verify(withSettings(place, other), {});
    assert.equal(wrong.exitCode, 16, wrong.text);
    const moved = { ...other, BACKUP_ENCRYPTION: method === 'age' ? 'gpg' : 'age' } as const;
    const after = await verify(withSettings(place, moved), { all: true });
    assert.equal(after.exitCode, 0, after.text);
    assert.match(after.text, new RegExp(`^ok .* sha256, not read: needs a key for ${method}`));

    truncateSync(run.file, run.sizeBytes - 10);
    rememberFile(place.layout, run);
    for (const settings of [{}, moved]) {
      const changed = { ...settings, ...passphrase };
      const damaged = await verify(withSettings(place, changed), {});
      assert.equal(damaged.exitCode, 14, damaged.text);
      assert.match(damaged.text, /^damaged .* cannot be read back: the file cannot be decrypted/);
    }
  }
});

/** A run whose dump alone is there, encrypted. */
async function addEncrypted(t: TestContext, { layout, context }: Place, method: 'age' | 'gpg') {
  const name = addPastRun(layout, 1, { local: false });
  const { settings, environment } = context;
  const encryption = await openEncryption(method, {
    ...{ settings, environment, temporaryDirectory: temporaryDirectory(t), signal: context.signal },
  });
  const content = await buffer(encryption.encrypt(Readable.from([Buffer.alloc(9999, 'x')]), context.signal));
  await encryption.close();
  const file = filesOfRun(layout, name, method).dump;
  writeFileSync(file, content);
  const run = { name, file, method, sizeBytes: content.length };
  rememberFile(layout, run);
  return run;
}

/** Makes the record tell of the file as it is. */
function rememberFile(
  layout: Layout,
  { name, file, method }: { name: string; file: string; method: 'age' | 'gpg' },
): void {
  const path = filesOfRun(layout, name).record;
  const content = readFileSync(file);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const artifact = { name: `${name}.dump.${method}`, sizeBytes: content.length, sha256 };
  const record = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...record, encryption: method, artifacts: [artifact] }));
}
