import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PgBackupError } from '../errors.ts';
import { describeOutcome, runCommand } from '../exec.ts';
import { createPrivateFile } from '../files/durable-files.ts';
import { diskFull, freeBytes, onDisk } from '../files/storage-error.ts';
import type { Client } from '../postgres/clients.ts';
import { conninfo } from '../postgres/connection.ts';
import { lastLines, recogniseFailure, saysDiskFull } from '../postgres/failures.ts';
import { quoteIdentifier } from '../postgres/identifier.ts';
import { mayReadPasswords } from '../postgres/server.ts';
import type { DatabaseAccess } from './database-access.ts';

const LAST_LINE = '-- PostgreSQL database cluster dump complete';
const TAIL_BYTES = 1024;

/**
 * Writes roles and tablespaces to `file`, which must not exist; without role passwords where the user may not read them.
 * @throws PgBackupError GLOBALS_DENIED with the right that is missing, or what else failed.
 */
export async function dumpGlobals(
  access: DatabaseAccess,
  client: Client,
  file: string,
): Promise<'with passwords' | 'without passwords'> {
  const { signal } = access;
  const withPasswords = await mayReadPasswords(access.session);
  await createPrivateFile(file);
  const result = await runCommand({
    file: client.pgDumpall,
    args: [
      ...[
        '--globals-only',
        '--no-password',
        `--file=${file}`,
        ...(withPasswords ? [] : ['--no-role-passwords']),
      ],
      // pg_dumpall takes the server from the one and the database from the other (its manual page, --dbname).
      `--dbname=${access.connectionString}`,
      `--database=${conninfo({ dbname: access.target.database })}`,
    ],
    environment: access.environment,
    signal,
    onErrorLine: (line) => access.onToolLine('pg_dumpall', line),
  });
  signal.throwIfAborted();
  if (result.exitCode !== 0) {
    if (saysDiskFull(result.stderr)) throw diskFull(file);
    throw (
      recogniseFailure(result.stderr, access.target) ??
      deniedRight(result.stderr, access.target.user) ??
      new PgBackupError('GLOBALS_FAILED', {
        outcome: describeOutcome(result),
        detail: lastLines(result.stderr),
      })
    );
  }
  if (!(await tailOf(file)).includes(LAST_LINE)) {
    // pg_dumpall does not notice a write that failed.
    if (freeBytes(dirname(file)) === 0) throw diskFull(file);
    throw new PgBackupError('GLOBALS_FAILED', { outcome: 'exit code 0', detail: `${file} is not complete` });
  }
  return withPasswords ? 'with passwords' : 'without passwords';
}

function deniedRight(stderr: string, user: string): PgBackupError | undefined {
  const [detail, kind, object] = /permission denied for (\w+) (\S+)/.exec(stderr) ?? [];
  if (detail === undefined || kind === undefined || object === undefined) return undefined;
  const role = quoteIdentifier(user);
  const remedy =
    kind === 'function'
      ? `GRANT EXECUTE ON FUNCTION pg_catalog.${object} TO ${role};`
      : `GRANT SELECT ON pg_catalog.${object} TO ${role};`;
  return new PgBackupError('GLOBALS_DENIED', { user, detail, remedy });
}

async function tailOf(file: string): Promise<string> {
  return onDisk(file, async () => {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const position = Math.max(0, size - TAIL_BYTES);
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(TAIL_BYTES), position });
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  });
}
