import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  openSync,
  readdirSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { measureFile } from '../../../src/backup/checksum.ts';
import type { Artifact } from '../../../src/report/record.ts';
import type { Store } from '../../../src/storage/store.ts';
import type { Gate } from './gate.ts';

/** A store, and what the tests of the contract have to know and do behind its back. */
export interface StoreUnderTest {
  readonly store: Store;
  /** The file that holds an object, found by another route than the store; undefined where there is no such object. */
  objectFile(name: string): string | undefined;
  /** Puts small objects there by another route than the store; the content of each is its name. */
  seed(names: readonly string[]): Promise<void>;
  /** Private to the store, as a run gives it one. */
  readonly temporaryDirectory?: string;
  /** Of a store that is reached over a network. */
  readonly remote?: {
    /** Between the store and its server. */
    readonly gate: Gate;
    /** What must never be seen: the keys. */
    readonly secrets: readonly string[];
    /** The same store, opened with a key that the server does not take. */
    withWrongKey(): Promise<Store>;
  };
}

export const SOME_MEBIBYTES = 5 * 1024 ** 2 + 3;
/** More than the buffers of the kernel on both sides of a connection hold: half-way is half-way. */
export const MANY_MEBIBYTES = 32 * 1024 ** 2 + 5;

/** One moment for all files: tools that compare times must not take them for the same. */
const MODIFIED_AT = new Date('2025-10-11T18:00:00Z');

export interface TestFile {
  readonly path: string;
  readonly artifact: Artifact;
}

/** A file of random bytes, measured as a run measures its files. */
export async function testFile(
  store: Store,
  directory: string,
  name: string,
  content: Buffer | string,
): Promise<TestFile> {
  const path = join(directory, `source-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`);
  writeFileSync(path, content);
  utimesSync(path, MODIFIED_AT, MODIFIED_AT);
  return { path, artifact: await measureFile(path, name, { also: store.checksum }) };
}

/** A file with holes: it takes no room on the disk, and begins and ends with bytes that are no zeros. */
export async function sparseFile(
  store: Store,
  directory: string,
  name: string,
  sizeBytes: number,
): Promise<TestFile> {
  const path = join(directory, 'source-sparse');
  writeFileSync(path, 'the beginning');
  truncateSync(path, sizeBytes);
  const file = openSync(path, 'r+');
  writeSync(file, 'the end', sizeBytes - 7);
  closeSync(file);
  return { path, artifact: await measureFile(path, name, { also: store.checksum }) };
}

export async function digestOf(stream: Readable): Promise<string> {
  const sha256 = createHash('sha256');
  for await (const chunk of stream) sha256.update(chunk as Buffer);
  return sha256.digest('hex');
}

export async function digestOfFile(path: string): Promise<string> {
  return digestOf(createReadStream(path));
}

/** Every file and directory below one, by its path. */
export function everythingIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
}
