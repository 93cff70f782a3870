import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CompareOptions, compare, type Difference } from '../../src/fingerprint/compare.ts';
import {
  type Fingerprint,
  type InventoryItem,
  type Measured,
  qualified,
} from '../../src/fingerprint/fingerprint.ts';
import { EVERYTHING, fingerprintFrom } from './fingerprint-of.ts';

const MEASURED: Measured = {
  serverMajor: 17,
  database: { encoding: 'UTF8', collation: 'C.UTF-8', ctype: 'C.UTF-8', locale: 'i de' },
  tables: [
    { schema: 'shop', name: 'customer', state: 'counted', rows: 3, hash: '-17' },
    { schema: 'shop', name: 'Odd "name"', state: 'counted', rows: 0, hash: '0' },
  ],
  sequences: [
    { schema: 'shop', name: 'customer_id_seq', lastValue: '3', isCalled: true },
    { schema: 'shop', name: 'never_used', lastValue: '1', isCalled: false },
  ],
  largeObjects: { state: 'counted', count: 2, hash: '5', owners: '6', grants: '7', comments: '8' },
  inventory: [
    { kind: 'schema', name: 'public', definition: '1', owner: 'pg_database_owner' },
    {
      kind: 'schema',
      name: 'shop',
      definition: '1',
      owner: 'boss',
      grants: ['boss=CREATE', 'reader=USAGE*'],
    },
    { kind: 'table', name: 'shop.customer', definition: '2', owner: 'boss', comment: '3' },
    { kind: 'table', name: 'shop."Odd ""name"""', definition: '4', owner: 'boss' },
    { kind: 'table', name: 'shop.partitioned', definition: '5', owner: 'boss' },
    { kind: 'index', name: 'shop.customer_pkey', definition: '6' },
    { kind: 'sequence', name: 'shop.customer_id_seq', definition: '7', owner: 'boss' },
    { kind: 'sequence', name: 'shop.never_used', definition: '8', owner: 'boss' },
    { kind: 'function', name: 'shop.f(integer)', definition: '9', owner: 'boss', grants: ['PUBLIC=EXECUTE'] },
    {
      kind: 'grants',
      name: 'on function pg_catalog.pg_ls_dir(text)',
      definition: '',
      grants: ['reader=EXECUTE'],
    },
    {
      kind: 'default acl',
      name: 'for role boss on tables',
      definition: '',
      owner: 'boss',
      grants: ['reader=SELECT'],
    },
  ],
};

const [customer, odd] = MEASURED.tables;
const [called, notCalled] = MEASURED.sequences;
const difference = (kind: Difference['kind'], object: string, expected = '', found = ''): Difference => ({
  kind,
  object,
  expected,
  found,
});
const withItem = (name: string, change: Partial<InventoryItem>): Partial<Measured> => ({
  inventory: MEASURED.inventory.map((item) => (item.name === name ? { ...item, ...change } : item)),
});
const without = (...names: string[]): Partial<Measured> => ({
  inventory: MEASURED.inventory.filter(({ name }) => !names.includes(name)),
});
const also = (item: InventoryItem): Partial<Measured> => ({ inventory: [...MEASURED.inventory, item] });

assert.ok(customer && odd && called && notCalled);

test('equal facts show no difference and no omission, and are counted', () => {
  assert.deepEqual(compare(fingerprintFrom(MEASURED), MEASURED, EVERYTHING), {
    compared: {
      ...{ tables: 2, rows: 3, sequences: 2, largeObjects: 2, objects: 11 },
      ...{ contents: true, collation: true, definitions: true },
    },
    differences: [],
    omissions: [],
  });
});

/** What is found instead, and the one difference that must be told of it. */
const DIFFERENCES: readonly (readonly [string, Partial<Measured>, Difference])[] = [
  [
    'a table is missing',
    { tables: [odd], ...without('shop.customer') },
    difference('missing', 'table shop.customer'),
  ],
  [
    'a table is missing, with a name that needs quotes',
    { tables: [customer], ...without('shop."Odd ""name"""') },
    difference('missing', 'table shop."Odd ""name"""'),
  ],
  [
    'a partitioned table is missing',
    without('shop.partitioned'),
    difference('missing', 'table shop.partitioned'),
  ],
  ['an index is missing', without('shop.customer_pkey'), difference('missing', 'index shop.customer_pkey')],
  [
    'a sequence is missing',
    { sequences: [called], ...without('shop.never_used') },
    difference('missing', 'sequence shop.never_used', '1 (not called)'),
  ],
  [
    'the default rights are missing',
    without('for role boss on tables'),
    difference('missing', 'default acl for role boss on tables'),
  ],
  [
    'there is one table more',
    {
      tables: [customer, odd, { schema: 'shop', name: 'more', state: 'counted', rows: 0 }],
      ...also({ kind: 'table', name: 'shop.more' }),
    },
    difference('unexpected', 'table shop.more'),
  ],
  [
    'there is one view more',
    also({ kind: 'view', name: 'shop.more' }),
    difference('unexpected', 'view shop.more'),
  ],
  [
    'there is one sequence more',
    {
      sequences: [called, notCalled, { ...called, name: 'more' }],
      ...also({ kind: 'sequence', name: 'shop.more' }),
    },
    difference('unexpected', 'sequence shop.more'),
  ],
  [
    'there is one extension more',
    also({ kind: 'extension', name: 'hstore' }),
    difference('unexpected', 'extension hstore'),
  ],
  [
    'there are rights more',
    also({ kind: 'grants', name: 'on language sql', grants: ['-PUBLIC=USAGE'] }),
    difference('unexpected', 'grants on language sql'),
  ],
  [
    'a row is missing',
    { tables: [{ ...customer, rows: 2, hash: '1' }, odd] },
    difference('rows', 'table shop.customer', '3', '2'),
  ],
  [
    'a table has rows that had none',
    { tables: [customer, { ...odd, rows: 1, hash: '9' }] },
    difference('rows', 'table shop."Odd ""name"""', '0', '1'),
  ],
  [
    'a row is another',
    { tables: [{ ...customer, hash: '-18' }, odd] },
    difference('content', 'table shop.customer', '-17', '-18'),
  ],
  [
    'the rows were not hashed',
    { tables: [{ schema: 'shop', name: 'customer', state: 'counted', rows: 3 }, odd] },
    difference('content', 'table shop.customer', '-17'),
  ],
  [
    'a table cannot be read',
    { tables: [{ schema: 'shop', name: 'customer', state: 'unreadable', detail: 'no' }, odd] },
    difference('unreadable', 'table shop.customer', '', 'no'),
  ],
  [
    'a sequence stands elsewhere',
    { sequences: [{ ...called, lastValue: '4' }, notCalled] },
    difference('sequence', 'sequence shop.customer_id_seq', '3', '4'),
  ],
  [
    'a sequence was not called',
    { sequences: [{ ...called, isCalled: false }, notCalled] },
    difference('sequence', 'sequence shop.customer_id_seq', '3', '3 (not called)'),
  ],
  [
    'a large object is missing',
    { largeObjects: { ...MEASURED.largeObjects, count: 1, hash: '1' } },
    difference('large objects', 'large objects', '2', '1'),
  ],
  [
    'a large object is another',
    { largeObjects: { ...MEASURED.largeObjects, hash: '1' } },
    difference('content', 'large objects', '5', '1'),
  ],
  [
    'a large object has another owner',
    { largeObjects: { ...MEASURED.largeObjects, owners: '1' } },
    difference('owner', 'large objects', '6', '1'),
  ],
  [
    'a large object has other rights',
    { largeObjects: { ...MEASURED.largeObjects, grants: '1' } },
    difference('grants', 'large objects', '7', '1'),
  ],
  [
    'a large object has another comment',
    { largeObjects: { ...MEASURED.largeObjects, comments: '1' } },
    difference('comment', 'large objects', '8', '1'),
  ],
  [
    'an object is defined otherwise',
    withItem('shop.f(integer)', { definition: '10' }),
    difference('definition', 'function shop.f(integer)', '9', '10'),
  ],
  [
    'an object has another owner',
    withItem('shop.customer', { owner: 'else' }),
    difference('owner', 'table shop.customer', 'boss', 'else'),
  ],
  [
    'rights are missing',
    withItem('shop', { grants: ['boss=CREATE'] }),
    difference('grants', 'schema shop', 'boss=CREATE, reader=USAGE*', 'boss=CREATE'),
  ],
  [
    'rights may not be given on',
    withItem('shop', { grants: ['boss=CREATE', 'reader=USAGE'] }),
    difference('grants', 'schema shop', 'boss=CREATE, reader=USAGE*', 'boss=CREATE, reader=USAGE'),
  ],
  [
    'there are rights at last',
    withItem('shop.customer', { grants: ['x=SELECT'] }),
    difference('grants', 'table shop.customer', '', 'x=SELECT'),
  ],
  [
    'a comment is missing',
    withItem('shop.customer', { comment: undefined as never }),
    difference('comment', 'table shop.customer', '3'),
  ],
  ['a comment came to it', withItem('shop', { comment: '3' }), difference('comment', 'schema shop', '', '3')],
  [
    'the schema public has another owner',
    withItem('public', { owner: 'postgres' }),
    difference('owner', 'schema public', 'pg_database_owner', 'postgres'),
  ],
  [
    'the encoding is another',
    { database: { ...MEASURED.database, encoding: 'LATIN1' } },
    difference('encoding', 'database', 'UTF8', 'LATIN1'),
  ],
  [
    'the collation is another',
    { database: { ...MEASURED.database, collation: 'C' } },
    difference('collation', 'database', 'C.UTF-8', 'C'),
  ],
  [
    'the character classes are others',
    { database: { ...MEASURED.database, ctype: 'C' } },
    difference('collation', 'database', 'C.UTF-8', 'C'),
  ],
  [
    'the locale is another',
    { database: { ...MEASURED.database, locale: 'i fr' } },
    difference('collation', 'database', 'i de', 'i fr'),
  ],
];
for (const [what, change, expected] of DIFFERENCES) {
  test(`it is told once where ${what}`, () => {
    const { differences } = compare(fingerprintFrom(MEASURED), { ...MEASURED, ...change }, EVERYTHING);
    assert.deepEqual(differences, [expected]);
  });
}

/** What a fingerprint lacks, and how it is said that it is not compared. */
const OMISSIONS: readonly (readonly [string, Partial<Fingerprint>, Partial<CompareOptions>, object])[] = [
  [
    'rows are not in the dump',
    { tables: [{ schema: 'shop', name: 'customer', state: 'leftOut' }, odd] },
    {},
    { kind: 'rows', objects: ['shop.customer'] },
  ],
  [
    'large objects are not in the dump',
    { largeObjects: { state: 'leftOut' } },
    {},
    { kind: 'large objects', objects: [] },
  ],
  [
    'options leave something out',
    { leftOut: ['--no-comments', '-T=a'] },
    {},
    { kind: 'options', objects: ['--no-comments', '-T=a'] },
  ],
  [
    'it is partial',
    {
      status: 'partial',
      reason: 'rewritten',
      tables: [{ schema: 'shop', name: 'customer', state: 'notReached' }, odd],
    },
    {},
    { kind: 'partial', objects: ['shop.customer'] },
  ],
  [
    'it failed before it knew anything',
    {
      ...{ status: 'partial', reason: 'failed', detail: 'lost' },
      ...{ database: null, tables: null, inventory: null, largeObjects: { state: 'notReached' } },
    },
    {},
    { kind: 'partial', objects: ['lost'] },
  ],
  ['the restore gave no owners', {}, { owners: false }, { kind: 'owners', objects: [] }],
  ['the restore gave no rights', {}, { grants: false }, { kind: 'grants', objects: [] }],
];
for (const [what, change, options, omission] of OMISSIONS) {
  test(`it is said once where ${what}, and is no difference`, () => {
    const { differences, omissions } = compare(fingerprintFrom(MEASURED, change), MEASURED, {
      ...EVERYTHING,
      ...options,
    });
    assert.deepEqual([differences, omissions], [[], [omission]]);
  });
}

test('what was not restored with owners or rights is not compared by them', () => {
  const found: Measured = {
    ...MEASURED,
    largeObjects: { ...MEASURED.largeObjects, owners: '1', grants: '2' },
    inventory: MEASURED.inventory
      .filter(({ kind }) => kind !== 'grants' && kind !== 'default acl')
      .map((item) => ({ ...item, owner: 'me', grants: ['me=ALL'] })),
  };
  for (const leftOut of [['-O'], ['--no-owner']]) {
    const expected = fingerprintFrom(MEASURED, { leftOut });
    assert.deepEqual(compare(expected, found, EVERYTHING).differences, []);
  }
  assert.deepEqual(
    compare(fingerprintFrom(MEASURED), found, { ...EVERYTHING, owners: false }).differences,
    [],
  );
  const withOwners = { ...found, inventory: MEASURED.inventory.map(({ grants: _grants, ...item }) => item) };
  const options = { ...EVERYTHING, grants: false };
  const largeObjects = { ...MEASURED.largeObjects, grants: '2' };
  assert.deepEqual(
    compare(fingerprintFrom(MEASURED), { ...withOwners, largeObjects }, options).differences,
    [],
  );
});

test('the collation is not compared where the server lacks it, but the encoding is', () => {
  const database = { encoding: 'LATIN1', collation: 'C', ctype: 'C' };
  const { differences, compared } = compare(
    fingerprintFrom(MEASURED),
    { ...MEASURED, database },
    { ...EVERYTHING, collation: false },
  );
  assert.deepEqual(differences, [difference('encoding', 'database', 'UTF8', 'LATIN1')]);
  assert.equal(compared.collation, false);
});

test('only rows are compared with a fingerprint of counts', () => {
  const tables = MEASURED.tables.map(({ hash: _hash, ...table }) => table);
  const expected = fingerprintFrom({ ...MEASURED, tables }, { level: 'counts' });
  const { differences, compared } = compare(expected, MEASURED, EVERYTHING);
  assert.deepEqual(differences, []);
  assert.equal(compared.contents, false);
});

test('a server of another major quotes other words, defines in other words and knows other rights', () => {
  const expected = fingerprintFrom({
    ...MEASURED,
    serverMajor: 16,
    inventory: [
      { kind: 'table', name: 'shop."system_user"', definition: '1', owner: 'boss', grants: ['boss=SELECT'] },
    ],
  });
  const found: Measured = {
    ...MEASURED,
    inventory: [
      {
        kind: 'table',
        name: 'shop.system_user',
        definition: '2',
        owner: 'boss',
        grants: ['boss=MAINTAIN*', 'boss=SELECT'],
      },
    ],
  };
  const { differences, compared } = compare(expected, found, EVERYTHING);
  assert.deepEqual(differences, []);
  assert.equal(compared.definitions, false);
  const others = compare(
    expected,
    {
      ...found,
      inventory: [
        { ...found.inventory[0], kind: 'table', name: 'shop.system_user', grants: ['boss=MAINTAIN'] },
      ],
    },
    EVERYTHING,
  );
  assert.deepEqual(
    others.differences.map(({ kind }) => kind),
    ['grants'],
  );
});

test('every new database has the schema public and plpgsql, whatever the source had', () => {
  const expected = fingerprintFrom({ ...MEASURED, inventory: [] });
  const inventory = [
    { kind: 'schema', name: 'public' },
    { kind: 'extension', name: 'plpgsql' },
  ];
  assert.deepEqual(compare(expected, { ...MEASURED, inventory }, EVERYTHING).differences, []);
});

test('names that are alike without their quotes and dots are not mistaken for each other', () => {
  const names = ['"a.b".c', 'a."b.c"', '"a""b".c', 'ab.c', '"A".c', 'a.c', 'a."c d"', 'a."c"" d"'];
  const inventory = names.map((name) => ({ kind: 'table', name, definition: name, owner: 'x' }));
  const tables = [
    ['a.b', 'c'],
    ['a', 'b.c'],
    ['a"b', 'c'],
    ['ab', 'c'],
    ['A', 'c'],
  ].map(([schema = '', name = '']) => ({ schema, name, state: 'counted', rows: 1, hash: '1' }) as const);
  const all: Measured = { ...MEASURED, inventory, tables };
  for (const serverMajor of [17, 18]) {
    for (const [index, { name }] of inventory.entries()) {
      const found = {
        ...all,
        serverMajor,
        inventory: inventory.filter((item) => item.name !== name),
        tables: tables.filter((_table, other) => other !== index),
      };
      assert.deepEqual(compare(fingerprintFrom(all), found, EVERYTHING).differences, [
        difference('missing', `table ${name}`),
      ]);
    }
  }
});

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'select', 'A', 'a.b', 'a"b', '"', '表', 'a b', ''),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
);
const hash = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String);
const tableName = fc.record({ schema: name, name });
const quote = (part: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`;
const counted = fc.record({
  schema: name,
  name,
  state: fc.constant('counted' as const),
  rows: fc.nat(),
  hash,
});
const sequence = fc.record({ schema: name, name, lastValue: hash, isCalled: fc.boolean() });
const item = fc
  .record({
    kind: fc.constantFrom('view', 'function', 'trigger', 'grants'),
    names: tableName,
    definition: hash,
    owner: name,
    grants: fc.uniqueArray(fc.constantFrom('a=SELECT', 'b=SELECT', 'PUBLIC=INSERT', 'a=MAINTAIN'), {
      minLength: 1,
    }),
    comment: hash,
  })
  .map(({ names, ...rest }) => ({ ...rest, name: `${quote(names.schema)}.${quote(names.name)}` }));
const measured: fc.Arbitrary<Measured> = fc
  .record({
    tables: fc.uniqueArray(counted, { selector: qualified, minLength: 1, maxLength: 6 }),
    sequences: fc.uniqueArray(sequence, { selector: qualified, minLength: 1, maxLength: 4 }),
    items: fc.uniqueArray(item, { selector: ({ kind, name }) => kind + name, minLength: 1, maxLength: 8 }),
    largeObjects: fc.record({ count: fc.nat(), hash, owners: hash, grants: hash, comments: hash }),
    database: fc.record({ encoding: name, collation: name, ctype: name, locale: name }),
  })
  .map(({ tables, sequences, items, largeObjects, database }) => ({
    ...{ serverMajor: 17, tables, sequences, database },
    largeObjects: { state: 'counted', ...largeObjects },
    inventory: [
      ...items,
      ...tables.map((table) => ({
        kind: 'table',
        name: qualified(table),
        definition: '1',
        owner: 'a',
        grants: [],
        comment: '1',
      })),
      ...sequences.map((one) => ({
        kind: 'sequence',
        name: qualified(one),
        definition: '1',
        owner: 'a',
        grants: [],
        comment: '1',
      })),
    ],
  }));

test('whatever the order of equal facts is, they are equal', () => {
  fc.assert(
    fc.property(measured, fc.compareBooleanFunc(), (all, _unused) => {
      const turned: Measured = {
        ...all,
        tables: all.tables.toReversed(),
        sequences: all.sequences.toReversed(),
        inventory: all.inventory.toReversed(),
      };
      assert.deepEqual(compare(fingerprintFrom(all), turned, EVERYTHING).differences, []);
    }),
  );
});

/** Each changes one fact of the one at that place. */
type Mutation = (all: Measured, at: number) => Measured;
const changeAt = <T>(list: readonly T[], at: number, change: (one: T) => T | undefined): T[] =>
  list.flatMap((one, index) => {
    const changed = index === at % list.length ? change(one) : one;
    return changed === undefined ? [] : [changed];
  });
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'rows of a table': (all, at) => ({
    ...all,
    tables: changeAt(all.tables, at, (one) => ({ ...one, rows: (one.rows ?? 0) + 1 })),
  }),
  'hash of a table': (all, at) => ({
    ...all,
    tables: changeAt(all.tables, at, (one) => ({ ...one, hash: `${one.hash}1` })),
  }),
  'state of a table': (all, at) => ({
    ...all,
    tables: changeAt(all.tables, at, ({ schema, name }) => ({ schema, name, state: 'unreadable' })),
  }),
  'a table less': (all, at) => ({ ...all, tables: changeAt(all.tables, at, () => undefined) }),
  'a table more': (all) => ({
    ...all,
    tables: [...all.tables, { schema: 'more', name: 'of it', state: 'counted', rows: 0, hash: '0' }],
  }),
  'value of a sequence': (all, at) => ({
    ...all,
    sequences: changeAt(all.sequences, at, (one) => ({ ...one, lastValue: `${one.lastValue}0` })),
  }),
  'call of a sequence': (all, at) => ({
    ...all,
    sequences: changeAt(all.sequences, at, (one) => ({ ...one, isCalled: !one.isCalled })),
  }),
  'a sequence less': (all, at) => ({ ...all, sequences: changeAt(all.sequences, at, () => undefined) }),
  ...Object.fromEntries(
    (['hash', 'owners', 'grants', 'comments'] as const).map((fact) => [
      `${fact} of large objects`,
      (all: Measured) => ({
        ...all,
        largeObjects: { ...all.largeObjects, [fact]: `${all.largeObjects[fact]}1` },
      }),
    ]),
  ),
  'number of large objects': (all) => ({
    ...all,
    largeObjects: { ...all.largeObjects, count: (all.largeObjects.count ?? 0) + 1 },
  }),
  ...Object.fromEntries(
    (['encoding', 'collation', 'ctype', 'locale'] as const).map((fact) => [
      `${fact} of the database`,
      (all: Measured) => ({ ...all, database: { ...all.database, [fact]: `${all.database[fact]}x` } }),
    ]),
  ),
  ...Object.fromEntries(
    (['definition', 'owner', 'comment'] as const).flatMap((fact) => [
      [
        `${fact} of an object`,
        (all: Measured, at: number) => ({
          ...all,
          inventory: changeAt(all.inventory, at, (one) => ({ ...one, [fact]: `${one[fact]}1` })),
        }),
      ],
    ]),
  ),
  'a right of an object more': (all, at) => ({
    ...all,
    inventory: changeAt(all.inventory, at, (one) => ({
      ...one,
      grants: [...(one.grants ?? []), 'c=MAINTAIN'],
    })),
  }),
  'a right of an object less': (all) => ({
    ...all,
    inventory: changeAt(all.inventory, 0, (one) => ({ ...one, grants: one.grants?.slice(1) ?? [] })),
  }),
  'an object less': (all) => ({ ...all, inventory: changeAt(all.inventory, 0, () => undefined) }),
  'an object more': (all) => ({
    ...all,
    inventory: [...all.inventory, { kind: 'policy', name: 'more of it' }],
  }),
};
for (const [what, mutate] of Object.entries(MUTATIONS)) {
  test(`one fact that is another is found: ${what}`, () => {
    fc.assert(
      fc.property(measured, fc.nat(), (all, at) => {
        assert.notEqual(compare(fingerprintFrom(all), mutate(all, at), EVERYTHING).differences.length, 0);
      }),
    );
  });
}
