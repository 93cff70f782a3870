import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeDatabaseName, parseRunName, runName } from '../../src/backup/run-name.ts';
import { filesOfRun, layoutOf } from '../../src/files/layout.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const startedAt = new Date('2025-10-11T18:00:00Z');

const HOSTILE = [
  '/',
  '..',
  '.',
  '-f',
  "'",
  '"',
  '\\',
  '%',
  '%2F',
  '$(x)',
  '\n',
  ' ',
  '*',
  '_',
  '社',
  'é',
  '𠀀',
  '😀',
  'e\u0301',
];
/** Any name that PostgreSQL takes: 1 to 63 bytes of UTF-8 without NUL (manual, 4.1.1). */
const databaseName = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 63 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 63 }),
    fc.string({ unit: fc.constantFrom(...HOSTILE, 'a', '1'), minLength: 1, maxLength: 63 }),
    fc.constantFrom('a', '😀', '/', '%').map((unit) => unit.repeat(63 / Buffer.byteLength(unit))),
  )
  .map((text) => text.replaceAll('\0', '0'))
  .filter((text) => Buffer.byteLength(text) <= 63 && text.isWellFormed());
const hostname = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'ab1-._é/ '), maxLength: 70 }),
  fc.constant('pod-'.repeat(15)),
);

test('a run name is the one of the contract', () => {
  assert.equal(
    runName({ database: 'community', startedAt, host: 'db01.example.com' }),
    'community_20251011T180000Z_db01',
  );
});

test('the database and the time can be read from the name again, whatever they are', () => {
  fc.assert(
    fc.property(
      databaseName,
      fc.date({ min: new Date('1970-01-01'), max: new Date('2999-12-31'), noInvalidDate: true }),
      hostname,
      (database, date, host) => {
        const parsed = parseRunName(runName({ database, startedAt: date, host }));
        assert.equal(parsed?.database, database);
        assert.equal(parsed.startedAt.getTime(), Math.floor(date.getTime() / 1000) * 1000);
      },
    ),
    { numRuns: 2000 },
  );
});

test('every file of a run is a plain visible name of at most 255 bytes in its own directory', () => {
  const layout = layoutOf('/base');
  fc.assert(
    fc.property(databaseName, hostname, (database, host) => {
      const run = runName({ database, startedAt, host });
      assert.match(run, /^[^./\0-][^/\0]*$/);
      for (const path of Object.values(filesOfRun(layout, run))) {
        assert.match(path, /^\/base\/(?:data|reports|records)\/[^/]+$/);
        // While a report is written, its name has a dot and up to ten digits behind it.
        const longest = path.endsWith('.json') ? `${path}.4294967295` : path;
        assert.ok(Buffer.byteLength(basename(longest)) <= 255, longest);
      }
    }),
    { numRuns: 2000 },
  );
});

test('different databases have different names', () => {
  fc.assert(
    fc.property(databaseName, databaseName, (a, b) => {
      fc.pre(a !== b);
      assert.notEqual(encodeDatabaseName(a), encodeDatabaseName(b));
      const host = 'db01';
      assert.notEqual(runName({ database: a, startedAt, host }), runName({ database: b, startedAt, host }));
    }),
  );
});

test('a name that looks like a run name inside a database name confuses nothing', () => {
  const database = 'a_20200101T000000Z_db01';
  const name = runName({ database, startedAt, host: 'h' });
  assert.deepEqual(parseRunName(name), { database, startedAt, host: 'h' });
});

test('the file system takes the longest and strangest names', (t) => {
  const directory = temporaryDirectory(t);
  for (const database of ['😀'.repeat(15), '/'.repeat(63), '社'.repeat(21), '..', '-rf', 'a\'b"c']) {
    const run = runName({ database, startedAt, host: 'h'.repeat(63) });
    for (const path of Object.values(filesOfRun(layoutOf('/base'), run))) {
      writeFileSync(join(directory, basename(path)), '');
    }
  }
});

test('names stay readable where they can: letters of any script, digits, underscore, inner dots and dashes', () => {
  assert.equal(encodeDatabaseName('app-db.v2_社区'), 'app-db.v2_社区');
  assert.equal(encodeDatabaseName('a b'), 'a%20b');
  assert.equal(encodeDatabaseName('../etc'), '%2E.%2Fetc');
  assert.equal(encodeDatabaseName('-f'), '%2Df');
  assert.equal(encodeDatabaseName('50%'), '50%25');
});

test('a host name is short, plain and never empty', () => {
  const hostOf = (host: string): string | undefined =>
    parseRunName(runName({ database: 'd', startedAt, host }))?.host;
  assert.equal(hostOf('db01.example.com'), 'db01');
  assert.equal(hostOf('my_host é'), 'my-host--');
  assert.equal(hostOf(''), 'host');
  assert.equal(hostOf('.local'), 'host');
});

test('a name that no run of ours can have is not read as one', () => {
  for (const name of [
    'community.dump',
    'community_20251011T180000Z',
    'community_20251011T180000Z_',
    '_20251011T180000Z_db01',
    'community_20251011_db01',
    'community_20251311T180000Z_db01',
    'community_20251011T250000Z_db01',
    'a b_20251011T180000Z_db01',
    'a%2_20251011T180000Z_db01',
    'a%2e_20251011T180000Z_db01',
    'a%FF_20251011T180000Z_db01',
    'community_20251011T180000Z_db01.json',
    'community_20251011T180000Z_db01\n',
    '',
  ]) {
    assert.equal(parseRunName(name), undefined, JSON.stringify(name));
  }
});
