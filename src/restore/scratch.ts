import { once } from 'node:events';
import prettyBytes from 'pretty-bytes';
import type { BackupContext } from '../backup/context.ts';
import { PgBackupError } from '../errors.ts';
import { freeBytes } from '../files/storage-error.ts';
import { fillIn, type Text } from '../language.ts';
import type { Client } from '../postgres/clients.ts';
import { chooseServerPrograms, findServerPrograms } from '../postgres/server-programs.ts';
import { QueryFailed } from '../postgres/session.ts';
import { drillParentDirectory, removeAbandonedServers } from './abandoned-servers.ts';
import { startEmbeddedServer } from './embedded-server.ts';
import type { RunSource } from './run-source.ts';
import { openServerAccess, type ServerAccess } from './server-access.ts';
import { scratchFailed } from './server-failure.ts';

/** What a throw-away server leaves free of the disk: more than it can write before the next look at it. */
const RESERVE_BYTES = 256 * 1024 * 1024;
/** The restored database, and what sorting its indexes needs for a moment. */
const ROOM_FACTOR = 1.3;
/** A server that ends takes its connections first, and is found to be gone soon afterwards. */
const ENDING_MILLISECONDS = 5_000;

/** A server for one drill. */
export interface Scratch {
  readonly kind: 'embedded' | 'named';
  readonly access: ServerAccess;
  /** Aborts when it cannot be used any more. */
  readonly lost: AbortSignal;
  /** Ends what was started; a named server only loses our database, which is somebody else's business. */
  stop(): Promise<void>;
}

export interface ScratchOptions {
  readonly source: RunSource;
  readonly sourceMajor: number;
  readonly client: Client;
  readonly jobs: number;
  readonly temporaryDirectory: string;
}

/**
 * Looks whether there can be a server at all, before hours go into a download; what dead drills left goes first.
 * @throws PgBackupError COMMAND_MISSING without server programs, DRILL_REFUSED where the disk is too small
 */
export async function checkScratch(context: BackupContext, source: RunSource): Promise<void> {
  const { settings, environment } = context;
  if (settings.DRILL_PG_HOST !== undefined) return;
  await removeAbandonedServers(context);
  const found = await findServerPrograms(settings.DRILL_PG_BIN_DIR, environment['PATH']);
  chooseServerPrograms(found, Number.parseInt(source.record?.server?.version ?? '0', 10));
  checkRoom(drillParentDirectory(context), source);
}

/**
 * The server that the settings name, or a throw-away one of our own.
 * @throws PgBackupError COMMAND_MISSING without server programs, DRILL_REFUSED where the disk is too small, SCRATCH_FAILED
 */
export async function openScratch(context: BackupContext, options: ScratchOptions): Promise<Scratch> {
  const { settings } = context;
  const { client, temporaryDirectory } = options;
  const {
    DRILL_PG_HOST: host,
    DRILL_PG_PORT: port,
    DRILL_PG_USER: user,
    DRILL_PG_PASSWORD: password,
  } = settings;
  if (host === undefined || user === undefined) return startScratch(context, options);
  const access = await openServerAccess(context, { host, port, user, password, client, temporaryDirectory });
  return { kind: 'named', access, lost: new AbortController().signal, stop: async () => {} };
}

/**
 * Runs `action`, which works with the server; where that has ended, this is what is thrown and not what followed from it, and what it
 * refused becomes an error of ours.
 */
export async function explained<T>(
  { signal: interruption }: BackupContext,
  scratch: Scratch,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    interruption.throwIfAborted();
    if (scratch.kind === 'embedded' && !(await answers(scratch)) && !scratch.lost.aborted) {
      const signal = AbortSignal.timeout(ENDING_MILLISECONDS);
      await once(scratch.lost, 'abort', { signal }).catch(() => {});
    }
    scratch.lost.throwIfAborted();
    throw error instanceof QueryFailed ? scratchFailed(error.message) : error;
  }
}

async function answers({ access }: Scratch): Promise<boolean> {
  const session = access.open('postgres');
  try {
    await session.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await session.close();
  }
}

async function startScratch(context: BackupContext, options: ScratchOptions): Promise<Scratch> {
  const { settings, environment, signal } = context;
  const { source, sourceMajor, client, jobs, temporaryDirectory } = options;
  const parentDirectory = drillParentDirectory(context);
  checkRoom(parentDirectory, source);
  const searchPath = environment['PATH'];
  const found = await findServerPrograms(settings.DRILL_PG_BIN_DIR, searchPath);
  const server = await startEmbeddedServer({
    ...{ programs: chooseServerPrograms(found, sourceMajor), parentDirectory, jobs, searchPath, signal },
    minimumFreeBytes: RESERVE_BYTES,
  });
  const { host, port, user } = server;
  try {
    const access = await openServerAccess(withoutLibpqVariables(context), {
      ...{ host, port, user, password: undefined, client, temporaryDirectory },
    });
    return { kind: 'embedded', access, lost: server.lost, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** What PGREQUIREAUTH, PGTARGETSESSIONATTRS and their like ask for is meant for the source, and a server of our own has none of it. */
function withoutLibpqVariables(context: BackupContext): BackupContext {
  const kept = Object.entries(context.environment).filter(([name]) => !name.startsWith('PG'));
  return { ...context, environment: Object.fromEntries(kept) };
}

/** What the database had when it was dumped; by the dump itself where no record tells, which is less than it needs. */
function checkRoom(directory: string, { record, dump }: RunSource): void {
  const sizeBytes = record?.server?.databaseSizeBytes ?? dump.sizeBytes;
  const neededBytes = sizeBytes * ROOM_FACTOR + RESERVE_BYTES;
  const free = freeBytes(directory);
  if (free === undefined || free >= neededBytes) return;
  const sizes = { directory, free: prettyBytes(free), needed: prettyBytes(neededBytes) };
  throw new PgBackupError('DRILL_REFUSED', { detail: fillIn(TOO_SMALL, sizes), remedy: OTHER_DIRECTORY });
}

const TOO_SMALL: Text = {
  en: '{directory} has {free} free, and restoring needs about {needed}',
  zh: '{directory} 剩余 {free}，而恢复约需 {needed}',
};
const OTHER_DIRECTORY: Text = {
  en: 'Set DRILL_DIRECTORY to a larger place, or DRILL_PG_HOST to a server.',
  zh: '请将 DRILL_DIRECTORY 设为更大的位置，或用 DRILL_PG_HOST 指定服务器。',
};
