import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ensureDirectory,
  isAtomicLeftover,
  listDirectory,
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
  removeFiles,
  writeDurably,
} from '../files/durable-files.ts';
import { hasErrorCode, onDisk } from '../files/storage-error.ts';
import { compileSchema } from '../schema.ts';
import type { Part } from './part-plan.ts';

/** A part that the store has acknowledged, and what it held then. */
export interface SentPart extends Part {
  /** Base64, as Content-MD5 has it. */
  readonly md5: string;
  readonly etag: string;
}

/** A multipart upload that was begun and is not known to be completed or given up. */
export interface UploadState {
  readonly version: 1;
  readonly name: string;
  readonly url: string;
  readonly uploadId: string;
  /** Random, and written beside the object: whatever carries it was made by this upload. */
  readonly token: string;
  /** Of the file that the object shall hold; unknown as long as that is being written. */
  readonly sha256?: string;
  readonly parts: readonly SentPart[];
}

export interface UploadStates {
  /** The file that remembers the upload to an address. */
  pathOf(url: string): string;
  /** undefined where there is none, or none that can be read. */
  read(url: string): Promise<UploadState | undefined>;
  /** Atomic and durable. @throws PgBackupError DISK_FULL, STORAGE_FAILED */
  write(state: UploadState): Promise<void>;
  remove(url: string): Promise<void>;
  list(): Promise<UploadState[]>;
  /** Removes what writes that were killed have left. */
  clearDrafts(): Promise<void>;
}

const SUFFIX = '.json';
/** Longer than any write of a living process takes. */
const WRITE_MILLISECONDS = 15 * 60_000;

/** The uploads that a directory remembers, one file for each address; it is made when it is first needed. */
export function openUploadStates(directory: string): UploadStates {
  // Names of runs can be as long as a file name may be, and the same name may go to two buckets.
  const pathOf = (url: string) =>
    join(directory, `${createHash('sha256').update(url).digest('hex')}${SUFFIX}`);
  return {
    pathOf,
    read: (url) => readState(pathOf(url)),
    async write(state) {
      await ensureDirectory(directory, PRIVATE_DIRECTORY_MODE);
      await writeDurably(pathOf(state.url), `${JSON.stringify(state)}\n`, PRIVATE_FILE_MODE);
    },
    remove: (url) => removeFiles([pathOf(url)]),
    async list() {
      const names = (await listDirectory(directory)).map((entry) => entry.name);
      const files = names.filter((name) => name.endsWith(SUFFIX)).sort();
      const states = await Promise.all(files.map((name) => readState(join(directory, name))));
      return states.filter((state) => state !== undefined);
    },
    async clearDrafts() {
      for (const { name } of await listDirectory(directory)) {
        const path = join(directory, name);
        if (isDraft(name) && (await silenceOf(path)) > WRITE_MILLISECONDS) await removeFiles([path]);
      }
    },
  };
}

function isDraft(fileName: string): boolean {
  const [final = ''] = fileName.split(SUFFIX, 1);
  return isAtomicLeftover(fileName, `${final}${SUFFIX}`);
}

/** Milliseconds since a file was written; 0 for one that is gone. */
async function silenceOf(path: string): Promise<number> {
  const facts = await stat(path).catch(() => undefined);
  return facts === undefined ? 0 : Date.now() - facts.mtime.getTime();
}

const text = { type: 'string', minLength: 1 };
const count = { type: 'integer', minimum: 0 };
const checkState = compileSchema({
  type: 'object',
  properties: {
    version: { const: 1 },
    name: text,
    url: text,
    uploadId: text,
    token: text,
    sha256: text,
    parts: {
      type: 'array',
      items: {
        type: 'object',
        properties: { number: count, offset: count, sizeBytes: count, md5: text, etag: text },
        required: ['number', 'offset', 'sizeBytes', 'md5', 'etag'],
      },
    },
  },
  required: ['version', 'name', 'url', 'uploadId', 'token', 'parts'],
});

async function readState(path: string): Promise<UploadState | undefined> {
  const content = await onDisk(path, async () => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  });
  try {
    const value: unknown = JSON.parse(content ?? 'null');
    return checkState(value).length === 0 ? (value as UploadState) : undefined;
  } catch {
    return undefined;
  }
}
