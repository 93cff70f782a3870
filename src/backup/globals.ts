import { createReadStream } from 'node:fs';
import { dirname } from 'node:path';
import { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Encryption } from '../encryption/encryption.ts';
import { PgBackupError } from '../errors.ts';
import { type Command, type CommandResult, describeOutcome, runCommand } from '../exec.ts';
import { createPrivateFile } from '../files/durable-files.ts';
import { diskFull, freeBytes, onDisk } from '../files/storage-error.ts';
import type { Client } from '../postgres/clients.ts';
import { conninfo } from '../postgres/connection.ts';
import { lastLines, recogniseFailure, saysDiskFull } from '../postgres/failures.ts';
import { quoteIdentifier } from '../postgres/identifier.ts';
import { mayReadPasswords } from '../postgres/server.ts';
import type { DatabaseAccess } from './database-access.ts';
import { encryptOutput } from './encrypt-output.ts';

const LAST_LINE = '-- PostgreSQL database cluster dump complete';
const TAIL_BYTES = 1024;

/**
 * Writes roles and tablespaces to `file`, which must not exist; without role passwords where the user may not read them. Encrypted before
 * they touch the disk, where there is an encryption.
 * @throws PgBackupError GLOBALS_DENIED with the right that is missing, or what else failed.
 */
export async function dumpGlobals(
  access: DatabaseAccess,
  client: Client,
  file: string,
  encryption?: Encryption,
): Promise<'with passwords' | 'without passwords'> {
  const withPasswords = await mayReadPasswords(access.session);
  const command = {
    file: client.pgDumpall,
    args: [
      ...['--globals-only', '--no-password'],
      ...(withPasswords ? [] : ['--no-role-passwords']),
      ...(encryption ? [] : [`--file=${file}`]),
      // pg_dumpall takes the server from the one and the database from the other (its manual page, --dbname).
      `--dbname=${access.connectionString}`,
      `--database=${conninfo({ dbname: access.target.database })}`,
    ],
    // It would write times as the database or the role is set to.
    environment: { ...access.environment, PGDATESTYLE: 'ISO', PGTZ: 'UTC' },
    signal: access.signal,
    onErrorLine: (line: string) => access.onToolLine('pg_dumpall', line),
  };
  if (encryption) {
    const failure = (result: CommandResult) => explainFailure(access, result);
    await encryptOutput(command, file, { encryption, failure, inspect: refuseIncomplete(file) });
  } else {
    await writeGlobals(access, command, file);
  }
  return withPasswords ? 'with passwords' : 'without passwords';
}

async function writeGlobals(access: DatabaseAccess, command: Command, file: string): Promise<void> {
  await createPrivateFile(file);
  const result = await runCommand(command);
  access.signal.throwIfAborted();
  if (result.exitCode !== 0 && saysDiskFull(result.stderr)) throw diskFull(file);
  const failure = explainFailure(access, result);
  if (failure) throw failure;
  try {
    const nowhere = new Writable({ write: (_chunk, _encoding, callback) => callback() });
    await onDisk(file, () => pipeline(createReadStream(file), refuseIncomplete(file), nowhere));
  } catch (error) {
    // pg_dumpall does not notice a write that failed.
    throw freeBytes(dirname(file)) === 0 ? diskFull(file, error) : error;
  }
}

function explainFailure(access: DatabaseAccess, result: CommandResult): PgBackupError | undefined {
  if (result.exitCode === 0) return undefined;
  return (
    recogniseFailure(result.stderr, access.target) ??
    deniedRight(result.stderr, access.target.user) ??
    new PgBackupError('GLOBALS_FAILED', {
      outcome: describeOutcome(result),
      detail: lastLines(result.stderr),
    })
  );
}

function incomplete(file: string): PgBackupError {
  return new PgBackupError('GLOBALS_FAILED', {
    outcome: { en: 'exit code 0', zh: '退出码 0' },
    detail: { en: `${file} is not complete`, zh: `${file} 不完整` },
  });
}

/** Passes the plain text on and fails at its end where that is not the end of the globals. */
function refuseIncomplete(file: string): Transform {
  let tail = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
      callback(null, chunk);
    },
    flush(callback) {
      callback(tail.includes(LAST_LINE) ? null : incomplete(file));
    },
  });
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
