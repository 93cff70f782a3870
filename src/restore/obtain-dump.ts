import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { measureFile } from '../backup/checksum.ts';
import type { BackupContext } from '../backup/context.ts';
import { tryFileLock } from '../backup/file-lock.ts';
import { PgBackupError } from '../errors.ts';
import { ensureDirectory, PRIVATE_DIRECTORY_MODE, removeFiles } from '../files/durable-files.ts';
import { layoutOf } from '../files/layout.ts';
import type { Text } from '../language.ts';
import { downloadObject } from '../storage/download.ts';
import type { Store } from '../storage/store.ts';
import type { RunSource } from './run-source.ts';

/** What an interrupted download left is of use for so long. */
const KEPT_MILLISECONDS = 3 * 24 * 60 * 60_000;

export interface ObtainedDump {
  readonly path: string;
  /** Takes away what was downloaded; a local file stays. */
  release(): Promise<void>;
  /** Leaves what was downloaded to the next attempt. Returns its path; undefined for a local file. */
  keep(): Promise<string | undefined>;
}

/**
 * The whole dump on the local disk, fetched if it is not here, not yet checked. What was fetched stays below `downloads/` until it is released,
 * so that a restore that was cut can go on.
 * @throws PgBackupError FETCH_FAILED, RESTORE_REFUSED where another process fetches it, DISK_FULL
 */
export async function fetchDump(
  context: BackupContext,
  { dump }: RunSource,
  options: {
    readonly store: Store | undefined;
    readonly signal: AbortSignal;
    readonly onBytes: (done: number) => void;
  },
): Promise<ObtainedDump> {
  if (dump.path !== undefined) {
    return { path: dump.path, release: async () => {}, keep: async () => undefined };
  }
  const { store, signal, onBytes } = options;
  if (!store) throw new Error(`${dump.name} is in a store that was not opened`);
  const { downloads } = layoutOf(context.settings.BACKUP_BASE_DIR);
  await ensureDirectory(downloads, PRIVATE_DIRECTORY_MODE);
  await removeOldDownloads(downloads, context);
  const path = join(downloads, dump.name);
  const lock = await tryFileLock(`${path}.lock`, context.environment['PATH']);
  if (!lock) throw new PgBackupError('RESTORE_REFUSED', { detail: ELSEWHERE, remedy: WAIT });
  const giveBack = async (paths: readonly string[]): Promise<void> => {
    await removeFiles([...paths, `${path}.lock`]);
    await lock.release();
  };
  try {
    if (!existsSync(path)) await downloadObject(store, dump, path, { signal, onBytes });
  } catch (error) {
    await giveBack([]);
    throw error;
  }
  return {
    path,
    release: () => giveBack([path]),
    async keep() {
      await giveBack([]);
      return path;
    },
  };
}

/** Reads the whole dump. @throws PgBackupError COPY_ALTERED where it is not what was backed up */
export async function checkDump(
  { path }: ObtainedDump,
  { sha256 }: RunSource,
  options: { readonly signal: AbortSignal; readonly onBytes: (done: number) => void },
): Promise<void> {
  const measured = await measureFile(path, path, options);
  if (measured.sha256 !== sha256) throw new PgBackupError('COPY_ALTERED', { path, detail: OTHER_SHA256 });
}

/** Those that nobody works with. */
async function removeOldDownloads(directory: string, { clock, environment }: BackupContext): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const downloads = Map.groupBy(names, (name) => name.replace(BESIDE_A_DOWNLOAD, ''));
  for (const [download, files] of downloads) {
    const paths = files.map((name) => join(directory, name));
    const times = await Promise.all(
      paths.map((path) =>
        stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      ),
    );
    if (clock().getTime() - Math.max(...times) <= KEPT_MILLISECONDS) continue;
    const lockPath = join(directory, `${download}.lock`);
    const lock = await tryFileLock(lockPath, environment['PATH']);
    if (!lock) continue;
    await removeFiles([...paths, lockPath]);
    await lock.release();
  }
}

/** A lock, and what a download that was cut has left. */
const BESIDE_A_DOWNLOAD = /\.(lock|partial|ranges\.json.*)$/;
const OTHER_SHA256: Text = { en: 'its sha256 is another one', zh: 'sha256 不一致' };
const ELSEWHERE: Text = {
  en: 'another process is fetching this backup',
  zh: '另一个进程正在下载该备份',
};
const WAIT: Text = { en: 'Wait until it has ended.', zh: '请等待其结束。' };
