import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { missing } from '../../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../../harness/postgres-server.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { runClient } from '../dump.ts';
import { type Both, dumpBoth, restoreBySeveral } from './reencoded.ts';

const EVERY_OBJECT_TYPE = readFileSync(
  new URL('../../harness/every-object-type.sql', import.meta.url),
  'utf8',
);

/** Tables without rows and without columns, what looks like the end of a COPY, items larger than what one thread gets, large objects of all sizes. */
const ODD_CONTENTS = `
  CREATE TABLE empty (id int);
  CREATE TABLE no_columns ();
  INSERT INTO no_columns SELECT FROM generate_series(1, 3);
  CREATE TABLE end_of_copy (value text);
  INSERT INTO end_of_copy VALUES (E'\\\\.'), (E'\\\\.\\n\\n\\n'), (E'a\\nb\\r\\n'), (''), (NULL);
  CREATE TABLE "Größe ÿ 订单" (id int);
  INSERT INTO "Größe ÿ 订单" VALUES (1);
  CREATE TABLE many_rows AS
    SELECT g AS id, md5(g::text) AS hash, repeat(chr(97 + g % 26), g % 200) AS text FROM generate_series(1, 40000) g;
  CREATE TABLE one_value AS SELECT string_agg(md5(g::text), ' ') AS value FROM generate_series(1, 100000) g;
  SELECT lo_from_bytea(70000, ''), lo_from_bytea(4294967290, 'above'), lo_from_bytea(70001, E'a\\n\\\\\\\\.\\n\\n\\n');
  SELECT lo_from_bytea(70002, (SELECT string_agg(sha512(g::text::bytea), '') FROM generate_series(1, 20000) g));
  SELECT lo_create(80000 + g) FROM generate_series(1, 300) g;
`;
const DATABASES = { 'every type': EVERY_OBJECT_TYPE, odd: ODD_CONTENTS, nothing: '' };

/** Each client, and a server that it can dump from and restore to without an error. */
const CLIENTS = [
  { client: 15, major: 15 },
  { client: 16, major: 16 },
  { client: 17, major: 17 },
  { client: 18, major: 17 },
] as const;

const skip = missing(
  ...CLIENTS.flatMap(
    ({ client, major }) => [`postgres-client-${client}`, `postgres-server-${major}`] as const,
  ),
);

describe('a re-encoded archive', { skip }, () => {
  const servers = new Map<number, PostgresServer>();
  const dumped = new Map<string, Promise<Both>>();
  const directory = temporaryDirectory();
  after(() => Promise.all([...servers.values()].map((server) => server.stop())));

  for (const { client, major } of CLIENTS) {
    for (const database of Object.keys(DATABASES)) {
      test(`restores what pg_dump's own does, and is no larger: ${database}, client ${client}`, async () => {
        const { ours, theirs } = await usualBoth(client, major, database);
        assert.ok((await scriptOf(client, ours)).equals(await scriptOf(client, theirs)));
        assert.equal(await listOf(client, ours), await listOf(client, theirs));
        const [size, usualSize] = [(await stat(ours)).size, (await stat(theirs)).size];
        assert.ok(size <= usualSize, `${size} > ${usualSize}`);
      });
    }

    test(`restores in part, and in another order: client ${client}`, async (t) => {
      const { ours, theirs } = await usualBoth(client, major, 'odd');
      const list = join(temporaryDirectory(t), 'list');
      const lines = (await listOf(client, ours)).split('\n').filter((line) => !/many_rows|BLOB/.test(line));
      await writeFile(list, lines.reverse().join('\n'));
      for (const choice of ['--table=end_of_copy', '--table=one_value', `--use-list=${list}`]) {
        const script = await scriptOf(client, ours, '--data-only', choice);
        assert.ok(script.equals(await scriptOf(client, theirs, '--data-only', choice)), choice);
        assert.match(String(script), /COPY public\./);
        assert.doesNotMatch(String(script), /COPY public\.many_rows|lo_create/);
      }
    });

    test(`restores with several processes at a time: client ${client}`, async () => {
      const server = await serverOf(major);
      for (const database of ['every type', 'odd']) {
        const { ours } = await usualBoth(client, major, database);
        const target = `${database} by ${client}`;
        await server.createDatabase(target);
        await restoreBySeveral(client, server, target, ours);
        const plain = async (name: string) => unrestricted(await runClient(client, 'pg_dump', server, name));
        assert.deepEqual(linesOf(await plain(target)), linesOf(await plain(database)));
      }
    });

    test(`tells how many rows each table has: client ${client}`, async () => {
      const { toc, result } = await usualBoth(client, major, 'odd');
      const tables = toc.entries.filter(({ kind }) => kind === 'TABLE DATA');
      assert.deepEqual(
        Object.fromEntries(tables.map(({ dumpId, tag }) => [tag, result.rowsByDumpId.get(dumpId)])),
        { empty: 0, no_columns: 3, end_of_copy: 5, 'Größe ÿ 订单': 1, many_rows: 40_000, one_value: 1 },
      );
      assert.equal(result.rowsByDumpId.size, tables.length);
    });
  }

  for (const args of [
    ['--inserts'],
    ['--column-inserts', '--rows-per-insert=100'],
    ['--schema-only'],
    ['--data-only', '--disable-triggers'],
    ['--section=pre-data'],
    ['--section=data'],
    ['--exclude-table-data=*.*'],
    ['--encoding=GB18030'],
    ['--clean', '--create', '--if-exists'],
  ]) {
    test(`is the same as pg_dump's own with ${args.join(' ')}`, async (t) => {
      const server = await serverOf(17);
      const { ours, theirs, result } = await dumpBoth(
        temporaryDirectory(t),
        17,
        server,
        'every type',
        {},
        ...args,
      );
      assert.ok((await scriptOf(17, ours)).equals(await scriptOf(17, theirs)));
      // Only of a COPY it is known how many rows there are.
      if (/inserts|schema|pre-data|exclude/.test(String(args))) assert.equal(result.rowsByDumpId.size, 0);
      else assert.ok(result.rowsByDumpId.size > 10);
    });
  }

  for (const [level, threads] of [
    [1, 1],
    [6, 1],
    [6, 5],
  ] as const) {
    test(`is the same at level ${level} with ${threads} threads`, async (t) => {
      const { ours, theirs } = await dumpBoth(temporaryDirectory(t), 18, await serverOf(17), 'odd', {
        level,
        threads,
      });
      assert.ok((await scriptOf(18, ours)).equals(await scriptOf(18, theirs)));
    });
  }

  test('needs no patches to be restored', async (t) => {
    const { ours, theirs, result } = await usualBoth(17, 17, 'odd');
    const bytes = readFileSync(ours);
    const unpatched = join(temporaryDirectory(t), 'unpatched');
    for (const { position, bytes: patch } of result.patches) {
      assert.ok(position + patch.length <= result.headBytes);
      bytes.writeUInt8(1, position);
      bytes.fill(0, position + 1, position + patch.length);
    }
    await writeFile(unpatched, bytes);
    assert.ok((await scriptOf(17, unpatched)).equals(await scriptOf(17, theirs)));
  });

  /** At level 9 with two threads; each only once. */
  async function usualBoth(client: number, major: number, database: string): Promise<Both> {
    const server = await serverOf(major);
    const known = dumped.get(`${client} ${database}`);
    if (known) return known;
    const both = dumpBoth(mkdtempSync(join(directory, 'both-')), client, server, database);
    dumped.set(`${client} ${database}`, both);
    return both;
  }

  async function serverOf(major: number): Promise<PostgresServer> {
    const known = servers.get(major);
    if (known) return known;
    const server = await startPostgres({ major });
    servers.set(major, server);
    for (const [database, sql] of Object.entries(DATABASES)) {
      await server.createDatabase(database);
      await server.psql(sql, { database });
    }
    return server;
  }
});

async function scriptOf(client: number, archive: string, ...choice: string[]): Promise<Buffer> {
  return unrestricted(await runClient(client, 'pg_restore', undefined, '--file=-', ...choice, archive));
}

/** Without the random keys of psql's restricted mode, which not each client can be told. */
function unrestricted(script: Buffer): Buffer {
  return Buffer.from(script.toString('latin1').replaceAll(/^\\(un)?restrict .*\n/gm, ''), 'latin1');
}

async function listOf(client: number, archive: string): Promise<string> {
  const listed = String(await runClient(client, 'pg_restore', undefined, '--list', archive));
  return listed.replace(/^; Archive created at .*$/m, '');
}

/** In any order: what does not depend on each other may change places. */
function linesOf(script: Buffer): string[] {
  return String(script).split('\n').sort();
}
