import { statSync } from 'node:fs';
import { compressArgument, neededClientMajor, parseCompression } from '../config/compression.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { PgBackupError } from '../errors.ts';
import { type CommandResult, describeOutcome, runCommand } from '../exec.ts';
import { createPrivateFile } from '../files/durable-files.ts';
import { diskFull } from '../files/storage-error.ts';
import type { Client } from '../postgres/clients.ts';
import { lastLines, recogniseFailure, saysDiskFull } from '../postgres/failures.ts';
import { missingRights } from '../postgres/permissions.ts';
import type { DatabaseAccess } from './database-access.ts';
import { encryptOutput } from './encrypt-output.ts';

const NAMED_OBJECTS = 5;
/** A server may speak another language than English. */
const MAY_BE_RIGHTS = /permission denied|row-level security|[^\u0000-\u007f]/;

/**
 * Writes the database's custom-format archive to `file`, which must not exist, readable for this user alone; encrypted before it touches
 * the disk, where there is an encryption.
 * @throws PgBackupError that names what failed: rights with their GRANT, the connection, the disk, the encryption, or pg_dump itself.
 */
export async function dumpDatabase(
  access: DatabaseAccess,
  client: Client,
  file: string,
  options: {
    readonly compression: string;
    readonly extraOptions: readonly string[];
    readonly encryption?: Encryption | undefined;
  },
): Promise<void> {
  const { compression, extraOptions, encryption } = options;
  const { signal } = access;
  const command = {
    file: client.pgDump,
    args: [
      '--format=custom',
      `--compress=${compressArgument(parseCompression(compression), client.major)}`,
      ...(encryption ? [] : [`--file=${file}`]),
      ...['--no-password', `--dbname=${access.connectionString}`],
      ...extraOptions,
    ],
    environment: access.environment,
    signal,
    onErrorLine: (line: string) => access.onToolLine('pg_dump', line),
  };
  if (encryption) {
    await encryptOutput(command, file, { encryption, failure: (result) => explainFailure(access, result) });
    return;
  }
  await createPrivateFile(file);
  const result = await runCommand(command);
  signal.throwIfAborted();
  if (result.exitCode !== 0 && saysDiskFull(result.stderr)) throw diskFull(file);
  const failure = await explainFailure(access, result);
  if (failure) throw failure;
}

/** @throws PgBackupError COMPRESSION_UNSUPPORTED */
export function checkCompression(compression: string, client: Client): void {
  const neededMajor = neededClientMajor(parseCompression(compression));
  if (client.major >= neededMajor) return;
  throw new PgBackupError('COMPRESSION_UNSUPPORTED', {
    compression,
    neededMajor,
    clientVersion: client.version,
  });
}

/** The bytes that a file holds so far; 0 while there is none. */
export function fileSizeBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

async function explainFailure(
  access: DatabaseAccess,
  result: CommandResult,
): Promise<PgBackupError | undefined> {
  if (result.exitCode === 0) return undefined;
  return (
    recogniseFailure(result.stderr, access.target) ??
    (MAY_BE_RIGHTS.test(result.stderr) ? await explainByRights(access) : undefined) ??
    new PgBackupError('DUMP_FAILED', { outcome: describeOutcome(result), detail: lastLines(result.stderr) })
  );
}

/** Asks the server instead of reading pg_dump's text: that may be in any language. */
async function explainByRights(access: DatabaseAccess): Promise<PgBackupError | undefined> {
  const missing = await missingRights(access.session).catch(() => []);
  if (missing.length === 0) return undefined;
  const named = missing.slice(0, NAMED_OBJECTS);
  const more = missing.length > named.length ? ` (+${missing.length - named.length})` : '';
  return new PgBackupError('PERMISSION_DENIED', {
    user: access.target.user,
    database: access.target.database,
    objects: named.map(({ object }) => object).join(', ') + more,
    remedy: named.map(({ remedy }) => remedy).join(' ') + more,
  });
}
