import { rm, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CommandResult, runCommand } from '../exec.ts';
import { diskFull, freeBytes } from '../files/storage-error.ts';
import type { ServerPrograms } from '../postgres/server-programs.ts';
import {
  checkReach,
  makeDrillDirectory,
  makeServerPlaces,
  SERVER_PORT,
  type ServerPlaces,
  serverUserId,
} from './server-directory.ts';
import { scratchFailed, serverEnded } from './server-failure.ts';
import { type ServerKeeper, startKeeper } from './server-keeper.ts';
import { serverSettings } from './server-settings.ts';

/** A server for one drill: nobody else can reach it, and it is gone afterwards, however that ends. */
export interface EmbeddedServer {
  /** For libpq: the directory of the Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly major: number;
  readonly version: string;
  /** Aborts with SCRATCH_FAILED or DISK_FULL when the server ends by itself, or the free space falls below its bound. */
  readonly lost: AbortSignal;
  /** Ends the server and removes its files; resolves when both are gone. May be called again. @throws PgBackupError SCRATCH_FAILED */
  stop(): Promise<void>;
}

export interface EmbeddedServerOptions {
  readonly programs: ServerPrograms;
  readonly parentDirectory: string;
  /** How many sessions restore at the same time. */
  readonly jobs: number;
  /** As PostgreSQL calls it; UTF8 unless given. */
  readonly encoding?: string;
  /** Never less is left free below `parentDirectory`, as far as looking every two seconds can tell. */
  readonly minimumFreeBytes: number;
  readonly searchPath: string | undefined;
  /** Ends the start only: who has the server stops it. */
  readonly signal: AbortSignal;
}

/** Role names that begin with `pg_` are not allowed. */
const USER = 'backup_drill';
const READY = 'database system is ready to accept connections';
const START_SECONDS = 60;
const FIRST_WITH_CHECKSUMS = 18;
const WATCH_MILLISECONDS = 2_000;

/**
 * Makes a new cluster in a private directory below `parentDirectory` and starts its server, as the user nobody where we are root.
 * @throws PgBackupError SCRATCH_FAILED, DISK_FULL, STORAGE_FAILED; nothing is left of it then.
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { programs, parentDirectory, searchPath, signal } = options;
  signal.throwIfAborted();
  const directory = await makeDrillDirectory(parentDirectory);
  const keeper = await startKeeper(directory, searchPath).catch(async (error) => {
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
  try {
    const places = await makeServerPlaces(directory);
    await checkReach(places.home, 'DRILL_DIRECTORY');
    await checkReach(programs.directory, 'DRILL_PG_BIN_DIR');
    if (isDiskShort(options)) throw diskFull(directory);
    await initialise(options, places);
    const postgres = startPostgres(options, places);
    await untilReady(postgres, signal, directory);
    return serve(options, { directory, places, keeper, postgres });
  } catch (error) {
    // What went wrong first is what counts, and the next drill removes what may have stayed.
    await keeper.end().catch(() => {});
    throw error;
  }
}

interface Postgres {
  readonly ready: Promise<'ready'>;
  readonly ended: Promise<CommandResult>;
}

interface Running {
  readonly directory: string;
  readonly places: ServerPlaces;
  readonly keeper: ServerKeeper;
  readonly postgres: Postgres;
}

function serve(options: EmbeddedServerOptions, running: Running): EmbeddedServer {
  const { directory, places, keeper, postgres } = running;
  const lost = new AbortController();
  let stopping: Promise<void> | undefined;
  const watch = setInterval(() => {
    // Tells other machines that the drill is alive; where it fails, the lock still tells this one.
    utimes(directory, new Date(), new Date()).catch(() => {});
    if (!isDiskShort(options)) return;
    lost.abort(diskFull(directory));
    // Whoever has the server calls it as well, and hears what went wrong.
    stop().catch(() => {});
  }, WATCH_MILLISECONDS);
  watch.unref();
  const stop = (): Promise<void> => {
    clearInterval(watch);
    stopping ??= keeper.end();
    return stopping;
  };
  void postgres.ended.then((result) => {
    if (stopping === undefined) lost.abort(serverEnded('postgres', result, directory));
  });
  return {
    host: places.socketDirectory,
    port: SERVER_PORT,
    user: USER,
    major: options.programs.major,
    version: options.programs.version,
    lost: lost.signal,
    stop,
  };
}

function isDiskShort({ parentDirectory, minimumFreeBytes }: EmbeddedServerOptions): boolean {
  const free = freeBytes(parentDirectory);
  return free !== undefined && free < minimumFreeBytes;
}

async function initialise(options: EmbeddedServerOptions, places: ServerPlaces): Promise<void> {
  const { programs, encoding = 'UTF8', signal } = options;
  const result = await runCommand({
    file: programs.initdb,
    args: [
      ...[`--pgdata=${places.data}`, `--username=${USER}`, `--encoding=${encoding}`, '--locale=C'],
      // Who gets to the socket is decided by its directory.
      ...['--auth=trust', '--no-sync'],
      ...(programs.major >= FIRST_WITH_CHECKSUMS ? ['--no-data-checksums'] : []),
    ],
    environment: serverEnvironment(options),
    workingDirectory: places.home,
    userId: serverUserId(),
    signal,
  });
  signal.throwIfAborted();
  if (result.exitCode !== 0) throw serverEnded('initdb', result, dirname(places.home));
}

function startPostgres(options: EmbeddedServerOptions, places: ServerPlaces): Postgres {
  const { programs, jobs } = options;
  const settings = serverSettings({ major: programs.major, jobs, socketDirectory: places.socketDirectory });
  const { promise: ready, resolve } = Promise.withResolvers<'ready'>();
  const ended = runCommand({
    file: programs.postgres,
    args: [
      '-D',
      places.data,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    environment: serverEnvironment(options),
    workingDirectory: places.data,
    userId: serverUserId(),
    // An immediate shutdown; with KILL its sessions would work on.
    deathSignal: 'QUIT',
    onErrorLine: (line) => {
      if (line.includes(READY)) resolve('ready');
    },
  });
  return { ready, ended };
}

async function untilReady({ ready, ended }: Postgres, signal: AbortSignal, directory: string): Promise<void> {
  const { promise: givenUp, resolve: giveUp } = Promise.withResolvers<'given up'>();
  const endWaiting = (): void => giveUp('given up');
  const timer = setTimeout(endWaiting, START_SECONDS * 1000);
  signal.addEventListener('abort', endWaiting);
  try {
    const outcome = await Promise.race([ready, ended, givenUp]);
    signal.throwIfAborted();
    if (outcome === 'ready') return;
    if (outcome !== 'given up') throw serverEnded('postgres', outcome, directory);
    throw scratchFailed({
      en: `it was not ready within ${START_SECONDS} s`,
      zh: `未能在 ${START_SECONDS} 秒内就绪`,
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', endWaiting);
  }
}

/** English messages; and UTC, because initdb would look for the zone of this machine among hundreds. */
function serverEnvironment({ searchPath }: EmbeddedServerOptions): Record<string, string> {
  return { LC_ALL: 'C', TZ: 'UTC', PATH: searchPath ?? '' };
}
