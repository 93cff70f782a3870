import { layoutOf } from '../files/layout.ts';
import { openStore } from '../storage/open-store.ts';
import type { Store } from '../storage/store.ts';
import type { TargetContext } from './context.ts';
import { withTemporaryDirectory } from './temporary-directory.ts';

/** Opens the remote store for a command that is no run, `undefined` in mode local; its keys go when `action` ends in any way. */
export async function withStore<T>(
  context: TargetContext,
  action: (store: Store | undefined) => Promise<T>,
): Promise<T> {
  return withTemporaryDirectory(context, async (directory) => action(await openStoreIn(directory, context)));
}

/** The remote store that the settings name, with its keys below `temporaryDirectory`; undefined in mode local. */
export async function openStoreIn(
  temporaryDirectory: string,
  context: TargetContext,
): Promise<Store | undefined> {
  const { settings, environment } = context;
  const uploadsDirectory = layoutOf(settings.BACKUP_BASE_DIR).uploads;
  return openStore({ settings, environment, temporaryDirectory, uploadsDirectory });
}
