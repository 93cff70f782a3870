import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PgBackupError } from '../errors.ts';
import {
  isAtomicLeftover,
  listDirectory,
  PRIVATE_FILE_MODE,
  removeFiles,
  syncDirectory,
  writeDurably,
} from '../files/durable-files.ts';
import { hasErrorCode, onDisk } from '../files/storage-error.ts';
import { compileSchema } from '../schema.ts';
import { areSound, type ByteRange, bytesIn, withRange } from './byte-ranges.ts';

/** What the bytes must be of, so that they belong together. */
export interface DownloadedObject {
  readonly url: string;
  readonly sizeBytes: number;
  /** What the store says of its content; without one, an object that was replaced cannot be told by it. */
  readonly checksum?: string | undefined;
}

/** A file that is being fetched. */
export interface PartialFile extends AsyncDisposable {
  readonly path: string;
  /** What an earlier attempt left. */
  readonly present: readonly ByteRange[];
  write(bytes: Buffer, position: number): Promise<void>;
  /** Makes durable what was written, and then notes the range as present. Once that has failed, it always does. */
  remember(range: ByteRange): Promise<void>;
  /**
   * Gives the file its final name, durably, and forgets the ranges.
   * @throws PgBackupError FETCH_FAILED where somebody else has changed the file
   */
  publish(): Promise<void>;
}

interface DownloadState extends DownloadedObject {
  readonly version: 1;
  /** Of the partial file: another one in its place, such as a copy, holds other ranges. */
  readonly inode: string;
  readonly present: readonly ByteRange[];
}

const LARGEST_STATE_BYTES = 1024 ** 2;
/** Nobody waits for the other end of a pipe. */
const PLAIN = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens what an earlier attempt to fetch this object into `file` left beside it, as `.partial` and `.ranges.json`. Whatever does not fit together
 * is removed, and an empty file begun.
 * @throws PgBackupError DISK_FULL, STORAGE_FAILED
 */
export async function openPartialFile(file: string, object: DownloadedObject): Promise<PartialFile> {
  const path = `${file}.partial`;
  const statePath = `${file}.ranges.json`;
  const { handle, present } = (await resume(path, statePath, object)) ?? (await begin(path, statePath));
  const inode = String((await onDisk(path, () => handle.stat({ bigint: true }))).ino);

  let remembered = present;
  let remembering = Promise.resolve();
  const rememberNow = async (range: ByteRange): Promise<void> => {
    await onDisk(path, () => handle.datasync());
    remembered = withRange(remembered, range);
    const state: DownloadState = { version: 1, ...object, inode, present: remembered };
    await writeDurably(statePath, `${JSON.stringify(state)}\n`, PRIVATE_FILE_MODE);
  };

  return {
    path,
    present,
    write: (bytes, position) => onDisk(path, () => writeWhole(handle, bytes, position)),
    remember(range) {
      // Not past a failure: the kernel tells once that bytes were lost, and the next fdatasync is a success (fsync(2), NOTES).
      remembering = remembering.then(() => rememberNow(range));
      return remembering;
    },
    async publish() {
      if (bytesIn(remembered) !== object.sizeBytes) throw new Error(`${path} is not complete`);
      await onDisk(path, async () => {
        await handle.sync();
        const { ino, size } = await lstat(path, { bigint: true });
        if (String(ino) !== inode || size !== BigInt(object.sizeBytes)) throw changedByOthers(object, path);
        await rename(path, file);
      });
      await syncDirectory(dirname(file));
      await removeState(statePath);
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

interface Opened {
  readonly handle: FileHandle;
  readonly present: readonly ByteRange[];
}

/** Undefined where there is nothing that can be trusted. */
async function resume(
  path: string,
  statePath: string,
  object: DownloadedObject,
): Promise<Opened | undefined> {
  const state = await readState(statePath);
  if (!state || !isOf(state, object)) return undefined;
  const handle = await openPlainFile(path, constants.O_RDWR);
  if (!handle) return undefined;
  const { ino, size } = await onDisk(path, () => handle.stat({ bigint: true }));
  const end = state.present.at(-1)?.end ?? 0;
  if (String(ino) === state.inode && size >= end && size <= object.sizeBytes) {
    return { handle, present: state.present };
  }
  await handle.close();
  return undefined;
}

/** The ranges go before their file, and durably: a new file could get the number of the old one. */
async function begin(path: string, statePath: string): Promise<Opened> {
  await removeState(statePath);
  await syncDirectory(dirname(path));
  await removeFiles([path]);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  return { handle: await onDisk(path, () => open(path, flags, PRIVATE_FILE_MODE)), present: [] };
}

/** With what killed writes of it left. */
async function removeState(statePath: string): Promise<void> {
  const directory = dirname(statePath);
  const names = (await listDirectory(directory)).map(({ name }) => name);
  const drafts = names.filter((name) => isAtomicLeftover(name, statePath));
  await removeFiles([statePath, ...drafts.map((name) => join(directory, name))]);
}

/** A write may take a part only, as the last one on a full disk does. */
async function writeWhole(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

const text = { type: 'string', minLength: 1 };
const count = { type: 'integer', minimum: 0 };
const checkState = compileSchema({
  type: 'object',
  properties: {
    version: { const: 1 },
    url: text,
    sizeBytes: count,
    checksum: text,
    inode: text,
    present: {
      type: 'array',
      items: { type: 'object', properties: { start: count, end: count }, required: ['start', 'end'] },
    },
  },
  required: ['version', 'url', 'sizeBytes', 'inode', 'present'],
});

async function readState(path: string): Promise<DownloadState | undefined> {
  await using handle = await openPlainFile(path, constants.O_RDONLY);
  if (!handle) return undefined;
  const content = await onDisk(path, async () => {
    const { size } = await handle.stat();
    return size > LARGEST_STATE_BYTES ? '' : await handle.readFile('utf8');
  });
  try {
    const value: unknown = JSON.parse(content);
    return checkState(value).length === 0 ? (value as DownloadState) : undefined;
  } catch {
    return undefined;
  }
}

function isOf(state: DownloadState, { url, sizeBytes, checksum }: DownloadedObject): boolean {
  const isSameObject = state.url === url && state.sizeBytes === sizeBytes && state.checksum === checksum;
  return isSameObject && areSound(state.present, sizeBytes);
}

/** Undefined where there is no such file, or something else in its place: a link, a directory, a pipe, a file of another user. */
async function openPlainFile(path: string, flags: number): Promise<FileHandle | undefined> {
  return onDisk(path, async () => {
    try {
      const handle = await open(path, flags | PLAIN);
      if ((await handle.stat()).isFile()) return handle;
      await handle.close();
      return undefined;
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT', 'ELOOP', 'EISDIR', 'ENXIO', 'EACCES')) return undefined;
      throw error;
    }
  });
}

function changedByOthers({ url }: DownloadedObject, path: string): PgBackupError {
  return new PgBackupError('FETCH_FAILED', {
    object: url,
    detail: { en: `another process has changed ${path}`, zh: `${path} 被其他进程改动` },
    remedy: { en: 'Let one restore end before the next.', zh: '请等待一次恢复结束后再开始下一次。' },
  });
}
