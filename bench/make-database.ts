import type { PostgresServer } from '../test/harness/postgres-server.ts';

/**
 * `mixed`: 60 % in one table, 20 % in 300 small ones of another kind, the rest in three of middle size and large objects. The others have 95 % in one
 * table, or in 300, of the same kind of rows.
 */
export const SHAPES = ['mixed', 'one-big', 'many-small'] as const;
export type Shape = (typeof SHAPES)[number];

export const DATABASE = 'community';

const SMALL_TABLES = 300;
const PHRASE_COUNT = 50_000;
const EVENTS_SEED = 0.2;

/** Shares of the size. */
const SHARES = { big: 0.6, medium: 0.15, small: 0.2, objects: 0.05 };

/** On disk, the header of the row included. */
const ROW_BYTES = { event: 585, medium: 184, small: 232 };
const OBJECT_BYTES = 100_000;

/**
 * Makes the database of that shape with about so many bytes of table data, indexes not counted: the same bytes each time (setseed).
 * Resolves with how many there are, large objects included.
 */
export async function makeDatabase(server: PostgresServer, sizeBytes: number, shape: Shape): Promise<number> {
  await server.createDatabase(DATABASE);
  const script = [
    SESSION,
    PHRASES,
    ...tablesOf(shape, sizeBytes),
    largeObjects(Math.ceil((sizeBytes * SHARES.objects) / OBJECT_BYTES)),
    'DROP TABLE phrase;',
    'VACUUM (FREEZE, ANALYZE);',
    'CHECKPOINT;',
    SIZE,
  ];
  const printed = await server.psql(script.join('\n'), { database: DATABASE });
  return Number(printed.split('\n').at(-1));
}

function tablesOf(shape: Shape, sizeBytes: number): string[] {
  const rows = (kind: keyof typeof ROW_BYTES, share: number, tables: number): number =>
    Math.ceil((sizeBytes * share) / ROW_BYTES[kind] / tables);
  const inTables = 1 - SHARES.objects;
  if (shape === 'one-big') return [eventTable('events', rows('event', inTables, 1), EVENTS_SEED)];
  if (shape === 'many-small') {
    const each = rows('event', inTables, SMALL_TABLES);
    const numbers = Array.from({ length: SMALL_TABLES }, (_, index) => index + 1);
    return numbers.map((number) => eventTable(`events_${number}`, each, number / 1000));
  }
  return [
    eventTable('events', rows('event', SHARES.big, 1), EVENTS_SEED),
    ...['orders', 'payments', 'messages'].map((name) => mediumTable(name, rows('medium', SHARES.medium, 3))),
    smallTables(rows('small', SHARES.small, SMALL_TABLES)),
  ];
}

/** What fills a table in the transaction that made it needs no write-ahead log (wal_level=minimal). */
function alone(statements: string): string {
  return `BEGIN;${statements}\nCOMMIT;`;
}

const SESSION = `
SET client_min_messages = warning;
SET synchronous_commit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '256MB';
SET max_parallel_workers_per_gather = 0;
SET TIME ZONE 'UTC';`;

/** Text as people write it, for a compressor: words of a vocabulary, the common ones most often, in phrases that rarely come twice in a window. */
const PHRASES = `
SELECT setseed(0.1);
CREATE TEMP TABLE word AS SELECT id, (
    SELECT string_agg((ARRAY['ka','to','mi','ra','ser','ent','ing','lo','ver','da','al','con','pre','sti','un','er','qu','ou','ly','sh'])[1 + floor(random() * 20)::int], '')
    FROM generate_series(1, 1 + (id % 3) + (random() * 1.4)::int)) AS word
  FROM generate_series(0, 2999) AS id;
CREATE TABLE phrase (id int PRIMARY KEY, phrase text NOT NULL);
INSERT INTO phrase SELECT picked.id, string_agg(word.word, ' ' ORDER BY picked.position)
  FROM (SELECT id, position, floor(3000 * power(random(), 2.5))::int AS word
        FROM generate_series(0, ${PHRASE_COUNT - 1}) AS id, generate_series(1, 12) AS position OFFSET 0) AS picked
  JOIN word ON word.id = picked.word
  GROUP BY picked.id;
ANALYZE phrase;`;

function eventTable(name: string, rows: number, seed: number): string {
  // Joined with more phrases than there are rows, they would come out in the order of the phrases.
  const order = rows < PHRASE_COUNT ? 'ORDER BY r.id' : '';
  return alone(`
SELECT setseed(${seed});
CREATE TABLE ${name} (
  id bigint NOT NULL, event uuid NOT NULL, account int NOT NULL, kind text NOT NULL,
  created_at timestamptz NOT NULL, amount numeric(12, 2), payload jsonb NOT NULL, body text NOT NULL);
INSERT INTO ${name} SELECT r.id, md5(r.a::text)::uuid, (r.b * 100000)::int,
    (ARRAY['view','click','purchase','refund','login','logout','error'])[1 + floor(r.c * 7)::int],
    timestamptz '2024-01-01 00:00:00+00' + r.id * interval '7.3 seconds' + r.a * interval '5 seconds',
    CASE WHEN r.c < 0.4 THEN (r.b * 9000)::numeric(12, 2) END,
    jsonb_build_object('session', md5(r.b::text), 'title', one.phrase, 'score', (r.c * 1000)::int,
      'tags', jsonb_build_array(left(two.phrase, 9), left(three.phrase, 7)), 'mobile', r.a < 0.5),
    two.phrase || '. ' || three.phrase || '. ' || four.phrase
  FROM (SELECT id, random() AS a, random() AS b, random() AS c, floor(random() * ${PHRASE_COUNT})::int AS one,
               floor(random() * ${PHRASE_COUNT})::int AS two, floor(random() * ${PHRASE_COUNT})::int AS three,
               floor(random() * ${PHRASE_COUNT})::int AS four
        FROM generate_series(1, ${rows}) AS id OFFSET 0) AS r
  JOIN phrase AS one ON one.id = r.one JOIN phrase AS two ON two.id = r.two
  JOIN phrase AS three ON three.id = r.three JOIN phrase AS four ON four.id = r.four ${order};
ALTER TABLE ${name} ADD PRIMARY KEY (id);
CREATE INDEX ON ${name} (account, created_at);`);
}

function mediumTable(name: string, rows: number): string {
  return alone(`
SELECT setseed(0.3);
CREATE TABLE ${name} (id bigint NOT NULL, reference uuid NOT NULL, customer text NOT NULL, note text, price numeric(10, 2), changed_at timestamp NOT NULL);
INSERT INTO ${name} SELECT r.id, md5('${name}' || r.a)::uuid, left(one.phrase, 24), two.phrase, (r.b * 500)::numeric(10, 2),
    timestamp '2025-03-01' + r.id * interval '1 minute'
  FROM (SELECT id, random() AS a, random() AS b, floor(random() * ${PHRASE_COUNT})::int AS one, floor(random() * ${PHRASE_COUNT})::int AS two
        FROM generate_series(1, ${rows}) AS id OFFSET 0) AS r
  JOIN phrase AS one ON one.id = r.one JOIN phrase AS two ON two.id = r.two;
ALTER TABLE ${name} ADD PRIMARY KEY (id);`);
}

function smallTables(rows: number): string {
  return `
DO $$ BEGIN FOR number IN 1..${SMALL_TABLES} LOOP
  PERFORM setseed(number / 1000.0);
  EXECUTE format('CREATE TABLE small_%s (id int NOT NULL, key uuid NOT NULL, name text NOT NULL, settings jsonb, updated_at timestamptz)', number);
  EXECUTE format('INSERT INTO small_%s SELECT r.id, md5(r.a::text)::uuid, one.phrase,
      jsonb_build_object(''enabled'', r.a < 0.8, ''limit'', (r.b * 100)::int, ''label'', left(two.phrase, 20)),
      timestamptz ''2025-01-01 00:00:00+00'' + r.id * interval ''1 hour''
    FROM (SELECT id, random() AS a, random() AS b, floor(random() * ${PHRASE_COUNT})::int AS one, floor(random() * ${PHRASE_COUNT})::int AS two
          FROM generate_series(1, ${rows}) AS id OFFSET 0) AS r
    JOIN phrase AS one ON one.id = r.one JOIN phrase AS two ON two.id = r.two', number);
  EXECUTE format('ALTER TABLE small_%s ADD PRIMARY KEY (id)', number);
END LOOP; END $$;`;
}

/** Every second one is text, the others are as incompressible as pictures. */
function largeObjects(count: number): string {
  return `
SELECT setseed(0.4);
DO $$ BEGIN FOR number IN 1..${count} LOOP
  PERFORM lo_from_bytea(100000 + number, CASE WHEN number % 2 = 0
    THEN (SELECT convert_to(string_agg(phrase, E'\\n' ORDER BY id), 'UTF8') FROM phrase WHERE id / 1400 = number % 35)
    ELSE (SELECT string_agg(decode(md5(number || ':' || part), 'hex'), '' ORDER BY part) FROM generate_series(1, ${OBJECT_BYTES / 16}) AS part)
  END);
END LOOP; END $$;`;
}

/** Without the maps beside the tables, which would outweigh small ones. */
const SIZE = `
SELECT coalesce(sum(pg_relation_size(oid) + coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0)), 0) + pg_relation_size('pg_largeobject')
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace;`;
