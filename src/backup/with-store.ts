import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf } from '../files/layout.ts';
import { onDisk } from '../files/storage-error.ts';
import { openStore } from '../storage/open-store.ts';
import type { Store } from '../storage/store.ts';
import type { BackupContext } from './context.ts';
import { TEMPORARY_PREFIX } from './open-run.ts';

/** Opens the remote store for a command that is no run, `undefined` in mode local; its keys go when `action` ends in any way. */
export async function withStore<T>(
  context: BackupContext,
  action: (store: Store | undefined) => Promise<T>,
): Promise<T> {
  return withTemporaryDirectory(async (directory) => action(await openStoreIn(directory, context)));
}

/** A private directory for keys and what else must not be seen, removed when `action` ends in any way. */
export async function withTemporaryDirectory<T>(action: (directory: string) => Promise<T>): Promise<T> {
  const directory = await onDisk(tmpdir(), () => mkdtemp(join(tmpdir(), TEMPORARY_PREFIX)));
  try {
    return await action(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The remote store that the settings name, with its keys below `temporaryDirectory`; undefined in mode local. */
export async function openStoreIn(
  temporaryDirectory: string,
  context: BackupContext,
): Promise<Store | undefined> {
  const { settings, environment, clock } = context;
  const uploadsDirectory = layoutOf(settings.BACKUP_BASE_DIR).uploads;
  return openStore({ settings, environment, temporaryDirectory, uploadsDirectory, clock });
}
