import fc from 'fast-check';
import { quoteLiteral } from '../../src/postgres/identifier.ts';

/** What SQL calls the type, and arbitrary values of it as the text between quotes. */
export interface ColumnType {
  readonly type: string;
  readonly value: fc.Arbitrary<string>;
}

/** Types and an enum, a composite type and a domain that the columns below are of; for an empty database. */
export const TYPES_OF_COLUMNS = `
  CREATE SCHEMA kinds;
  CREATE EXTENSION hstore SCHEMA kinds;
  CREATE EXTENSION citext SCHEMA kinds;
  CREATE EXTENSION ltree SCHEMA kinds;
  CREATE TYPE kinds.mood AS ENUM ('sad', 'ok', 'it''s great', '高兴', '');
  CREATE TYPE kinds.pair AS (a int, "B b" text, c float8);
  CREATE DOMAIN kinds.word AS varchar(30) CHECK (VALUE <> 'never');`;

/** Text that PostgreSQL can hold. */
const text = fc
  .oneof(
    fc.constantFrom(
      '',
      ' ',
      'NULL',
      'null',
      '""',
      '{}',
      '(,)',
      '\\',
      '\\N',
      '\\.',
      "'",
      ',',
      '\t\n\r',
      '\u2028',
      '\ufeff',
      'e\u0301',
      'é',
      '🐘',
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  )
  .map((some) => some.replaceAll('\0', ''));
const hex = (bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<string> =>
  bytes.map((some) => Buffer.from(some).toString('hex'));
const double = fc.oneof(
  fc.constantFrom(
    'NaN',
    'Infinity',
    '-Infinity',
    '0',
    '-0',
    '0.1',
    '5e-324',
    '1.7976931348623157e308',
    '0.30000000000000004',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const real = fc.oneof(
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '-0', '1e-45', '3.4028235e38'),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const numeric = fc.oneof(
  fc.constantFrom(
    'NaN',
    'Infinity',
    '-Infinity',
    '0',
    '0.0',
    '0.00',
    '-0',
    '1',
    '1.0',
    '1e-30',
    '1e30',
    `${'9'.repeat(300)}.${'9'.repeat(50)}`,
  ),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat(99999))
    .map(([whole, part]) => `${whole}.${part}`),
);
const date = fc.oneof(
  fc.constantFrom(
    'infinity',
    '-infinity',
    'epoch',
    '0044-03-15 BC',
    '4713-01-01 BC',
    '5874897-12-31',
    '2024-02-29',
  ),
  fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((day) => day.toISOString().slice(0, 10)),
);
const time = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999))
  .map(([h, m, s, us]) => `${pad(h)}:${pad(m)}:${pad(s)}.${String(us).padStart(6, '0')}`);
const zone = fc.constantFrom('Z', '+08', '-03:30', '+05:45', '+15:59');
const timestamp = fc.oneof(
  fc.constantFrom('infinity', '-infinity', 'epoch', '4713-11-24 00:00:00 BC', '294276-12-31 23:59:59.999999'),
  fc
    .tuple(
      date.filter((day) => /^\d{4}-\d\d-\d\d$/.test(day)),
      time,
    )
    .map(([day, hour]) => `${day} ${hour}`),
);
const timestamptz = fc
  .tuple(timestamp, zone)
  .map(([moment, where]) => (/^\d{4}-.* \d/.test(moment) && !/BC/.test(moment) ? moment + where : moment));
const interval = fc.oneof(
  fc.constantFrom(
    '0',
    '1 mon',
    '30 days',
    '720:00:00',
    '1 year -2 mons 3 days -04:05:06.789',
    '-1 day +23:59:59.999999',
    '178000000 years',
  ),
  fc
    .tuple(
      fc.integer({ min: -999, max: 999 }),
      fc.integer({ min: -99, max: 99 }),
      fc.integer({ min: -1e9, max: 1e9 }),
    )
    .map(([months, days, us]) => `${months} mons ${days} days ${us / 1e6} s`),
);
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4().map((ip) => `${ip}/24`),
  fc.constantFrom('10.0.0.0/8', '::1/128', '::ffff:1.2.3.4'),
);
const bits = (least: number, most: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom('0', '1'), { minLength: least, maxLength: most }).map((some) => some.join(''));
const jsonText = fc.oneof(
  fc.json({ stringUnit: 'grapheme' }),
  fc.constantFrom('{"b": 1, "a": 1.0, "a": 1.00}', ' [ 1 , 1e2, null ] ', '"\\u00e9"', '-0'),
);
const lexeme = text
  .filter((word) => word !== '')
  .map((word) => `'${word.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);
const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(String);
const point = fc.tuple(number, number).map(([x, y]) => `(${x},${y})`);
const element = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .option(value, { nil: undefined })
    .map((some) =>
      some === undefined ? 'NULL' : `"${some.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
    );
const array = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(element(value), { maxLength: 4 }).map((some) => `{${some.join(',')}}`);
const field = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .option(value, { nil: undefined })
    .map((some) => (some === undefined ? '' : `"${some.replaceAll('\\', '\\\\').replaceAll('"', '""')}"`));
const range = (value: fc.Arbitrary<string>, order: (a: string, b: string) => number): fc.Arbitrary<string> =>
  fc
    .tuple(value, value, fc.constantFrom('[', '('), fc.constantFrom(']', ')'), fc.nat(5))
    .map(([a, b, open, close, what]) => {
      const [low = '', high = ''] = [a, b].sort(order);
      if (what === 0) return 'empty';
      return `${open}${what === 1 ? '' : `"${low}"`},${what === 2 ? '' : `"${high}"`}${close}`;
    });
const integers = fc.integer({ min: -1000, max: 1000 }).map(String);
const byNumber = (a: string, b: string): number => Number(a) - Number(b);
const days = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
  .map((day) => day.toISOString());
const integer = (bits: bigint): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.constantFrom(-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n, 0n),
      fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }),
    )
    .map(String);

export const COLUMN_TYPES: readonly ColumnType[] = [
  { type: 'smallint', value: integer(16n) },
  { type: 'integer', value: integer(32n) },
  { type: 'bigint', value: integer(64n) },
  { type: 'numeric', value: numeric },
  {
    type: 'numeric(30,7)',
    value: numeric.filter((some) => !/Inf/.test(some) && some.length < 28 && !/e30/.test(some)),
  },
  { type: 'real', value: real },
  { type: 'double precision', value: double },
  { type: 'money', value: fc.integer({ min: -1e9, max: 1e9 }).map((cents) => String(cents / 100)) },
  { type: 'boolean', value: fc.constantFrom('t', 'f') },
  { type: 'text', value: text },
  { type: 'text COLLATE "C"', value: text },
  { type: 'character varying(40)', value: text },
  { type: 'character(20)', value: text },
  { type: '"char"', value: fc.constantFrom('', 'a', ' ', '\\', '"', ',') },
  { type: 'name', value: text.filter((some) => Buffer.byteLength(some) < 60) },
  { type: 'bytea', value: hex(fc.uint8Array({ maxLength: 300 })).map((some) => `\\x${some}`) },
  { type: 'date', value: date },
  { type: 'time', value: time },
  { type: 'time with time zone', value: fc.tuple(time, zone).map(([hour, where]) => hour + where) },
  { type: 'timestamp', value: timestamp },
  { type: 'timestamp with time zone', value: timestamptz },
  { type: 'interval', value: interval },
  { type: 'uuid', value: fc.uuid() },
  { type: 'inet', value: address },
  { type: 'cidr', value: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.0/8', '::/0')) },
  { type: 'macaddr', value: hex(fc.uint8Array({ minLength: 6, maxLength: 6 })) },
  { type: 'macaddr8', value: hex(fc.uint8Array({ minLength: 8, maxLength: 8 })) },
  { type: 'bit(9)', value: bits(9, 9) },
  { type: 'bit varying', value: bits(0, 20) },
  {
    type: 'xml',
    value: text.map(
      (some) =>
        `<a b="1">${some
          .replaceAll(/[^\t\n\u0020-\ud7ff]/gu, '')
          .replaceAll('&', '&amp;')
          .replaceAll('<', '&lt;')}</a> `,
    ),
  },
  { type: 'json', value: jsonText },
  { type: 'jsonb', value: jsonText },
  { type: 'jsonpath', value: fc.constantFrom('$', '$.a[*] ? (@ > 1)', 'strict $."b c"', '$[1 to 2].size()') },
  {
    type: 'tsvector',
    value: fc
      .array(fc.tuple(lexeme, fc.constantFrom('', ':1', ':2A,5B')), { maxLength: 4 })
      .map((some) => some.map((one) => one.join('')).join(' ')),
  },
  {
    type: 'tsquery',
    value: fc.array(lexeme, { minLength: 1, maxLength: 3 }).map((some) => some.join(' & !')),
  },
  { type: 'int4range', value: range(integers, byNumber) },
  { type: 'numrange', value: range(number, byNumber) },
  { type: 'tstzrange', value: range(days, (a, b) => Number(a > b) - Number(a < b)) },
  {
    type: 'int8multirange',
    value: fc
      .array(range(integers, byNumber), { maxLength: 3 })
      .map((some) => `{${some.map((one) => one.replaceAll('"', '')).join(',')}}`),
  },
  { type: 'point', value: point },
  { type: 'lseg', value: fc.tuple(point, point).map((ends) => `[${ends}]`) },
  { type: 'box', value: fc.tuple(point, point).map((ends) => ends.join(',')) },
  { type: 'path', value: fc.array(point, { minLength: 1, maxLength: 4 }).map((points) => `[${points}]`) },
  { type: 'polygon', value: fc.array(point, { minLength: 1, maxLength: 4 }).map((points) => `(${points})`) },
  { type: 'circle', value: fc.tuple(point, fc.nat(100)).map(([middle, radius]) => `<${middle},${radius}>`) },
  { type: 'oid', value: fc.nat().map(String) },
  { type: 'pg_lsn', value: fc.constantFrom('0/0', '16/B374D848', 'FFFFFFFF/FFFFFFFF') },
  { type: 'regclass', value: fc.constantFrom('pg_class', 'kinds.pair', '-', '987654321') },
  { type: 'regtype', value: fc.constantFrom('kinds.mood', 'text', 'int[]') },
  { type: 'kinds.mood', value: fc.constantFrom('sad', 'ok', "it's great", '高兴', '') },
  { type: 'kinds.word', value: text.map((some) => [...some].slice(0, 30).join('')) },
  {
    type: 'kinds.pair',
    value: fc.tuple(field(integers), field(text), field(double)).map((some) => `(${some.join(',')})`),
  },
  { type: 'kinds.hstore', value: fc.dictionary(text, fc.option(text), { maxKeys: 4 }).map(hstore) },
  { type: 'kinds.citext', value: text },
  {
    type: 'kinds.ltree',
    value: fc.array(fc.constantFrom('a', 'b', '_1'), { maxLength: 4 }).map((some) => some.join('.')),
  },
  { type: 'text[]', value: array(text) },
  { type: 'float8[]', value: array(double) },
  { type: 'timestamptz[]', value: array(timestamptz) },
  {
    type: 'kinds.pair[]',
    value: array(fc.tuple(field(integers), field(text), field(double)).map((some) => `(${some.join(',')})`)),
  },
  {
    type: 'integer[]',
    value: fc.constantFrom('{}', '{1}', '[0:0]={1}', '[2:3][-1:0]={{1,2},{3,NULL}}', '{{1},{2}}'),
  },
];

/** A value, or NULL, as an expression of its type. */
export function literalOf({ type, value }: ColumnType): fc.Arbitrary<string> {
  const bare = type.replace(/ COLLATE.*/, '');
  return fc
    .option(value, { freq: 6, nil: undefined })
    .map((some) => (some === undefined ? 'NULL' : `CAST(${quoteLiteral(some)} AS ${bare})`));
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

function hstore(entries: Record<string, string | null>): string {
  const quoted = (some: string): string => `"${some.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  return Object.entries(entries)
    .map(([key, value]) => `${quoted(key)}=>${value === null ? 'NULL' : quoted(value)}`)
    .join(',');
}
