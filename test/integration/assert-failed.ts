import assert from 'node:assert/strict';
import type { PgBackupResult } from '../harness/pg-backup.ts';
import type { Installation } from './installation.ts';

/** The first run of an installation failed as it should, left nothing behind, and says so in its report and its log. */
export function assertFailed(
  here: Installation,
  result: PgBackupResult,
  exitCode: number,
  message: RegExp,
): void {
  assert.equal(result.exitCode, exitCode, result.stderr);
  assert.deepEqual(here.files(), []);
  assert.deepEqual(here.leftovers(), []);
  assert.equal(here.reports().length, 1);
  const { report, record } = here.newest();
  assert.equal(report.status, 'FAILED');
  assert.match(report.errorMessage, message);
  assert.equal(record.error?.exitCode, exitCode);
  // The log tells the same to whoever looks there first.
  assert.ok(here.log().includes(`[${record.error.code}] ${record.error.message}`));
}
