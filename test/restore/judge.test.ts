import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BackupContext } from '../../src/backup/context.ts';
import { PgBackupError } from '../../src/errors.ts';
import { judge } from '../../src/restore/judge.ts';
import { collectRestoreMessages } from '../../src/restore/restore-messages.ts';

const WARNING = 'pg_restore: WARNING:  wal_level is insufficient to publish logical changes';

describe('of a restore in one transaction', () => {
  test('an error is the reason, and no warning before it', () => {
    const stderr = [
      'psql:<stdin>:9: WARNING:  wal_level is insufficient to publish logical changes',
      'psql:<stdin>:88: ERROR:  duplicate key value violates unique constraint "key"',
      'DETAIL:  Key (name)=(secret) already exists.',
      'CONTEXT:  COPY t, line 1: "secret"',
    ].join('\n');
    const error = failure([WARNING], { exitCode: 3, stderr }, true);
    assert.equal(
      error?.parameters['detail'],
      'exit code 3: psql:<stdin>:88: ERROR:  duplicate key value violates unique constraint "key"',
    );
  });

  test('only the end of it is a success, whatever psql said before', () => {
    assert.ok(failure([WARNING], { exitCode: undefined, stderr: '' }, true));
    assert.equal(failure([WARNING], { exitCode: 0, stderr: '' }, true), undefined);
  });
});

describe('of a restore into a new database', () => {
  test('all faults are counted and the first ones named', () => {
    const lines = [1, 2, 3, 4, 5].flatMap((number) => [
      `pg_restore: error: could not execute query: ERROR:  no ${number}`,
      `Command was: CREATE TABLE t${number} ();`,
    ]);
    lines.push('pg_restore: warning: errors ignored on restore: 5');
    const error = failure(lines, { exitCode: 1, stderr: '' }, false);
    assert.match(
      error?.message ?? '',
      /failed: CREATE TABLE t1 \(\);: ERROR: {2}no 1 \| .*no 3 \(and 2 more\)/,
    );
  });

  test('a cut end is the reason although something lesser is known as well', () => {
    const lines = ['pg_restore: error: could not execute query: ERROR:  no', 'Command was: GRANT x TO y;'];
    const stderr = `${lines.join('\n')}\npg_restore: creating TABLE "x"\npg_restore: error: out of memory\n`;
    assert.equal(
      failure(lines, { exitCode: undefined, signal: 'SIGKILL', stderr }, false)?.parameters['detail'],
      'killed by SIGKILL: pg_restore: error: could not execute query: ERROR:  no | pg_restore: error: out of memory',
    );
  });
});

/** What judging throws, if anything. */
function failure(
  lines: readonly string[],
  result: { readonly exitCode: number | undefined; readonly signal?: string; readonly stderr: string },
  inOneTransaction: boolean,
): PgBackupError | undefined {
  const messages = collectRestoreMessages();
  for (const line of lines) messages.add(line);
  const context = { log: () => {} } as unknown as BackupContext;
  try {
    const whole = { signal: undefined, stdout: '', ...result };
    judge(context, { result: whole, messages }, { database: 'shop', inOneTransaction });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof PgBackupError && error.code === 'RESTORE_FAILED');
    return error;
  }
}
