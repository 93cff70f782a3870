import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tryFileLock } from '../../src/backup/file-lock.ts';
import { removeAbandonedDirectories, withTemporaryDirectory } from '../../src/backup/temporary-directory.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type Logged, recordingContext } from './recording-context.ts';

const NAME = 'pg-backup-command-AbCd12';
const AN_HOUR_MILLISECONDS = 60 * 60_000;

test('it is private and locked, and goes when the action ends in any way', async (t) => {
  const shared = sharedTemporary(t);
  const { context } = recordingContext('/nowhere');
  const use = async (directory: string): Promise<string> => {
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.equal(await tryFileLock(join(directory, 'lock'), process.env['PATH']), undefined);
    writeFileSync(join(directory, 'secret'), 'x');
    await removeAbandonedDirectories(context);
    assert.ok(existsSync(join(directory, 'secret')), 'a living one is not touched');
    return directory;
  };
  const directory = await withTemporaryDirectory(context, use);
  assert.ok(directory.startsWith(join(shared, 'pg-backup-command-')));
  assert.deepEqual(readdirSync(shared), []);
  const failing = withTemporaryDirectory(context, async (inner) => {
    await use(inner);
    throw new Error('it failed');
  });
  await assert.rejects(failing, /it failed/);
  assert.deepEqual(readdirSync(shared), []);
});

test('what a killed command left goes before the next one works', async (t) => {
  const shared = sharedTemporary(t);
  leave(shared, NAME);
  const { context } = recordingContext('/nowhere');
  await withTemporaryDirectory(context, async () => assert.ok(!existsSync(join(shared, NAME))));
});

test('without a lock it may be about to be used, and goes only after a while', async (t) => {
  const shared = sharedTemporary(t);
  const directory = leave(shared, NAME, { withLock: false });
  assert.deepEqual(await clear(), []);
  assert.ok(existsSync(join(directory, 'secret')));
  const longAgo = new Date(Date.now() - AN_HOUR_MILLISECONDS);
  utimesSync(directory, longAgo, longAgo);
  assert.deepEqual(await clear(), []);
  assert.deepEqual(readdirSync(shared), []);
});

test('what others can have put there stays', async (t) => {
  const precious = join(temporaryDirectory(t), 'precious');
  const shared = sharedTemporary(t);
  mkdirSync(precious, { mode: 0o700 });
  writeFileSync(join(precious, 'lock'), '');
  symlinkSync(precious, join(shared, 'pg-backup-command-linked'));
  writeFileSync(join(shared, 'pg-backup-command-aFiLe1'), '');
  chmodSync(leave(shared, 'pg-backup-command-opened'), 0o755);
  const names = ['pg-backup-command-linked', 'pg-backup-command-aFiLe1', 'pg-backup-command-opened'];
  for (const name of ['pg-backup-AbCd12', 'pg-backup-command-longer1', 'other-command-AbCd12']) {
    leave(shared, name);
    names.push(name);
  }
  // Only root can give things away.
  if (process.getuid?.() === 0) {
    chownSync(leave(shared, 'pg-backup-command-theirs'), 12_345, 12_345);
    names.push('pg-backup-command-theirs');
  }
  assert.deepEqual(await clear(), []);
  assert.deepEqual(readdirSync(shared).sort(), names.sort());
  assert.ok(existsSync(join(precious, 'lock')));
});

test('a link in place of the lock is not followed', async (t) => {
  const elsewhere = join(temporaryDirectory(t), 'elsewhere');
  const shared = sharedTemporary(t);
  const directory = leave(shared, NAME, { withLock: false });
  symlinkSync(elsewhere, join(directory, 'lock'));
  assert.deepEqual(await clear(), []);
  assert.ok(!existsSync(elsewhere));
  assert.ok(existsSync(directory));
});

/** What os.tmpdir() names for the time of the test. */
function sharedTemporary(t: TestContext): string {
  const directory = temporaryDirectory(t);
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = directory;
  t.after(() => {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  });
  return directory;
}

function leave(shared: string, name: string, { withLock = true } = {}): string {
  const directory = join(shared, name);
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(join(directory, 'secret'), 'x');
  if (withLock) writeFileSync(join(directory, 'lock'), '');
  return directory;
}

async function clear(): Promise<Logged[]> {
  const { context, logged } = recordingContext('/nowhere');
  await removeAbandonedDirectories(context);
  return logged;
}
