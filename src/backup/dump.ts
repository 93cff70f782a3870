import { statSync } from 'node:fs';
import type { Toc } from '../archive/toc.ts';
import { tocTap, watchToc } from '../archive/watch-toc.ts';
import { compressArgument, neededClientMajor, parseCompression } from '../config/compression.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { PgBackupError } from '../errors.ts';
import { type Command, type CommandResult, describeOutcome, runCommand } from '../exec.ts';
import { createPrivateFile, removeFiles } from '../files/durable-files.ts';
import { diskFull } from '../files/storage-error.ts';
import type { Client } from '../postgres/clients.ts';
import { lastLines, recogniseFailure, saysDiskFull } from '../postgres/failures.ts';
import { missingRights } from '../postgres/permissions.ts';
import type { DatabaseAccess } from './database-access.ts';
import { encryptOutput } from './encrypt-output.ts';

const NAMED_OBJECTS = 5;
/** pg_dump names the statement that failed, whatever language the server speaks: a balancer led it to another server. */
const NO_SNAPSHOT = /SET TRANSACTION SNAPSHOT/;
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
    /** Another session's, to be shared. */
    readonly snapshot?: string | undefined;
    /** Ends that session, before a dump without its snapshot is taken. */
    readonly giveUpSnapshot?: (() => Promise<void>) | undefined;
    /** Told the table of contents as soon as it is written, long before the data is. */
    readonly onToc?: ((toc: Toc) => void) | undefined;
  },
): Promise<'with snapshot' | 'without snapshot'> {
  const { snapshot, giveUpSnapshot, onToc: _onToc, ...others } = options;
  if (snapshot !== undefined) {
    if (await tryDump(access, client, file, options)) return 'with snapshot';
    await giveUpSnapshot?.();
  }
  await tryDump(access, client, file, others);
  return 'without snapshot';
}

/**
 * Resolves with false where the server that pg_dump reached does not know the snapshot, or lets nobody in beside the session that holds it:
 * nothing was dumped then, and `file` is gone again.
 */
async function tryDump(
  access: DatabaseAccess,
  client: Client,
  file: string,
  options: Parameters<typeof dumpDatabase>[3],
): Promise<boolean> {
  const { compression, extraOptions, encryption, snapshot, onToc } = options;
  const { signal } = access;
  const command = {
    file: client.pgDump,
    args: [
      ...(snapshot === undefined ? [] : [`--snapshot=${snapshot}`]),
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
  let isSnapshotUseless = false;
  const failure = async (result: CommandResult): Promise<Error | undefined> => {
    isSnapshotUseless =
      snapshot !== undefined &&
      (NO_SNAPSHOT.test(result.stderr) ||
        recogniseFailure(result.stderr, access.target)?.code === 'CONNECTION_FAILED');
    if (result.exitCode !== 0 && !encryption && saysDiskFull(result.stderr)) return diskFull(file);
    return explainFailure(access, result);
  };
  try {
    if (encryption) {
      await encryptOutput(command, file, {
        encryption,
        failure,
        ...(onToc ? { inspect: tocTap(onToc) } : {}),
      });
    } else {
      await writeDump(command, file, failure, onToc);
    }
    return true;
  } catch (error) {
    if (!isSnapshotUseless) throw error;
    await removeFiles([file]);
    return false;
  }
}

async function writeDump(
  command: Command & { readonly signal: AbortSignal },
  file: string,
  failure: (result: CommandResult) => Promise<Error | undefined>,
  onToc: ((toc: Toc) => void) | undefined,
): Promise<void> {
  await createPrivateFile(file);
  const watch = onToc && watchToc(file, onToc);
  try {
    const result = await runCommand(command);
    command.signal.throwIfAborted();
    const error = await failure(result);
    if (error) throw error;
  } finally {
    await watch?.end();
  }
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
