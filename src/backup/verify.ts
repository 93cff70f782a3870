import { PgBackupError } from '../errors.ts';
import { describeOutcome, runCommand } from '../exec.ts';
import type { Client } from '../postgres/clients.ts';
import { lastLines } from '../postgres/failures.ts';

/**
 * Reads a whole archive back with pg_restore, every data item included (`--list` would read the table of contents alone).
 * @throws PgBackupError ARCHIVE_DAMAGED
 */
export async function verifyArchive(
  client: Client,
  file: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const result = await runCommand({
    file: client.pgRestore,
    args: ['--file=/dev/null', file],
    environment,
    signal,
  });
  signal.throwIfAborted();
  if (result.exitCode === 0 && !/error:/.test(result.stderr)) return;
  throw new PgBackupError('ARCHIVE_DAMAGED', {
    outcome: describeOutcome(result),
    detail: lastLines(result.stderr),
  });
}
