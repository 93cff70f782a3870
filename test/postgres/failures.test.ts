import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastLines, recogniseFailure, saysDiskFull } from '../../src/postgres/failures.ts';

const TARGET = { host: 'db', port: 5432, user: 'backup', database: 'community' };

/** As psql, pg_dump and pg_dumpall of PostgreSQL 15 to 18 print them. */
const REAL: readonly (readonly [string, string | undefined])[] = [
  [
    'pg_dump: error: connection to server at "127.0.0.1", port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?',
    'CONNECTION_FAILED',
  ],
  [
    'psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: No such file or directory\n\tIs the server running locally and accepting connections on that socket?',
    'CONNECTION_FAILED',
  ],
  [
    'psql: error: could not translate host name "nohost" to address: Name or service not known',
    'CONNECTION_FAILED',
  ],
  [
    'psql: error: connection to server at "db" (10.0.0.9), port 5432 failed: timeout expired',
    'CONNECTION_FAILED',
  ],
  [
    'psql: error: connection to server at "127.0.0.1", port 5432 failed: FATAL:  sorry, too many clients already',
    'CONNECTION_FAILED',
  ],
  [
    'psql: error: connection to server at "127.0.0.1", port 5432 failed: FATAL:  the database system is starting up',
    'CONNECTION_FAILED',
  ],
  [
    'psql: error: connection to server at "127.0.0.1", port 5432 failed: server does not support SSL, but SSL was required',
    'CONNECTION_FAILED',
  ],
  [
    'pg_dump: error: connection to server at "127.0.0.1", port 5432 failed: FATAL:  password authentication failed for user "backup"',
    'AUTHENTICATION_FAILED',
  ],
  [
    'psql: error: connection to server at "127.0.0.1", port 5432 failed: fe_sendauth: no password supplied',
    'AUTHENTICATION_FAILED',
  ],
  [
    'psql: error: connection to server on socket "/tmp/.s.PGSQL.5432" failed: FATAL:  Peer authentication failed for user "backup"',
    'AUTHENTICATION_FAILED',
  ],
  [
    'psql: error: connection to server at "10.0.0.9", port 5432 failed: FATAL:  no pg_hba.conf entry for host "10.0.0.3", user "backup", database "community", no encryption',
    'AUTHENTICATION_FAILED',
  ],
  [
    'psql: error: connection to server at "127.0.0.1", port 5432 failed: FATAL:  role "nobody" does not exist',
    'AUTHENTICATION_FAILED',
  ],
  [
    'psql: error: connection to server at "127.0.0.1", port 5432 failed: FATAL:  role "reader" is not permitted to log in',
    'AUTHENTICATION_FAILED',
  ],
  [
    'psql: error: connection to server at "127.0.0.1", port 5432 failed: FATAL:  database "communty" does not exist',
    'DATABASE_MISSING',
  ],
  [
    'pg_dump: error: Dumping the contents of table "big" failed: PQgetCopyData() failed.\npg_dump: detail: Error message from server: server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.',
    'CONNECTION_LOST',
  ],
  [
    'pg_dump: error: query failed: FATAL:  terminating connection due to administrator command\nSSL connection has been closed unexpectedly',
    'CONNECTION_LOST',
  ],
  ['pg_dump: error: query failed: SSL SYSCALL error: EOF detected', 'CONNECTION_LOST'],
  [
    'pg_dump: error: query failed: FATAL:  terminating connection due to conflict with recovery\nDETAIL:  User query might have needed to see row versions that must be removed.\nserver closed the connection unexpectedly',
    'REPLAY_CONFLICT',
  ],
  ['FATAL:  57P04: breche Verbindung ab wegen Konflikt mit der Wiederherstellung', 'REPLAY_CONFLICT'],
  [
    'pg_dump: error: query failed: could not receive data from server: Connection timed out',
    'CONNECTION_LOST',
  ],
  // With VERBOSITY=verbose the code stands before a text that may be in any language.
  ['FATAL:  28P01: Passwort-Authentifizierung für Benutzer »backup« fehlgeschlagen', 'AUTHENTICATION_FAILED'],
  ['FATAL:  28000: Rolle »backup« existiert nicht', 'AUTHENTICATION_FAILED'],
  ['FATAL:  3D000: Datenbank »communty« existiert nicht', 'DATABASE_MISSING'],
  ['pg_dump: error: could not write to output file: No space left on device', undefined],
  [
    'pg_dump: error: query failed: ERROR:  permission denied for table audit\npg_dump: detail: Query was: LOCK TABLE public.audit IN ACCESS SHARE MODE',
    undefined,
  ],
  ['pg_dump: error: query failed: ERROR:  cache lookup failed for relation 28000', undefined],
  ['pg_dump: error: Dumping the contents of table "log3D000" failed: PQgetResult() failed.', undefined],
  ['pg_dump: error: invalid page in block 28000 of relation base/16384/28001', undefined],
  ['', undefined],
];
for (const [output, code] of REAL) {
  test(`${code ?? 'no known failure'}: ${output.split('\n')[0]?.slice(0, 120)}`, () => {
    const failure = recogniseFailure(output, TARGET);
    assert.equal(failure?.code, code);
    if (!failure) return;
    assert.equal(failure.parameters['database'], 'community');
    assert.match(failure.message, /db:5432/);
  });
}

test('a missing right to connect comes with its GRANT', () => {
  const target = { host: 'db', port: 5432, user: 'back"up', database: 'community' };
  const failure = recogniseFailure(
    'psql: error: FATAL:  permission denied for database "community"\nDETAIL:  User does not have CONNECT privilege.',
    target,
  );
  assert.equal(failure?.code, 'PERMISSION_DENIED');
  assert.equal(failure?.parameters['remedy'], 'GRANT CONNECT ON DATABASE "community" TO "back""up";');
});

test('a full disk and a full quota are told apart from the rest', () => {
  assert.ok(saysDiskFull('pg_dump: error: could not write to output file: No space left on device'));
  assert.ok(saysDiskFull('pg_dumpall: error: could not write: Disk quota exceeded'));
  assert.ok(!saysDiskFull('pg_dump: error: connection refused'));
  assert.ok(
    !saysDiskFull('ERROR:  could not extend file: No space left on device'),
    'the server has a disk of its own',
  );
});

test('of a long output the last four lines are kept, on one line of limited length', () => {
  assert.equal(lastLines('one\n two \n\nthree\nfour\n  five\n'), 'two | three | four | five');
  assert.equal(lastLines(''), '');
  const long = lastLines(`${'word '.repeat(5000)}end`);
  assert.ok(long.length <= 1000 && long.length > 990);
  assert.ok(long.endsWith(' end'));
  assert.equal(lastLines(`${'x'.repeat(5000)} end`), 'end', 'a word is not cut: it could be a secret');
});
