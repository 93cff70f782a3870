import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ossError } from './oss-error.ts';

export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
  /** CRC-64/ECMA-182 of the data, decimal. */
  readonly crc64: string;
  /** With its quotes, as in the header. */
  readonly etag: string;
  readonly type: 'Normal' | 'Multipart';
  /** ISO 8601, UTC. */
  readonly lastModified: string;
  readonly acl: string;
  /** Headers to give back with the object: type, storage class, encryption, `x-oss-meta-*`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The objects of all buckets: data in files, one description beside each, so that they outlive the server. */
export class ObjectStore {
  readonly #directory: string;
  readonly #buckets: ReadonlyMap<string, Map<string, StoredObject>>;

  private constructor(directory: string, buckets: ReadonlyMap<string, Map<string, StoredObject>>) {
    this.#directory = directory;
    this.#buckets = buckets;
  }

  /** Opens the store in `directory`, with the objects that an earlier server left there. */
  static async open(directory: string, buckets: readonly string[]): Promise<ObjectStore> {
    // What an earlier server was receiving when it ended is nobody's.
    await rm(join(directory, 'incoming'), { recursive: true, force: true });
    await mkdir(join(directory, 'incoming'), { recursive: true });
    const entries = buckets.map(
      async (bucket) => [bucket, await readBucket(join(directory, bucket))] as const,
    );
    return new ObjectStore(directory, new Map(await Promise.all(entries)));
  }

  /** A new file name for data on its way in. */
  incomingPath(): string {
    return join(this.#directory, 'incoming', randomUUID());
  }

  /** Where the data of an object is. */
  pathOf(bucket: string, key: string): string {
    return join(this.#directory, bucket, createHash('sha256').update(key).digest('hex'));
  }

  find(bucket: string, key: string): StoredObject | undefined {
    return this.#bucket(bucket).get(key);
  }

  /** The object, or NoSuchKey. */
  get(bucket: string, key: string): StoredObject {
    const object = this.find(bucket, key);
    if (!object) throw ossError('NoSuchKey', { Key: key });
    return object;
  }

  /** All objects of the bucket by the bytes of their keys. */
  list(bucket: string): StoredObject[] {
    return [...this.#bucket(bucket).values()].sort((a, b) =>
      Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
    );
  }

  /** Makes the data in the file `incomingPath` the object; the file is moved. */
  async put(bucket: string, object: StoredObject, incomingPath: string): Promise<void> {
    const path = this.pathOf(bucket, object.key);
    await writeFile(`${path}.json`, JSON.stringify(object));
    await rename(incomingPath, path);
    this.#bucket(bucket).set(object.key, object);
  }

  async delete(bucket: string, key: string): Promise<void> {
    this.#bucket(bucket).delete(key);
    const path = this.pathOf(bucket, key);
    await Promise.all([rm(path, { force: true }), rm(`${path}.json`, { force: true })]);
  }

  #bucket(bucket: string): Map<string, StoredObject> {
    const objects = this.#buckets.get(bucket);
    if (!objects) throw ossError('NoSuchBucket', { BucketName: bucket });
    return objects;
  }
}

async function readBucket(directory: string): Promise<Map<string, StoredObject>> {
  await mkdir(directory, { recursive: true });
  const descriptions = (await readdir(directory)).filter((name) => name.endsWith('.json'));
  const objects = await Promise.all(
    descriptions.map(
      async (name) => JSON.parse(await readFile(join(directory, name), 'utf8')) as StoredObject,
    ),
  );
  return new Map(objects.map((object) => [object.key, object]));
}
