import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { artifactsOf } from '../backup/past-run.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import {
  addBackups,
  assertEqual,
  assertNotEqual,
  type Backups,
  type DrillInstallation,
  differencesOf,
  forge,
  installDrills,
  makeBackups,
  replaceBytes,
} from './drill-installation.ts';
import type { Env } from './installation.ts';

const skip = missing('postgres-server-15', 'postgres-client-15');
const directory = temporaryDirectory();
const PLAIN = { BACKUP_FINGERPRINT: 'content', BACKUP_COMPRESS: '0' };
const WHOLE = `
  CREATE ROLE keeper; CREATE ROLE "the reader";
  ALTER DATABASE "the whole" OWNER TO keeper;
  REVOKE CONNECT ON DATABASE "the whole" FROM PUBLIC;
  GRANT TEMPORARY ON DATABASE "the whole" TO "the reader" WITH GRANT OPTION;
  COMMENT ON DATABASE "the whole" IS 'all; of it''s';
  ALTER DATABASE "the whole" CONNECTION LIMIT 7;
  ALTER DATABASE "the whole" SET work_mem = '8MB';
  ALTER DATABASE "the whole" SET default_transaction_read_only = on;
  ALTER DATABASE "the whole" SET search_path = public, "$user", "With, comma";
  ALTER ROLE "the reader" IN DATABASE "the whole" SET work_mem = '7MB';`;

/** What is written in the archive, and instead; and what a drill must say of it. */
const CHANGES: readonly (readonly [from: string, to: string, ...differences: string[]])[] = [
  [`work_mem TO '8MB'`, `work_mem TO '9MB'`, 'definition: setting work_mem'],
  [`work_mem TO '7MB'`, `work_mem TO '6MB'`, 'definition: role setting "the reader" work_mem'],
  ['CONNECTION LIMIT = 7', 'CONNECTION LIMIT = 9', 'definition: database as a whole'],
  [`IS 'all; of`, `IS 'ALL; of`, 'comment: database as a whole'],
  ['REVOKE CONNECT,TEMPORARY ON', 'REVOKE         TEMPORARY ON', 'grants: database as a whole'],
  [
    'SET default_transaction_read_only TO',
    'SET default_transaction_read_onl_ TO',
    'not restored: database',
    'missing: setting default_transaction_read_only',
  ],
];

describe('a drill of a database as a whole', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let whole: Backups;
  let latin: Backups;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('the whole');
    await server.psql(
      `CREATE TABLE person (name text CHECK (name ~ '^[[:alpha:]]+$')); INSERT INTO person VALUES ('王');
       REVOKE SELECT ON information_schema.tables FROM PUBLIC; GRANT CREATE ON SCHEMA information_schema TO PUBLIC`,
      {
        database: 'the whole',
      },
    );
    await server.psql(WHOLE);
    await server.psql(
      `CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`,
    );
    await server.psql(`CREATE TABLE "Tür" AS SELECT 'größer'::text AS wort`, { database: 'latin' });
    whole = await makeBackups(directory, server, 'the whole', PLAIN);
    latin = await makeBackups(directory, server, 'latin', PLAIN);
  });
  after(() => server.stop());

  async function start(t: TestContext, backups: Backups, changes: Env = {}): Promise<DrillInstallation> {
    const here = await installDrills(t, server, backups === latin ? 'latin' : 'the whole', changes);
    addBackups(here, backups);
    return here;
  }

  test('restores and compares its owner, settings, rights and comment, under another name', async (t) => {
    const here = await start(t, whole);
    const result = await here.run(['drill']);
    assertEqual(here, result);
    assert.match(result.stdout, /restored, and equal\n$/);
    const [run = ''] = whole.runs;
    const { inventory = {} } = here.newest().record.fingerprint ?? {};
    assert.deepEqual([inventory['database'], inventory['setting'], inventory['role setting']], [1, 3, 1]);
    const fingerprint = JSON.parse(readFileSync(join(here.data, artifactsOf(run)[3]), 'utf8'));
    assert.ok(!JSON.stringify(fingerprint.inventory).includes('the whole'));
  });

  test('tells what the archive says otherwise than the fingerprint', async (t) => {
    const here = await start(t, whole);
    forge(here.base, whole.runs[0] ?? '', (bytes) =>
      CHANGES.reduce((changed, [from, to]) => replaceBytes(changed, from, to), bytes),
    );
    const drill = assertNotEqual(here, await here.run(['drill']), { exitCode: 19, outcome: 'different' });
    assert.deepEqual(
      differencesOf(drill).sort(),
      CHANGES.flatMap(([, , ...differences]) => differences).sort(),
    );
  });

  test('makes roles that the backup does not hold where it was made without', async (t) => {
    const here = await installDrills(t, server, 'the whole', { INCLUDE_GLOBALS: 'false' });
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assertEqual(here, await here.run(['drill']));
  });

  for (const [what, from, to] of [
    ['collation', `LOCALE = 'C.UTF-8'`, `LOCALE = 'q.UTF-8'`],
    ['kinds of letters', `LOCALE = 'C.UTF-8'`, `LC_CTYPE='qq_QQ'`],
  ] as const) {
    test(`takes C where the scratch server lacks the ${what}, and says so`, async (t) => {
      const here = await start(t, whole);
      const [run = ''] = whole.runs;
      forge(here.base, run, (bytes) => replaceBytes(bytes, from, to.padEnd(from.length)));
      const result = await here.run(['drill']);
      assertEqual(here, result);
      assert.equal(here.newestDrill().compared?.collation, false);
      assert.match(
        result.stdout,
        /not compared: the collation of the database, which the scratch server lacks\n/,
      );
      assert.match(result.stdout, /everything that was compared is equal\n$/);
    });
  }

  test('of another encoding restores it in that, and tells where it is not that one', async (t) => {
    const here = await start(t, latin);
    const result = await here.run(['drill']);
    assertEqual(here, result);
    assert.match(result.stdout, /restored, and equal\n$/);
    const [run = ''] = latin.runs;
    forge(here.base, run, (bytes) => replaceBytes(bytes, `ENCODING = 'LATIN1'`, `ENCODING = 'LATIN9'`));
    const other = assertNotEqual(here, await here.run(['drill']), { exitCode: 19, outcome: 'different' });
    assert.ok(differencesOf(other).includes('encoding: database'));
  });

  test('asks nothing of its own server that libpq is told to ask of the source', async (t) => {
    const here = await start(t, latin);
    const asked = { PGTARGETSESSIONATTRS: 'standby', PGCHANNELBINDING: 'require', PGREQUIREPEER: 'postgres' };
    assertEqual(here, await here.run(['drill'], asked));
  });
});

describe('a drill of a database that does something by itself', {
  skip: missing('postgres-server-17', 'postgres-client-17'),
}, () => {
  test('compares what was restored, and not what logging in adds to it', async (t) => {
    const server = await startPostgres({ major: 17 });
    t.after(() => server.stop());
    await server.createDatabase('shop');
    await server.psql(
      `CREATE TABLE login (at timestamptz DEFAULT now());
       CREATE FUNCTION note_login() RETURNS event_trigger SECURITY DEFINER SET search_path = public LANGUAGE plpgsql
         AS $$ BEGIN INSERT INTO login DEFAULT VALUES; END $$;
       CREATE EVENT TRIGGER note_login ON login EXECUTE FUNCTION note_login();
       ALTER EVENT TRIGGER note_login ENABLE ALWAYS;`,
      { database: 'shop' },
    );
    const here = await installDrills(t, server, 'shop', { PG_BIN_DIR: clientDirectories().get(17) ?? '' });
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assertEqual(here, await here.run(['drill']));
  });
});
