import { statSync } from 'node:fs';
import type { Toc } from '../archive/toc.ts';
import { compressArgument, neededClientMajor, parseCompression } from '../config/compression.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { PgBackupError } from '../errors.ts';
import type { CommandResult } from '../exec.ts';
import { removeFiles } from '../files/durable-files.ts';
import type { Client } from '../postgres/clients.ts';
import { recogniseFailure } from '../postgres/failures.ts';
import type { LockWait } from '../postgres/lock-waits.ts';
import type { DatabaseAccess } from './database-access.ts';
import { type DumpWatch, watchDump } from './dump-failure.ts';
import { type Reencode, reencodingOf, UnknownArchive, type WrittenDump, writeDump } from './write-dump.ts';

/** pg_dump names the statement that failed, whatever language the server speaks: a balancer led it to another server. */
const NO_SNAPSHOT = /SET TRANSACTION SNAPSHOT/;

export interface DumpOptions {
  readonly compression: string;
  readonly extraOptions: readonly string[];
  /** So many threads compress what pg_dump writes, where that is to be gzip; 0 leaves it to pg_dump itself. */
  readonly compressThreads?: number | undefined;
  /** Told where pg_dump compresses itself all the same, because nobody here understands what it writes. */
  readonly onUnknownArchive?: ((detail: string) => void) | undefined;
  /** How long pg_dump waits for the locks of all tables; `extraOptions` may say otherwise. */
  readonly lockWaitSeconds?: number | undefined;
  /** Told once of each lock that it waits for. */
  readonly onLockWait?: ((wait: LockWait) => void) | undefined;
  readonly encryption?: Encryption | undefined;
  /** Another session's, to be shared. */
  readonly snapshot?: string | undefined;
  /** Ends that session, before a dump without its snapshot is taken. */
  readonly giveUpSnapshot?: (() => Promise<void>) | undefined;
  /** Called before each attempt: there is no file yet, or none any more. */
  readonly onBegin?: (() => Promise<void>) | undefined;
  /** Told the table of contents of an archive that is encrypted, as soon as it comes by; that of another one is in the file. */
  readonly onToc?: ((toc: Toc) => void) | undefined;
}

export interface Dumped {
  readonly sharing: 'with snapshot' | 'without snapshot';
  /** Of the tables whose rows were seen to pass, by the dump ids of their data. */
  readonly rowsByDumpId?: ReadonlyMap<number, number> | undefined;
}

/**
 * Writes the database's custom-format archive to `file`, which must not exist, readable for this user alone; encrypted before it touches
 * the disk, where there is an encryption.
 * @throws PgBackupError that names what failed: rights with their GRANT, the connection, the disk, the encryption, or pg_dump itself.
 */
export async function dumpDatabase(
  access: DatabaseAccess,
  client: Client,
  file: string,
  options: DumpOptions,
): Promise<Dumped> {
  const { snapshot, giveUpSnapshot, ...others } = options;
  const lockWaitSeconds = lockWait(options);
  const watch = await watchDump(access, { lockWaitSeconds, onLockWait: options.onLockWait });
  try {
    if (snapshot !== undefined) {
      const written = await tryDump(access, client, file, options, watch);
      if (written) return { sharing: 'with snapshot', ...written };
      await giveUpSnapshot?.();
    }
    return { sharing: 'without snapshot', ...(await tryDump(access, client, file, others, watch)) };
  } finally {
    watch.end();
  }
}

/**
 * Resolves with undefined where the server that pg_dump reached does not know the snapshot, or lets nobody in beside the session that holds it:
 * nothing was dumped then, and `file` is gone again.
 */
async function tryDump(
  access: DatabaseAccess,
  client: Client,
  file: string,
  options: DumpOptions,
  watch: DumpWatch,
): Promise<WrittenDump | undefined> {
  const { extraOptions, lockWaitSeconds, encryption, snapshot, onToc } = options;
  const { signal } = access;
  const command = {
    file: client.pgDump,
    args: [
      ...(snapshot === undefined ? [] : [`--snapshot=${snapshot}`]),
      ...(lockWaitSeconds === undefined ? [] : [`--lock-wait-timeout=${lockWaitSeconds * 1000}`]),
      ...['--format=custom', '--no-password', `--dbname=${access.connectionString}`],
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
    return watch.explain(result);
  };
  const write = async (compress: string, reencoding: Reencode | undefined): Promise<WrittenDump> => {
    await options.onBegin?.();
    const args = [...command.args, `--compress=${compress}`, ...extraOptions];
    return writeDump({ ...command, args }, file, { encryption, failure, onToc, reencoding });
  };
  const compression = parseCompression(options.compression);
  const reencoding = reencodingOf(compression, options.compressThreads);
  try {
    if (reencoding) {
      try {
        return await write('0', reencoding);
      } catch (error) {
        if (!(error instanceof UnknownArchive)) throw error;
        await removeFiles([file]);
        options.onUnknownArchive?.(error.message);
      }
    }
    return await write(compressArgument(compression, client.major), undefined);
  } catch (error) {
    if (!isSnapshotUseless) throw error;
    await removeFiles([file]);
    return undefined;
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
function lockWait({ lockWaitSeconds, extraOptions }: DumpOptions): number | undefined {
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
