import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  clientEnvironment,
  connectionString,
  conninfo,
  ignoredVariables,
  passfileText,
} from '../../src/postgres/connection.ts';
import { clientDirectories, missing } from '../harness/parts.ts';

const hostile = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.string({ unit: fc.constantFrom(...`'"\\ =:/-@?&%$(){}abc社`, '\t', '\n', ' host=evil'), minLength: 1 }),
);

test('any value in a connection string is read back as it is, and is never another parameter', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('host', 'user', 'dbname', 'port'), hostile), (values) => {
      assert.deepEqual({ ...parseAsLibpq(conninfo(values)) }, { ...values });
    }),
    { numRuns: 1000 },
  );
});

test('a connection string names whom to connect to and notices a dead peer, but never a password', () => {
  const text = connectionString(
    { host: 'db', port: 5433, user: "o'b", database: 'postgresql://evil/x?host=y' },
    'us',
  );
  assert.deepEqual(
    { ...parseAsLibpq(text) },
    {
      host: 'db',
      port: '5433',
      user: "o'b",
      dbname: 'postgresql://evil/x?host=y',
      application_name: 'us',
      keepalives_idle: '30',
      keepalives_interval: '10',
      keepalives_count: '3',
    },
  );
});

const skip = missing('postgres-client-15');

test('the real libpq reads a quoted value as we mean it', { skip }, () => {
  const psql = join(clientDirectories().get(15) ?? '', 'psql');
  for (const name of [
    "it's",
    'back\\slash',
    'two words',
    "' host=evil '",
    'a=b',
    '社区',
    "\\'",
    '-f',
    '"quoted"',
  ]) {
    const { stderr } = spawnSync(
      psql,
      ['--no-psqlrc', `--dbname=${conninfo({ host: `/nowhere/${name}` })}`],
      {
        encoding: 'utf8',
        env: { LC_ALL: 'C' },
      },
    );
    assert.ok(
      stderr.includes(`connection to server on socket "/nowhere/${name}/.s.PGSQL.5432" failed`),
      stderr,
    );
  }
});

test('a passfile holds any password: colons and backslashes are escaped', () => {
  assert.equal(passfileText('pa:ss\\w"o\'rd #'), '*:*:*:*:pa\\:ss\\\\w"o\'rd #\n');
});

test('a client gets what secures a connection, English messages, and nothing that leads elsewhere', () => {
  const child = clientEnvironment(
    {
      PATH: '/bin',
      HOME: '/home/x',
      LC_ALL: 'zh_CN.UTF-8',
      LANG: 'zh_CN.UTF-8',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: '/ca.pem',
      PGPASSFILE: '/home/x/.pgpass',
      PGCONNECT_TIMEOUT: '5',
      PGHOST: 'evil',
      PGHOSTADDR: '6.6.6.6',
      PGPORT: '1',
      PGDATABASE: 'evil',
      PGUSER: 'evil',
      PGSERVICE: 'evil',
      PGOPTIONS: '-c row_security=on',
      PGCLIENTENCODING: 'LATIN1',
      PGPASSWORD: 'canary',
      OSS_ACCESS_KEY_SECRET: 'canary',
      LD_PRELOAD: '/evil.so',
      PGSSLCRL: '',
    },
    undefined,
  );
  assert.deepEqual(child, {
    LC_ALL: 'C',
    PATH: '/bin',
    HOME: '/home/x',
    PGPASSFILE: '/home/x/.pgpass',
    PGCONNECT_TIMEOUT: '5',
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: '/ca.pem',
  });
});

test("the run's own passfile goes before the user's", () => {
  assert.equal(clientEnvironment({ PGPASSFILE: '/theirs' }, '/ours')['PGPASSFILE'], '/ours');
});

test('the variables that are not passed on are told, those of others and unset ones are not', () => {
  assert.deepEqual(
    ignoredVariables({ PGHOST: 'x', PGSERVICE: 'y', PGSSLMODE: 'z', PGPORT: '', PATH: '/bin' }),
    ['PGHOST', 'PGSERVICE'],
  );
});

/** conninfo_parse of libpq (fe-connect.c), for quoted values. */
function parseAsLibpq(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const [all, key, quoted] =
      /^(\w+)='((?:[^'\\]|\\[\s\S])*)'(?: |$)/.exec(rest) ?? assert.fail(`left over: ${rest}`);
    values[key ?? ''] = (quoted ?? '').replaceAll(/\\([\s\S])/g, '$1');
    rest = rest.slice(all.length);
  }
  return values;
}
