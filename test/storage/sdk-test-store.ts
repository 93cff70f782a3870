import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { crc64 } from 'crc64-ecma182.js';
import type { Artifact } from '../../src/report/record.ts';
import { Secret } from '../../src/secret.ts';
import { openOssClient } from '../../src/storage/oss-client.ts';
import type { OssTarget } from '../../src/storage/oss-target.ts';
import { FIRST_PART_BYTES } from '../../src/storage/part-plan.ts';
import { openSdkStore } from '../../src/storage/sdk.ts';
import type { Store } from '../../src/storage/store.ts';
import type { UploadState } from '../../src/storage/upload-state.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { bucket, permanentKey, region, startTestServer } from '../oss-server/clients.ts';
import type { OssServer } from '../oss-server/server.ts';

export const PREFIX = 'a prefix/备份';
export const NAME = 'shop öl_20251011T180000Z_db01.dump';
export const KEY = `${PREFIX}/${NAME}`;
export const { signal: NEVER } = new AbortController();

const RETRIES = 4;

export interface Scene {
  readonly server: OssServer;
  readonly store: Store;
  readonly directory: string;
  readonly uploadsDirectory: string;
  /** A file below `directory`, with its facts under NAME. */
  write(file: string, content: Buffer): { readonly path: string; readonly artifact: Artifact };
  /** How many requests of that operation have come. */
  count(operation: string): number;
  /** What the bucket holds under KEY. */
  stored(): Buffer;
  /** The numbers of the parts that are remembered as sent; undefined where no upload is remembered. */
  recordedParts(): number[] | undefined;
  /** The files of uploads that are remembered. */
  remembered(): string[];
}

export async function openScene(
  t: TestContext,
  options: { retries?: number; uploadsDirectory?: string; target?: Partial<OssTarget> } = {},
): Promise<Scene> {
  const server = await startTestServer(t);
  const directory = temporaryDirectory(t);
  const { retries = RETRIES, uploadsDirectory = join(directory, 'uploads') } = options;
  return {
    server,
    store: sdkStore(server.endpoint, uploadsDirectory, retries, options.target),
    directory,
    uploadsDirectory,
    write(file, content) {
      const path = join(directory, file);
      writeFileSync(path, content);
      return { path, artifact: artifactOf(content) };
    },
    count: (operation) => server.requests.filter((request) => request.operation === operation).length,
    stored: () => readFileSync(server.objectPath(bucket, KEY)),
    recordedParts() {
      const [file] = filesOf(uploadsDirectory).filter((name) => name.endsWith('.json'));
      if (file === undefined) return undefined;
      const state = JSON.parse(readFileSync(join(uploadsDirectory, file), 'utf8')) as UploadState;
      return state.parts.map(({ number }) => number);
    },
    remembered: () => filesOf(uploadsDirectory),
  };
}

function filesOf(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** A store for the stand-in at `endpoint`. */
export function sdkStore(
  endpoint: string,
  uploadsDirectory: string,
  retries = RETRIES,
  changes: Partial<OssTarget> = {},
): Store {
  const { accessKeyId, accessKeySecret } = permanentKey;
  const keys = { accessKeyId: new Secret(accessKeyId), accessKeySecret: new Secret(accessKeySecret) };
  const target = { bucket, prefix: PREFIX, endpoint, region, addressing: 'virtual' as const, ...changes };
  return openSdkStore({
    client: openOssClient(target, { keys: async () => keys }),
    uploadsDirectory,
    retries,
  });
}

/** Bytes of which no two parts are alike. */
export function content(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(sizeBytes, Buffer.from(Array.from({ length: 251 }, (_, index) => index)));
  for (let offset = 0; offset + 8 <= sizeBytes; offset += 4096) {
    bytes.writeUInt32LE(offset / 4096, offset);
    bytes.writeUInt32LE(seed, offset + 4);
  }
  return bytes;
}

/** So many full parts and a short one. */
export function partsAndABit(parts: number): number {
  return parts * FIRST_PART_BYTES + 12_345;
}

export function artifactOf(bytes: Buffer, name = NAME): Artifact {
  let crc = '0';
  for (let offset = 0; offset < bytes.length; offset += 1024 ** 2) {
    crc = crc64(bytes.subarray(offset, offset + 1024 ** 2), crc);
  }
  return {
    name,
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    crc64: crc,
  };
}
