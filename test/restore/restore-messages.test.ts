import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { collectRestoreMessages, type RestoreMessages } from '../../src/restore/restore-messages.ts';

describe('what pg_restore could not do', () => {
  for (const [command, expected] of [
    ['ALTER TABLE public.t OWNER TO keeper;', 'lesser'],
    ['ALTER TABLE public."a b" OWNER TO "the keeper";', 'lesser'],
    ["ALTER TABLE ONLY public.t ALTER COLUMN c SET DEFAULT ' OWNER TO x';", 'fault'],
    ['ALTER TABLE ONLY public.t', 'fault'],
    ['GRANT SELECT ON TABLE public.t TO reader;', 'lesser'],
    ['REVOKE ALL ON TABLE public.t FROM reader;', 'lesser'],
    ['ALTER DEFAULT PRIVILEGES FOR ROLE x GRANT SELECT ON TABLES TO y;', 'lesser'],
    ["COMMENT ON TABLE public.t IS 'x';", 'lesser'],
    ["COMMENT ON EXTENSION hstore IS 'x';", 'harmless'],
    ['CREATE PUBLICATION p FOR ALL TABLES;', 'lesser'],
    ['CREATE EVENT TRIGGER e ON ddl_command_end', 'lesser'],
    ['SET transaction_timeout = 0;', 'harmless'],
    ['SET default_tablespace = fast;', 'lesser'],
    ['SET default_table_access_method = columnar;', 'lesser'],
    ["SET client_encoding = 'X';", 'fault'],
    ['SET row_security = off;', 'fault'],
    ['CREATE TABLE public.t (', 'fault'],
    ['CREATE POLICY p ON public.t USING (true);', 'fault'],
    ['CREATE TRIGGER t BEFORE UPDATE ON public.t', 'fault'],
  ] as const) {
    test(`is ${expected} for ${command}`, () => {
      const messages = heard(
        'pg_restore: from TOC entry 215; 1255 17933 SOME THING owner',
        'pg_restore: error: could not execute query: ERROR:  no',
        `Command was: ${command}`,
        '    and more of it;',
        '',
      );
      assert.deepEqual(messages.problems(), [
        { class: expected, object: 'SOME THING owner', message: 'ERROR:  no' },
      ]);
      assert.deepEqual(messages.counts(), { harmless: 0, lesser: 0, fault: 0, [expected]: 1 });
    });
  }

  test('is a fault where it says of no command: rows, or a worker that died', () => {
    const messages = heard(
      'pg_restore: error: COPY failed for table "t": ERROR:  no',
      'DETAIL:  Key (id)=(secret) is there.',
      'pg_restore: error: a worker process died unexpectedly',
    );
    assert.equal(messages.counts().fault, 2);
    assert.doesNotMatch(JSON.stringify(messages.problems()), /secret/);
  });

  test('is a fault where the lines of two workers are mixed up', () => {
    assert.equal(
      heard('pg_restore: pg_restore: error: error: could not execute query: ERROR:  no').counts().fault,
      1,
    );
    assert.equal(heard('pg_restore: creating ACL "x"pg_restore: error: could not').counts().fault, 1);
  });

  test('is told by a warning where the server refuses a right without an error', () => {
    const messages = heard(
      'pg_restore: creating ACL "SCHEMA public"',
      'pg_restore: WARNING:  no privileges were granted for "public"',
      'pg_restore: WARNING:  not all privileges could be revoked for "x"',
      'pg_restore: WARNING:  wal_level is insufficient to publish logical changes',
    );
    assert.deepEqual(messages.counts(), { harmless: 1, lesser: 2, fault: 0 });
    assert.ok(messages.explain({ exitCode: 0 }));
  });

  test('is kept for the first ones, and counted for all', () => {
    const messages = collectRestoreMessages();
    for (let index = 0; index < 500; index += 1) messages.add('pg_restore: error: x');
    assert.equal(messages.counts().fault, 500);
    assert.equal(messages.problems().length, 200);
  });
});

describe('an exit code of pg_restore', () => {
  const failed = ['pg_restore: error: could not execute query: ERROR:  no', 'Command was: GRANT x TO y;'];
  for (const [what, lines, exitCode, isExplained] of [
    ['0 needs no explanation', [], 0, true],
    [
      '1 is explained by what it went on after',
      [...failed, 'pg_restore: warning: errors ignored on restore: 1'],
      1,
      true,
    ],
    [
      '1 is explained where a worker counted as well',
      [...failed, 'pg_restore: warning: errors ignored on restore: 2'],
      1,
      true,
    ],
    ['1 is not explained where it did not come to its end', failed, 1, false],
    [
      '1 is not explained where more failed than was understood',
      [...failed, 'pg_restore: warning: errors ignored on restore: 3'],
      1,
      false,
    ],
    ['1 is not explained by nothing', ['pg_restore: warning: errors ignored on restore: 1'], 1, false],
    [
      'of another number is not explained',
      [...failed, 'pg_restore: warning: errors ignored on restore: 1'],
      3,
      false,
    ],
    [
      'that there is none of, because of a signal, is not explained',
      [...failed, 'pg_restore: warning: errors ignored on restore: 1'],
      undefined,
      false,
    ],
  ] as const) {
    test(what, () => assert.equal(heard(...lines).explain({ exitCode }), isExplained));
  }
});

function heard(...lines: string[]): RestoreMessages {
  const messages = collectRestoreMessages();
  for (const line of lines) messages.add(line);
  return messages;
}
