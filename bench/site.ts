import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clientDirectories, rclonePath } from '../test/harness/parts.ts';
import { type PostgresServer, startPostgres } from '../test/harness/postgres-server.ts';
import { reachableServerPrograms } from '../test/harness/server-programs.ts';
import { makeDatabase } from './make-database.ts';
import type { Options } from './options.ts';
import { PROGRAM, settingsOf } from './our-runs.ts';
import { type ObjectStore, startOss, startS3 } from './stores.ts';

/** Everything that the sides work with; it is gone after `close`. */
export interface Site {
  readonly server: PostgresServer;
  readonly databasePid: number;
  /** Of all tables and large objects, as the server counts them. */
  readonly tableBytes: number;
  /** bin directory of the client of --client-major, and of the first client with zstd that fits the server. */
  readonly clientDirectory: string;
  readonly zstdClientDirectory: string;
  readonly serverProgramsDirectory: string;
  readonly oss: ObjectStore;
  readonly s3: ObjectStore | undefined;
  /** A new empty directory that every user can enter. */
  newDirectory(name: string): string;
  /** BACKUP_BASE_DIR of a local backup with gzip 9, made when it is first asked for. */
  keptBackup(): Promise<string>;
  close(): Promise<void>;
}

export type SiteOptions = Pick<Options, 'sizeBytes' | 'shape' | 'serverMajor' | 'clientMajor' | 'sides'>;

/** 16 can be built with it, and the one of the tests is not. */
const FIRST_MAJOR_WITH_ZSTD = 17;
/** The database with its indexes, a dump here and one in the store; with a restore also a dump that is kept and the restored database. */
const SIZES_NEEDED = 2.2;
const SIZES_NEEDED_WITH_RESTORE = 3.7;
const LEAST_FREE_BYTES = 1e9;

/** Starts the servers and makes the database. Throws an Error where a part is missing or the disk is too small. */
export async function openSite(options: SiteOptions, signal: AbortSignal): Promise<Site> {
  const { sizeBytes, shape, serverMajor, clientMajor } = options;
  checkSpace(options);
  const clientDirectory = clientOf((major) => major === clientMajor, `client ${clientMajor}`);
  const zstdClientDirectory = clientOf(
    (major) => major >= Math.max(FIRST_MAJOR_WITH_ZSTD, serverMajor),
    'a client with zstd',
  );
  const directory = mkdtempSync(join(tmpdir(), 'pg-backup-bench-'));
  const cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  try {
    // A drill's server is another user.
    chmodSync(directory, 0o711);
    const programs = await reachableServerPrograms(serverMajor);
    const server = await startPostgres({
      major: serverMajor,
      directory: join(directory, 'postgres'),
      settings: SERVER_SETTINGS,
    });
    cleanUp.defer(() => server.stop());
    // Ends what makes the database, too.
    signal.addEventListener('abort', () => void server.killNow());
    const tableBytes = await makeDatabase(server, sizeBytes, shape);
    const oss = await startOss(makeDirectory(directory, 'oss'));
    cleanUp.defer(() => oss.stop());
    const s3 = rclonePath() ? await startS3(makeDirectory(directory, 's3')) : undefined;
    cleanUp.defer(() => s3?.stop());
    let count = 0;
    let kept: Promise<string> | undefined;
    const site: Site = {
      ...{ server, tableBytes, clientDirectory, zstdClientDirectory, oss, s3 },
      databasePid: Number(
        readFileSync(join(directory, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0],
      ),
      serverProgramsDirectory: programs.directory,
      newDirectory: (name) => makeDirectory(directory, `${name}-${count++}`),
      keptBackup: () => (kept ??= makeBackup(site, signal)),
      close: () => cleanUp.disposeAsync(),
    };
    return site;
  } catch (error) {
    await cleanUp.disposeAsync();
    signal.throwIfAborted();
    throw error;
  }
}

/** Nothing runs by itself while a side is measured. */
const SERVER_SETTINGS = {
  autovacuum: 'off',
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  wal_level: 'minimal',
  max_wal_senders: '0',
};

async function makeBackup(site: Site, signal: AbortSignal): Promise<string> {
  const directory = site.newDirectory('kept');
  const env = settingsOf(site, directory, { BACKUP_MODE: 'local', BACKUP_COMPRESS: '9' });
  await promisify(execFile)(PROGRAM, ['backup'], { env, signal });
  return join(directory, 'base');
}

function checkSpace({ sizeBytes, sides }: SiteOptions): void {
  const { bavail, bsize } = statfsSync(tmpdir());
  const sizes = sides.some(({ restores }) => restores) ? SIZES_NEEDED_WITH_RESTORE : SIZES_NEEDED;
  const needed = sizeBytes * sizes + LEAST_FREE_BYTES;
  if (bavail * bsize >= needed) return;
  const [free, wanted] = [bavail * bsize, needed].map((bytes) => `${(bytes / 1e9).toFixed(1)} GB`);
  throw new Error(`${free} are free in ${tmpdir()}, and ${wanted} are needed; TMPDIR names another place`);
}

function clientOf(fits: (major: number) => boolean, what: string): string {
  const found = [...clientDirectories()].find(([major]) => fits(major));
  if (!found) throw new Error(`${what} is missing; get it with: bash scripts/setup test`);
  return found[1];
}

function makeDirectory(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path);
  chmodSync(path, 0o711);
  return path;
}
