import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { gpgKey } from '../encryption/keys.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type Installation, install } from './installation.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15', 'postgres-client-15', 'gpg');
const client15 = clientDirectories().get(15) ?? '';
const key = gpgKey();
const HELD = 'held.';
/** Written in the place of pg_restore: nothing is read until the test lets it go on. */
const HOLD = `touch "$TMPDIR/${HELD}$$"; until [ -e "$TMPDIR/go" ]; do sleep 0.05; done; exec "$REAL" "$@"`;

describe('a command with keys', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('shop');
  });
  after(() => server.stop());

  test('that was killed leaves nothing once another has run, and a living one is not touched', async (t) => {
    const here = await withBackup(t);
    const holding = { PG_BIN_DIR: wrapClient(client15, { pg_restore: HOLD }, t) };
    const verifyUntilHeld = async (count: number) => {
      const running = here.start(['verify'], holding);
      await until(() => namesIn(here, HELD).length, count);
      return running;
    };
    for (const [index, clearing] of (['list', 'prune'] as const).entries()) {
      const killed = await verifyUntilHeld(index + 1);
      const [left = ''] = namesIn(here, 'pg-backup-');
      killed.kill('SIGKILL');
      await killed.finished;
      await until(() => here.leftovers().filter((name) => name.startsWith('process')), []);
      assert.deepEqual(here.leftovers(), [`tmp/${left}`]);
      const keys = readdirSync(join(temporary(here), left, 'gnupg/private-keys-v1.d'));
      assert.notDeepEqual(keys, []);

      const { exitCode, stderr } = await here.run([clearing]);
      assert.equal(exitCode, 0, stderr);
      assert.deepEqual(here.leftovers(), [], clearing);
    }
    const living = await verifyUntilHeld(3);
    const kept = namesIn(here, 'pg-backup-');
    assert.equal(kept.length, 1);
    for (const other of ['list', 'prune', 'backup']) assert.equal((await here.run([other])).exitCode, 0);
    assert.deepEqual(namesIn(here, 'pg-backup-'), kept);
    writeFileSync(join(temporary(here), 'go'), '');
    const { exitCode, stdout, stderr } = await living.finished;
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /full read/);
    assert.deepEqual(here.leftovers(), []);
  });

  test('that waits for a gpg that hangs ends with SIGTERM, and leaves nothing', async (t) => {
    const here = await withBackup(t);
    const bin = hangingGpg(here);
    for (const command of ['verify', 'backup']) {
      const running = here.start([command], { PATH: `${bin}:${here.env['PATH']}` });
      await until(() => namesIn(here, HELD).length, command === 'verify' ? 1 : 2);
      const from = performance.now();
      running.kill('SIGTERM');
      const { exitCode, stderr } = await running.finished;
      assert.equal(exitCode, 143, stderr);
      assert.match(stderr, /Interrupted by SIGTERM/);
      assert.ok(performance.now() - from < 15_000);
      assert.deepEqual(here.leftovers(), []);
    }
  });

  async function withBackup(t: TestContext): Promise<Installation> {
    const here = install(t, server, 'shop', {
      PG_BIN_DIR: client15,
      BACKUP_ENCRYPTION: 'gpg',
      BACKUP_ENCRYPTION_RECIPIENTS: key.publicFile,
      BACKUP_ENCRYPTION_IDENTITY_FILE: key.secretFile,
    });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    return here;
  }
});

/** A fake: the real gpg, but for ever without an answer where keys are imported. */
function hangingGpg(here: Installation): string {
  const bin = join(here.directory, 'bin');
  mkdirSync(bin);
  const real = spawnSync('which', ['gpg'], { encoding: 'utf8' }).stdout.trim();
  const hang = `touch '${temporary(here)}/${HELD}'$$; exec sleep infinity`;
  writeFileSync(
    join(bin, 'gpg'),
    `#!/bin/bash\ncase " $* " in *' --import '*) ${hang} ;; *) exec ${real} "$@" ;; esac\n`,
    { mode: 0o755 },
  );
  return bin;
}

const temporary = (here: Installation): string => here.env['TMPDIR'] ?? '';

/** The names in its TMPDIR that begin so. */
function namesIn(here: Installation, beginning: string): string[] {
  return readdirSync(temporary(here)).filter((name) => name.startsWith(beginning));
}
