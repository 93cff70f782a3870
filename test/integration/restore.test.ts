import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type BackedUp, backUp, databasesOf, scriptOf } from './backed-up.ts';
import { connect, untilConnected } from './connected.ts';
import { type Env, install } from './installation.ts';
import { type CliResult, runInProcess } from './run-in-process.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const EVERY_OBJECT_TYPE = readFileSync(new URL('../harness/every-object-type.sql', import.meta.url), 'utf8');
/** One that looks like an option, a connection string, SQL, and more. */
const AWKWARD = `q ENCODING = 'LATIN1' "x`;
const NAMES = [
  'two words',
  `quote " and '`,
  '-leading',
  '数据库 é 🐘',
  'dbname=shop',
  'postgresql://x',
  'back\\slash\\',
  '$HOME `id` ; \\! id',
  '长'.repeat(21),
];
const OF_DATABASE = `SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datlocprovider, datcollate, datctype, daticulocale, datconnlimit,
    datistemplate, dattablespace, (SELECT array_agg(acl::text ORDER BY acl::text) FROM unnest(datacl) AS acl), shobj_description(oid, 'pg_database'),
    (SELECT json_agg(json_build_array(setrole::regrole, setconfig) ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = pg_database.oid)
  FROM pg_database WHERE datname = `;

describe('a restore into a new database', { skip }, () => {
  let server: PostgresServer;
  const made: BackedUp[] = [];
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('every');
    await server.psql(EVERY_OBJECT_TYPE, { database: 'every' });
    await server.createDatabase('shop');
    await server.psql('CREATE TABLE marker AS SELECT current_database() AS text', { database: 'shop' });
    made.push(await backUp(server, 'every'), await backUp(server, 'shop'));
  });
  after(async () => {
    for (const { remove } of made) remove();
    await server.stop();
  });

  test('brings back every type of object, and so does one in place of it', async (t) => {
    const here = install(t, server, 'every', made[0]?.env);
    const before = await scriptOf(server, 'every');
    const result = await here.run(['restore', '--latest', '--to', 'everything again']);
    assert.equal(result.exitCode, 0, result.stderr);
    assert.match(result.stdout, /^Restore plan\n/);
    const [, temporary = ''] =
      /Restoring into \\"(.*?)\\", which becomes \\"everything again\\"/.exec(result.stderr) ?? [];
    assert.match(temporary, /^everything again_restoring_[0-9a-f]{8}$/);
    assert.match(
      result.stderr,
      /Restored every_\S+ into \\"everything again\\" on 127\.0\.0\.1:\d+ in [\d.]+ s/,
    );
    assert.deepEqual(await databasesOf(server), ['every', 'everything again', 'shop']);
    assert.deepEqual(await scriptOf(server, 'everything again'), before);
    assert.equal(await ofDatabase('everything again'), await ofDatabase('every'));
    assert.deepEqual(here.leftovers(), []);
    assert.ok(!here.files().some((name) => name.includes('restor')));

    await server.psql(
      `DELETE FROM shop.purchase; UPDATE shop.customer SET nickname = 'changed'; DROP TABLE shop.node CASCADE; CREATE TABLE mine ();`,
      { database: 'everything again' },
    );
    const again = await here.run([
      ...['restore', '--latest', '--to', 'everything again'],
      ...['--into-existing', '--clean', '--yes'],
    ]);
    assert.equal(again.exitCode, 0, again.stderr);
    await server.psql('DROP TABLE mine', { database: 'everything again' });
    assert.deepEqual(await scriptOf(server, 'everything again'), before);
  });

  test('gives it the names that are awkward', async (t) => {
    for (const name of NAMES) {
      const { exitCode, stderr } = await ask(t, 1, ['restore', '--latest', `--to=${name}`]);
      assert.equal(exitCode, 0, `${name}: ${stderr}`);
      assert.equal(await server.psql('SELECT text FROM marker', { database: name }), 'shop');
      assert.deepEqual(
        await databasesOf(server).then((all) => all.filter((one) => /restoring/.test(one))),
        [],
      );
    }
    for (const name of NAMES) await server.psql(`DROP DATABASE "${name.replaceAll('"', '""')}";`);
  });

  test('gives it all that belongs to a database as a whole', async (t) => {
    const quoted = `"${AWKWARD.replaceAll('"', '""')}"`;
    await server.psql(`
      CREATE ROLE app; CREATE ROLE "o'reader";
      CREATE DATABASE ${quoted} TEMPLATE template0 OWNER app LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C';
      ALTER DATABASE ${quoted} SET search_path TO a, "B c", E'd''e\\\\f';
      ALTER DATABASE ${quoted} SET "my.Var" TO E'two\\n;\\nALTER DATABASE shop\\\\ \\\\! touch /tmp/pwned';
      ALTER DATABASE ${quoted} CONNECTION LIMIT 7; ALTER DATABASE ${quoted} IS_TEMPLATE true;
      ALTER ROLE app IN DATABASE ${quoted} SET work_mem TO '8MB';
      COMMENT ON DATABASE ${quoted} IS E'a\\\\b '' \\n;\\nGRANT x';
      REVOKE CONNECT ON DATABASE ${quoted} FROM PUBLIC;
      GRANT CONNECT, TEMPORARY ON DATABASE ${quoted} TO app WITH GRANT OPTION;
      GRANT CREATE ON DATABASE ${quoted} TO "o'reader";`);
    made.push(await backUp(server, AWKWARD));
    const env = { PG_DATABASE: AWKWARD };
    const { exitCode, stderr } = await ask(t, 2, ['restore', '--latest', '--to', 'as a whole'], env);
    assert.equal(exitCode, 0, stderr);
    assert.equal(await ofDatabase('as a whole'), await ofDatabase(AWKWARD));

    const without = ['restore', '--latest', '--to', 'without', '--no-owner', '--no-privileges'];
    const bare = await ask(t, 2, without, env);
    assert.equal(bare.exitCode, 0, bare.stderr);
    const [owner, acl] = (
      await server.psql(`SELECT pg_get_userbyid(datdba), datacl FROM pg_database WHERE datname = 'without'`)
    ).split('|');
    assert.deepEqual([owner, acl], ['postgres', '']);
    for (const name of ['as a whole', 'without', AWKWARD]) {
      const target = `"${name.replaceAll('"', '""')}"`;
      await server.psql(`ALTER DATABASE ${target} IS_TEMPLATE false; DROP DATABASE ${target};`);
    }
  });

  test('creates it with the encoding and the locale of the source', async (t) => {
    await server.psql(
      `CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';`,
    );
    await server.psql(`CREATE TABLE "Ü" AS SELECT 'é' AS text`, { database: 'latin' });
    made.push(await backUp(server, 'latin'));
    const { exitCode, stderr, stdout } = await ask(
      t,
      made.length - 1,
      ['restore', '--latest', '--to', 'latin again', '--table', 'Ü'],
      {
        PG_DATABASE: 'latin',
      },
    );
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^ {2}encoding +LATIN1, C \(libc\)$/m);
    assert.equal(await ofDatabase('latin again'), await ofDatabase('latin'));
    assert.equal(await server.psql('SELECT text FROM "Ü"', { database: 'latin again' }), 'é');
  });

  test('leaves an empty database that is there its own settings, and fills it in one transaction', async (t) => {
    await server.psql(`CREATE DATABASE there TEMPLATE template0; COMMENT ON DATABASE there IS 'mine';`);
    await server.psql('CREATE EXTENSION hstore', { database: 'there' });
    connect(t, server, 'there', 'at work');
    await untilConnected(server, `application_name = 'at work'`, 1);
    const before = await ofDatabase('there');
    const { exitCode, stderr, stdout } = await ask(t, 1, ['restore', '--latest', '--to', 'there']);
    assert.equal(exitCode, 0, stderr);
    assert.match(
      stdout,
      /^ {2}which +is empty \([\d.]+ MB\); one transaction, all or nothing; its own owner, settings, rights and comment stay$/m,
    );
    assert.match(stdout, /^ {2}connected now +postgres "at work" 127\.0\.0\.1 /m);
    await untilConnected(server, `application_name = 'at work'`, 1);
    assert.equal(await ofDatabase('there'), before);
    assert.equal(
      await server.psql('SELECT text, count(DISTINCT xmin::text) FROM marker GROUP BY 1', {
        database: 'there',
      }),
      'shop|1',
    );
  });

  const ofDatabase = (name: string): Promise<string> =>
    server.psql(`${OF_DATABASE}'${name.replaceAll("'", "''")}'`);

  function ask(
    t: TestContext,
    index: number,
    args: readonly string[],
    changes: Env = {},
  ): Promise<CliResult> {
    return runInProcess(args, install(t, server, 'shop', { ...made[index]?.env, ...changes }).env);
  }
});
