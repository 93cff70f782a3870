import { createReadStream, createWriteStream, type Stats } from 'node:fs';
import { type FileHandle, link, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { addAbortSignal, type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PgBackupError } from '../errors.ts';
import { extendCrc64 } from '../files/crc64.ts';
import {
  ensureDirectory,
  listDirectory,
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
  removeFiles,
  syncDirectory,
} from '../files/durable-files.ts';
import { hasErrorCode, onDisk } from '../files/storage-error.ts';
import { missingObject } from './missing-object.ts';
import type { ListedObject, PutOptions, Store, StoredObject } from './store.ts';

const BLOCK_BYTES = 1024 * 1024;

/**
 * A directory as a store: its objects are the regular files that are not hidden, and its checksum is counted by reading them.
 * What the file system refuses is DISK_FULL or STORAGE_FAILED.
 */
export function openLocalStore(directory: string): Store {
  const pathOf = (name: string): string => join(directory, name);
  return {
    checksum: 'crc64',
    url: pathOf,
    async probe() {
      await listDirectory(directory);
    },
    async put(file, { name }, options) {
      await ensureDirectory(directory, PRIVATE_DIRECTORY_MODE);
      // The same name each time: the next put clears what a killed one left. No two runs put the same file.
      const partial = pathOf(`.${name}.partial`);
      await removeFiles([partial]);
      try {
        await copyDurably(file, partial, options);
        await publish(partial, pathOf(name), options);
      } finally {
        await removeFiles([partial]);
      }
      await syncDirectory(directory);
    },
    stat: (name, signal) => measure(pathOf(name), signal),
    list: () => listFiles(directory),
    async get(name, { range, signal }): Promise<Readable> {
      const path = pathOf(name);
      const file = await onDisk(path, () => openForReading(path));
      if (!file) throw missingObject(path);
      return addAbortSignal(signal, file.createReadStream({ highWaterMark: BLOCK_BYTES, ...range }));
    },
    async remove(name) {
      await removeFiles([pathOf(name)]);
      await syncDirectory(directory);
      return 'removed';
    },
  };
}

async function copyDurably(from: string, to: string, { signal, onBytes }: PutOptions): Promise<void> {
  let sent = 0;
  const counter = new Transform({
    transform(block: Buffer, _encoding, callback) {
      sent += block.length;
      onBytes?.(sent);
      callback(null, block);
    },
  });
  await onDisk(to, async () => {
    await pipeline(
      createReadStream(from, { highWaterMark: BLOCK_BYTES }),
      counter,
      createWriteStream(to, { flags: 'wx', mode: PRIVATE_FILE_MODE, flush: true }),
      { signal },
    ).catch((error) => {
      signal.throwIfAborted();
      throw error;
    });
  });
}

async function publish(partial: string, final: string, { overwrite }: PutOptions): Promise<void> {
  await onDisk(final, async () => {
    if (overwrite) {
      await rename(partial, final);
      return;
    }
    try {
      // Unlike a rename, it never replaces what came there meanwhile.
      await link(partial, final);
    } catch (error) {
      if (hasErrorCode(error, 'EEXIST')) throw new PgBackupError('OBJECT_EXISTS', { object: final }, error);
      throw error;
    }
  });
}

async function measure(path: string, signal: AbortSignal): Promise<StoredObject | undefined> {
  return onDisk(path, async () => {
    const file = await openForReading(path);
    if (!file) return undefined;
    let crc64 = '0';
    let sizeBytes = 0;
    const blocks: AsyncIterable<Buffer> = file.createReadStream({ highWaterMark: BLOCK_BYTES });
    for await (const block of blocks) {
      signal.throwIfAborted();
      crc64 = extendCrc64(crc64, block);
      sizeBytes += block.length;
    }
    return { sizeBytes, crc64 };
  });
}

/** Undefined where there is no such file. */
async function openForReading(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function* listFiles(directory: string): AsyncGenerator<ListedObject> {
  const names = (await listDirectory(directory))
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
  for (const name of names.sort()) {
    const file = await onDisk(join(directory, name), () => statOrNothing(join(directory, name)));
    // Else it was removed while the others were told.
    if (file) yield { name, sizeBytes: file.size, modifiedAt: file.mtime };
  }
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
