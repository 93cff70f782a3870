import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { NotAnArchive, parseToc, type Toc, type TocEntry } from '../../src/archive/toc.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { dumpToPipe, runClient, tocOfFile } from './dump.ts';

const EVERY_OBJECT_TYPE = readFileSync(new URL('../harness/every-object-type.sql', import.meta.url), 'utf8');

const SERVERS = [14, 15, 16, 17, 18];
/** Each client, and the minor version of the format that it writes. */
const CLIENTS = [
  [15, 14],
  [17, 16],
  [18, 16],
] as const;

const skip =
  [
    ...SERVERS.map((major) => missing(`postgres-server-${major}`)),
    ...CLIENTS.map(([major]) => missing(`postgres-client-${major}`)),
  ].find(Boolean) ?? false;

describe('the table of contents', { skip }, () => {
  const servers = new Map<number, PostgresServer>();
  after(() => Promise.all([...servers.values()].map((server) => server.stop())));

  for (const major of SERVERS) {
    for (const [client, formatMinor] of CLIENTS.filter(([client]) => client >= major)) {
      test(`is what pg_restore ${client} lists of a dump of server ${major}`, async (t) => {
        const server = await serverOf(major);
        const { toc, archive } = await dump(t, client, server, 'every');
        assert.equal(toc.formatMinor, formatMinor);
        assert.equal(toc.database, 'every');
        assert.equal(toc.encoding, 'UTF8');
        assert.match(toc.serverVersion, new RegExp(`^${major}\\.\\d+`));
        assert.match(toc.dumpVersion, new RegExp(`^${client}\\.\\d+`));
        assert.deepEqual(linesOf(toc), await list(client, archive));
      });
    }
  }

  test('tells what makes and drops an object, what it needs, and which entries have data', async (t) => {
    const { toc, archive } = await dump(t, 17, await serverOf(17), 'every');
    const script = String(await runClient(17, 'pg_restore', undefined, '--clean', '--file=-', archive));
    const made = toc.entries.filter(({ kind }) => MADE.test(kind));
    assert.ok(made.length > 50);
    for (const { definition, dropStatement, tag } of made) {
      assert.ok(definition !== '' && script.includes(definition), tag);
      assert.ok(script.includes(dropStatement), tag);
    }
    assert.equal(entryOf(toc, 'TABLE', 'customer').dropStatement, 'DROP TABLE shop.customer;\n');
    const kindsWithData = new Set(toc.entries.filter(({ hasData }) => hasData).map(({ kind }) => kind));
    assert.deepEqual([...kindsWithData].sort(), ['BLOBS', 'TABLE DATA']);
    const customer = entryOf(toc, 'TABLE', 'customer');
    const needs = customer.dependencies.map((id) => toc.entries.find(({ dumpId }) => dumpId === id)?.tag);
    assert.ok(needs.includes('shop') && needs.includes('email') && needs.includes('mood'), String(needs));
    assert.equal(customer.tablespace, '');
  });

  for (const [what, client, args] of [
    ['to a pipe', 17, []],
    ['to a pipe', 15, []],
    ['without compression', 15, ['--compress=0']],
    ['without compression', 18, ['--compress=none']],
    ['compressed by zstd', 17, ['--compress=zstd:3']],
    ['compressed by lz4', 18, ['--compress=lz4']],
    ['as INSERTs', 17, ['--inserts', '--disable-dollar-quoting']],
  ] as const) {
    test(`is the same whatever comes behind it: ${what}, client ${client}`, async (t) => {
      const server = await serverOf(14);
      const toFile = await dump(t, client, server, 'every');
      const bytes = await dumpToPipe(client, server, 'every', ...args);
      const toc = parseToc(bytes);
      assert.ok(toc);
      assert.deepEqual(linesOf(toc), linesOf(toFile.toc));
    });
  }

  test('has the bare names also where pg_dump quotes all identifiers', async (t) => {
    const { toc, archive } = await dump(t, 18, await serverOf(18), 'every', '--quote-all-identifiers');
    assert.deepEqual(linesOf(toc), await list(18, archive));
    assert.equal(entryOf(toc, 'SEQUENCE SET', 'invoice_number').schema, 'shop');
  });

  for (const [encoding, name] of [
    ['LATIN1', 'Größe übers ÿ'],
    ['EUC_CN', '订单表'],
    ['EUC_JP', '注文'],
    ['WIN1251', 'заказ'],
    ['UTF8', '\ufeffmark, 🐘 and \u2028 line'],
  ] as const) {
    test(`reads names in ${encoding}`, async (t) => {
      const server = await serverOf(15);
      const database = `in ${encoding}`;
      await server.psql(
        `CREATE DATABASE "${database}" TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`,
      );
      await server.psql(namedObjects(name), { database });
      const { toc } = await dump(t, 15, server, database);
      assert.equal(toc.encoding, encoding);
      assertNames(toc, name);
    });
  }

  for (const [encoding, name] of [
    ['LATIN1', 'Größe'],
    ['GBK', '订单 镕'],
    ['GB18030', '订单 镕 🐘'],
    ['SJIS', '注文'],
    ['BIG5', '訂單'],
    ['UHC', '주문'],
    ['KOI8R', 'заказ'],
  ] as const) {
    test(`reads names that pg_dump was told to write in ${encoding}`, async (t) => {
      const server = await serverOf(15);
      const database = `for ${encoding}`;
      await server.createDatabase(database);
      await server.psql(namedObjects(name), { database });
      const { toc } = await dump(t, 15, server, database, `--encoding=${encoding}`);
      assert.equal(toc.encoding, encoding);
      assertNames(toc, name);
    });
  }

  test('is none in any other format of pg_dump', async (t) => {
    const server = await serverOf(18);
    const directory = temporaryDirectory(t);
    const database = await smallDatabase(server, 'other formats');
    await runClient(18, 'pg_dump', server, '-Fd', `--file=${directory}/d`, database);
    const others = {
      plain: await runClient(18, 'pg_dump', server, '-Fp', database),
      tar: await runClient(18, 'pg_dump', server, '-Ft', database),
      directory: await readFile(`${directory}/d/toc.dat`),
    };
    for (const [format, bytes] of Object.entries(others)) {
      assert.throws(() => parseToc(bytes), NotAnArchive, format);
    }
  });

  for (const client of [15, 17]) {
    test(`is not told before its last byte is there, whatever is cut off (client ${client})`, async () => {
      const server = await serverOf(14);
      const bytes = await dumpToPipe(client, server, await smallDatabase(server, `cuts of ${client}`));
      const length = lengthOfToc(bytes);
      assert.ok(length < bytes.length && length > 1000);
      for (let end = 0; end < length; end += 1) {
        assert.equal(parseToc(bytes.subarray(0, end)), undefined, `cut at ${end}`);
      }
      assert.deepEqual(parseToc(bytes.subarray(0, length)), parseToc(bytes));
    });
  }

  async function serverOf(major: number): Promise<PostgresServer> {
    const known = servers.get(major);
    if (known) return known;
    const server = await startPostgres({ major });
    servers.set(major, server);
    await server.createDatabase('every');
    await server.psql(EVERY_OBJECT_TYPE, { database: 'every' });
    return server;
  }
});

const MADE = /^(TABLE|VIEW|FUNCTION|TYPE|DOMAIN|INDEX|TRIGGER|POLICY|SEQUENCE|CONSTRAINT|EXTENSION|SERVER)$/;
/** Entries that pg_restore does not list: they are about the archive. */
const UNLISTED = /^(ENCODING|STDSTRINGS|SEARCHPATH|DATABASE|DATABASE PROPERTIES)$/;
const OF_DATABASE = /^DATABASE "?every"?$/;

/** As pg_restore --list writes them (pg_backup_archiver.c, PrintTOCSummary). */
function linesOf(toc: Toc): string[] {
  return toc.entries
    .filter(({ kind, tag }) => !UNLISTED.test(kind) && !OF_DATABASE.test(tag))
    .map(
      ({ dumpId, catalogId, objectId, kind, schema, tag, owner }) =>
        `${dumpId}; ${catalogId} ${objectId} ${kind} ${schema || '-'} ${tag} ${owner}`,
    );
}

async function list(client: number, archive: string): Promise<string[]> {
  const listed = await runClient(client, 'pg_restore', undefined, '--list', archive);
  return String(listed)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'));
}

async function dump(
  t: TestContext,
  client: number,
  server: PostgresServer,
  database: string,
  ...args: string[]
): Promise<{ toc: Toc; archive: string }> {
  const archive = join(temporaryDirectory(t), 'archive');
  await runClient(client, 'pg_dump', server, '-Fc', `--file=${archive}`, ...args, `--dbname=${database}`);
  return { toc: tocOfFile(archive), archive };
}

async function smallDatabase(server: PostgresServer, name: string): Promise<string> {
  await server.createDatabase(name);
  await server.psql("CREATE TABLE item (id serial, name text); INSERT INTO item (name) VALUES ('a')", {
    database: name,
  });
  return name;
}

function namedObjects(name: string): string {
  return `CREATE SCHEMA "${name}"; CREATE TABLE "${name}"."t ${name}" (id int, "${name}" text);
    CREATE SEQUENCE "${name}"."s ${name}"; COMMENT ON SCHEMA "${name}" IS '${name}';`;
}

function assertNames(toc: Toc, name: string): void {
  assert.equal(entryOf(toc, 'TABLE', `t ${name}`).schema, name);
  assert.equal(entryOf(toc, 'SEQUENCE SET', `s ${name}`).schema, name);
  assert.ok(entryOf(toc, 'TABLE', `t ${name}`).definition.includes(`"${name}" text`));
  assert.ok(entryOf(toc, 'COMMENT', `SCHEMA "${name}"`).definition.includes(`IS '${name}'`));
}

function entryOf(toc: Toc, kind: string, tag: string): TocEntry {
  const found = toc.entries.find((entry) => entry.kind === kind && entry.tag === tag);
  assert.ok(found, `${kind} ${tag}`);
  return found;
}

/** By halving: it is complete or not. */
function lengthOfToc(bytes: Buffer): number {
  let [short, long] = [0, bytes.length];
  while (long - short > 1) {
    const middle = Math.floor((short + long) / 2);
    if (parseToc(bytes.subarray(0, middle))) long = middle;
    else short = middle;
  }
  return long;
}
