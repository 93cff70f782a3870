import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { listTables, measureTable } from '../../src/fingerprint/measure.ts';
import { beginMeasuring } from '../../src/fingerprint/measuring-session.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import {
  differencesOf,
  dumpWithFingerprint,
  measure,
  restore,
  sessionTo,
  withinTransaction,
} from './fingerprint-of.ts';
import { COLUMN_TYPES, literalOf, TYPES_OF_COLUMNS } from './values.ts';

const RUNS = 3;
const TABLES = 6;

/** Whatever may be set for a database or a role and changes how values are written, or what a statement may do. */
const SETTINGS = [
  `DateStyle = 'SQL, DMY'`,
  `TimeZone = 'Asia/Kathmandu'`,
  `IntervalStyle = 'sql_standard'`,
  `extra_float_digits = -15`,
  `bytea_output = 'escape'`,
  `xmlbinary = 'hex'`,
  `xmloption = 'document'`,
  `lc_monetary = 'C.UTF-8'`,
  `search_path = kinds, public`,
  `quote_all_identifiers = on`,
  `standard_conforming_strings = off`,
  `synchronize_seqscans = on`,
  `default_transaction_isolation = 'serializable'`,
  `default_transaction_deferrable = on`,
  `transform_null_equals = on`,
  `idle_in_transaction_session_timeout = '1min'`,
  `default_text_search_config = 'german'`,
];

interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const table: fc.Arbitrary<Table> = fc
  .shuffledSubarray([...COLUMN_TYPES], { minLength: 6, maxLength: 14 })
  .chain((columns) =>
    fc.record({
      columns: fc.constant(columns.map(({ type }) => type)),
      rows: fc.array(fc.tuple(...columns.map(literalOf)), { minLength: 1, maxLength: 8 }),
    }),
  );

describe('the hash of rows', {
  skip: missing('postgres-server-15', 'postgres-client-15', 'postgres-server-18', 'postgres-client-18'),
}, () => {
  let server: PostgresServer;
  let newer: PostgresServer;
  let databases = 0;
  before(async () => {
    [server, newer] = await Promise.all([startPostgres({ major: 15 }), startPostgres({ major: 18 })]);
    for (const setting of SETTINGS) await newer.psql(`ALTER ROLE postgres SET ${setting}`);
  });
  after(() => Promise.all([server.stop(), newer.stop()]));

  test('is the same after a restore, whatever the rows are, wherever they lie and whatever is set', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(table, { minLength: TABLES, maxLength: TABLES }), async (tables) => {
        const database = await create(tables);
        const { archive, fingerprint } = await dumpWithFingerprint(t, server, database);
        assert.equal(fingerprint.status, 'complete', fingerprint.detail);
        assert.equal(fingerprint.tables?.length, TABLES);

        const copy = `${database} copy`;
        await restore(server, archive, copy);
        for (const setting of SETTINGS) await server.psql(`ALTER DATABASE "${copy}" SET ${setting}`);
        await server.psql(tables.map((_table, index) => moveRows(`t${index}`)).join('\n'), {
          database: copy,
        });
        const differences = differencesOf(fingerprint, await measure(server, copy));
        assert.deepEqual(
          differences.filter((line) => !line.startsWith('unexpected: setting ')),
          [],
        );

        await restore(newer, archive, copy);
        assert.deepEqual(differencesOf(fingerprint, await measure(newer, copy)), []);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  test('is another where any value is another', async (t) => {
    const values = fc.tuple(
      ...COLUMN_TYPES.map((type) => fc.array(literalOf(type), { minLength: 3, maxLength: 3 })),
    );
    const session = sessionTo(server, await create([]));
    t.after(() => session.close());
    let differing = 0;
    await fc.assert(
      fc.asyncProperty(values, async (columns) => {
        await session.execute('BEGIN');
        await session.execute(
          `CREATE TABLE public.t (id int, ${COLUMN_TYPES.map(({ type }, at) => `c${at} ${type}`).join(', ')})`,
        );
        for (const row of [0, 1]) {
          await session.execute(
            `INSERT INTO public.t VALUES (${row}, ${columns.map((some) => some[row]).join(', ')})`,
          );
        }
        await session.execute('CREATE TABLE public.kept AS SELECT * FROM public.t');
        await beginMeasuring(withinTransaction(session));
        const listed = (await listTables(session)).find(({ name }) => name === 't');
        assert.ok(listed);
        const hash = async () => (await measureTable(session, listed, 'content'))?.hash;
        const whole = await hash();
        for (const [at, some] of columns.entries()) {
          await session.execute('SAVEPOINT whole');
          await session.execute(`UPDATE public.t SET c${at} = ${some[2]} WHERE id = 1`);
          // Byte by byte (PostgreSQL manual, 9.25.6).
          const [row] = await session.query(
            `SELECT a *<> b AS differs FROM (SELECT c${at} FROM public.t WHERE id = 1) a, (SELECT c${at} FROM public.kept WHERE id = 1) b`,
          );
          assert.equal(
            (await hash()) !== whole,
            row?.['differs'],
            `${COLUMN_TYPES[at]?.type}: ${some[1]} and ${some[2]}`,
          );
          differing += Number(row?.['differs']);
          await session.execute('ROLLBACK TO SAVEPOINT whole');
        }
        await session.execute('ROLLBACK');
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    assert.ok(differing > RUNS * COLUMN_TYPES.length * 0.6, String(differing));
  });

  test('is the same in whatever order the rows lie, and another where one is there twice or less', async (t) => {
    const session = sessionTo(server, await create([]));
    t.after(() => session.close());
    await session.execute('BEGIN');
    await beginMeasuring(withinTransaction(session));
    const hashOf = async (rows: string): Promise<string> => {
      await session.execute(`CREATE TABLE public.t AS ${rows}`);
      const [listed] = await listTables(session);
      assert.ok(listed);
      const measured = await measureTable(session, listed, 'content');
      await session.execute('DROP TABLE public.t');
      return `${measured?.rows}: ${measured?.hash}`;
    };
    const rows = 'SELECT i, md5(i::text) AS m FROM generate_series(1, 3000) AS i';
    const whole = await hashOf(rows);
    assert.equal(await hashOf(`${rows} ORDER BY m`), whole);
    assert.equal(await hashOf('SELECT md5(i::text) AS m, i FROM generate_series(3000, 1, -1) AS i'), whole);
    const others = [
      `${rows} WHERE i <> 7`,
      `${rows} UNION ALL SELECT 7, md5('7')`,
      `${rows} UNION ALL VALUES (NULL::int, NULL::text)`,
      `SELECT CASE i WHEN 7 THEN 8 WHEN 8 THEN 7 ELSE i END AS i, md5(i::text) AS m FROM generate_series(1, 3000) AS i`,
      `SELECT CASE i WHEN 8 THEN 7 ELSE i END AS i, md5(least(i, 7 + i % 8)::text) AS m FROM generate_series(1, 3000) AS i`,
    ];
    const hashes = [whole];
    for (const other of others) hashes.push(await hashOf(other));
    assert.equal(new Set(hashes).size, hashes.length, hashes.join('\n'));
    assert.match(whole, /^3000: -?\d+$/);
    assert.equal(await hashOf('SELECT 1 AS i WHERE false'), '0: 0');
  });

  async function create(tables: readonly Table[]): Promise<string> {
    databases += 1;
    const database = `rows ${databases}`;
    await server.createDatabase(database);
    const statements = tables.flatMap(({ columns, rows }, index) => [
      // A column that is gone, and one that comes late with a default that is nowhere in the rows.
      `CREATE TABLE t${index} (gone int, ${columns.map((type, at) => `c${at} ${type}`).join(', ')});`,
      ...rows.map((row) => `INSERT INTO t${index} VALUES (1, ${row.join(', ')});`),
      `ALTER TABLE t${index} DROP COLUMN gone, ADD COLUMN late int DEFAULT 5;`,
    ]);
    await server.psql([TYPES_OF_COLUMNS, ...statements].join('\n'), { database });
    return database;
  }
});

/** Rows in another order, in another layout, and with values in the TOAST table. */
function moveRows(name: string): string {
  return `
    ALTER TABLE public.${name} ADD COLUMN turn int;
    UPDATE public.${name} SET turn = i FROM (SELECT ctid AS at, row_number() OVER (ORDER BY random()) AS i FROM public.${name}) o WHERE at = ${name}.ctid;
    CREATE INDEX turned ON public.${name} (turn);
    CLUSTER public.${name} USING turned;
    ALTER TABLE public.${name} DROP COLUMN turn;
    ALTER TABLE public.${name} SET (toast_tuple_target = 128);
    VACUUM FULL public.${name};
    ALTER TABLE public.${name} RESET (toast_tuple_target);`;
}
