import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ageKey } from '../encryption/keys.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { missing } from '../harness/parts.ts';
import type { PgBackupResult } from '../harness/pg-backup.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type BackedUp, backUp } from './backed-up.ts';
import { clientFor } from './client-program.ts';
import { filesBelow } from './files-below.ts';
import { type Env, type Installation, install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('age');
const PASSWORD = `c4nary:rest\\ore '"/+=&`;
const PASSPHRASE = 'c4nary horse battery';
/** In a form that survives any quoting. */
const CANARY = /c4nary|AGE-SECRET-KEY|SCRAM-SHA-256\$/;

describe('no secret is shown by a restore', { skip }, () => {
  let source: PostgresServer;
  let target: PostgresServer;
  const made: BackedUp[] = [];
  before(async () => {
    [source, target] = await Promise.all([startPostgres(), startPostgres()]);
    await target.psql(`ALTER ROLE postgres PASSWORD '${PASSWORD.replaceAll("'", "''")}'`);
    await source.createDatabase('shop');
    await source.psql(
      `CREATE ROLE clerk LOGIN PASSWORD 'cl3rk'; CREATE TABLE item AS SELECT generate_series(1, 1000) AS id;
       ALTER TABLE item OWNER TO clerk`,
      { database: 'shop' },
    );
  });
  after(async () => {
    for (const { remove } of made) remove();
    await Promise.all([source.stop(), target.stop()]);
  });

  for (const [name, keys] of [
    [
      'an identity',
      async (t: TestContext) => {
        const { recipient, identityFile } = await ageKey(t);
        return [
          { BACKUP_ENCRYPTION_RECIPIENTS: recipient },
          { BACKUP_ENCRYPTION_IDENTITY_FILE: identityFile },
        ];
      },
    ],
    [
      'a passphrase',
      async () => [
        // Each file costs a second.
        { BACKUP_ENCRYPTION_PASSPHRASE: PASSPHRASE, BACKUP_FINGERPRINT: 'off' },
        { BACKUP_ENCRYPTION_PASSPHRASE: PASSPHRASE },
      ],
    ],
  ] as const) {
    test(`with the password of the target and ${name}`, async (t) => {
      const [forBackup = {}, forRestore = {}]: Env[] = await keys(t);
      const backup = await backUp(source, 'shop', { BACKUP_ENCRYPTION: 'age', ...forBackup });
      made.push(backup);
      const here = restoring(t, { ...backup.env, ...forRestore });
      const running = here.start(['restore', '--latest', '--to', name, '--globals']);
      const watching = watch(here);
      const result = await running.finished;
      const { commandLines, files } = await watching.end();
      assert.equal(result.exitCode, 0, result.stderr);
      assert.equal(
        await target.psql('SELECT count(*) FROM item', { database: name, password: PASSWORD }),
        '1000',
      );
      // Else the look was at nothing.
      for (const program of ['psql', 'pg_restore'])
        assert.ok(commandLines.some((line) => line.includes(`/${program}\0`)));
      assert.deepEqual(
        commandLines.filter((line) => CANARY.test(line)),
        [],
      );
      const [passfile = '', ...others] = files;
      assert.match(passfile, /target-pgpass 600$/);
      assert.deepEqual(others, []);
      assertSaidNothing(here, result);
    });
  }

  test('where PostgreSQL’s program prints its passfile', async (t) => {
    const backup = await backUp(source, 'shop');
    made.push(backup);
    const client = wrapClient(
      clientFor(15).directory,
      { pg_restore: 'echo "pg_restore: error: $(cat "$PGPASSFILE")" >&2; exit 1' },
      t,
    );
    const here = restoring(t, { ...backup.env, PG_BIN_DIR: client });
    const result = await here.run(['restore', '--latest', '--to', 'told', '--no-owner', '--no-privileges']);
    assert.equal(result.exitCode, 17, result.stderr);
    assert.match(result.stderr, /\*:\*:\*:\*:\*\*\*/);
    assertSaidNothing(here, result);
  });

  function assertSaidNothing(here: Installation, { stdout, stderr }: PgBackupResult): void {
    assert.doesNotMatch(stdout + stderr + here.log(), CANARY);
    assert.deepEqual(here.leftovers(), []);
    assert.deepEqual(filesWithSecrets(here), []);
  }

  function restoring(t: TestContext, changes: Env): Installation {
    return install(t, source, 'shop', {
      ...changes,
      RESTORE_PG_HOST: target.host,
      RESTORE_PG_PORT: String(target.port),
      RESTORE_PG_PASSWORD: PASSWORD,
    });
  }
});

/** Looks at the command lines of all processes, and at all files of the installation with a secret in them, again and again. */
function watch(here: Installation) {
  const commandLines = new Set<string>();
  const files = new Set<string>();
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
        commandLines.add(read(`/proc/${pid}/cmdline`));
      for (const file of filesWithSecrets(here)) files.add(file);
      await setTimeout(10);
    }
  })();
  return {
    async end() {
      isOver = true;
      await watching;
      return { commandLines: [...commandLines], files: [...files] };
    },
  };
}

/** Each with its mode. */
function filesWithSecrets(here: Installation): string[] {
  return filesBelow(here.directory).flatMap((path) => {
    if (!CANARY.test(read(path))) return [];
    try {
      return [`${path.replace(/pg-backup-command-\w{6}/, '*')} ${(statSync(path).mode & 0o777).toString(8)}`];
    } catch {
      return [];
    }
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
