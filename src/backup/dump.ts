import { statSync } from 'node:fs';
import type { Toc } from '../archive/toc.ts';
import { tocTap, watchToc } from '../archive/watch-toc.ts';
import { compressArgument, neededClientMajor, parseCompression } from '../config/compression.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { PgBackupError } from '../errors.ts';
import { type Command, type CommandResult, runCommand } from '../exec.ts';
import { createPrivateFile, removeFiles } from '../files/durable-files.ts';
import { diskFull } from '../files/storage-error.ts';
import type { Client } from '../postgres/clients.ts';
import { recogniseFailure, saysDiskFull } from '../postgres/failures.ts';
import type { LockWait } from '../postgres/lock-waits.ts';
import type { DatabaseAccess } from './database-access.ts';
import { type DumpWatch, watchDump } from './dump-failure.ts';
import { encryptOutput } from './encrypt-output.ts';

/** pg_dump names the statement that failed, whatever language the server speaks: a balancer led it to another server. */
const NO_SNAPSHOT = /SET TRANSACTION SNAPSHOT/;

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
    /** How long pg_dump waits for the locks of all tables; `extraOptions` may say otherwise. */
    readonly lockWaitSeconds?: number | undefined;
    /** Told once of each lock that it waits for. */
    readonly onLockWait?: ((wait: LockWait) => void) | undefined;
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
  const lockWaitSeconds = lockWait(options);
  const watch = await watchDump(access, { lockWaitSeconds, onLockWait: options.onLockWait });
  try {
    if (snapshot !== undefined) {
      if (await tryDump(access, client, file, options, watch)) return 'with snapshot';
      await giveUpSnapshot?.();
    }
    await tryDump(access, client, file, others, watch);
    return 'without snapshot';
  } finally {
    watch.end();
  }
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
  watch: DumpWatch,
): Promise<boolean> {
  const { compression, extraOptions, lockWaitSeconds, encryption, snapshot, onToc } = options;
  const { signal } = access;
  const command = {
    file: client.pgDump,
    args: [
      ...(snapshot === undefined ? [] : [`--snapshot=${snapshot}`]),
      ...(lockWaitSeconds === undefined ? [] : [`--lock-wait-timeout=${lockWaitSeconds * 1000}`]),
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
    return watch.explain(result);
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

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  '': 0.001,
  ms: 0.001,
  s: 1,
  min: 60,
  h: 3600,
  d: 86400,
};

/** What pg_dump goes by is the last one that it is told, in milliseconds or in a unit of PostgreSQL's. 0 is for ever. */
function lockWait({ lockWaitSeconds, extraOptions }: Parameters<typeof dumpDatabase>[3]): number | undefined {
  const own = /(?:^|\0)--lock-wait-timeout[=\0]([^\0]*)/g;
  const said = [...extraOptions.join('\0').matchAll(own)].at(-1)?.[1];
  if (said === undefined) return lockWaitSeconds;
  const { count = '0', unit = '' } = /^(?<count>[\d.]+)\s*(?<unit>[a-z]*)$/.exec(said.trim())?.groups ?? {};
  return Number(count) * (UNIT_SECONDS[unit] ?? 0) || undefined;
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
