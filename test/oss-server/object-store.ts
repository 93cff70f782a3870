import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ObjectVersions, type VersionSummary } from './object-versions.ts';
import { ossError } from './oss-error.ts';

export interface BucketOptions {
  readonly name: string;
  /** Versioning: a delete only hides an object, and an overwritten one stays as an older version. Off where left out. */
  readonly versioning?: 'Enabled' | 'Suspended';
  /**
   * A locked retention policy that protects every object: FileImmutable for an overwrite or a delete. Together with
   * versioning both succeed, as they take nothing away.
   */
  readonly worm?: boolean;
}

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
  readonly tags: Readonly<Record<string, string>>;
  /** In a versioned bucket only. */
  readonly versionId?: string | undefined;
}

interface Bucket {
  readonly options: BucketOptions;
  readonly objects: Map<string, StoredObject>;
  readonly versions: ObjectVersions;
}

/**
 * The objects of all buckets: data in files, one description beside each, so that they outlive the server. Of older
 * versions only the record is kept, not the data.
 */
export class ObjectStore {
  readonly #directory: string;
  readonly #buckets: ReadonlyMap<string, Bucket>;

  private constructor(directory: string, buckets: ReadonlyMap<string, Bucket>) {
    this.#directory = directory;
    this.#buckets = buckets;
  }

  /**
   * Opens the store in `directory`, with the objects that an earlier server left there. Throws an Error for a bucket that
   * OSS would not have: it sets no retention policy while versioning is suspended.
   */
  static async open(directory: string, buckets: readonly BucketOptions[]): Promise<ObjectStore> {
    const impossible = buckets.find(({ worm, versioning }) => worm && versioning === 'Suspended');
    if (impossible)
      throw new Error(`bucket ${impossible.name}: no retention policy where versioning is suspended`);
    // What an earlier server was receiving when it ended is nobody's.
    await rm(join(directory, 'incoming'), { recursive: true, force: true });
    await mkdir(join(directory, 'incoming'), { recursive: true });
    const entries = buckets.map(async (options) => {
      const bucketDirectory = join(directory, options.name);
      await mkdir(bucketDirectory, { recursive: true });
      const versions = await ObjectVersions.open(join(bucketDirectory, 'versions'), options.versioning);
      return [options.name, { options, versions, objects: await readObjects(bucketDirectory) }] as const;
    });
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

  optionsOf(bucket: string): BucketOptions {
    return this.#bucket(bucket).options;
  }

  find(bucket: string, key: string): StoredObject | undefined {
    return this.#bucket(bucket).objects.get(key);
  }

  /** All objects of the bucket by the bytes of their keys. */
  list(bucket: string): StoredObject[] {
    return [...this.#bucket(bucket).objects.values()].sort((a, b) =>
      Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
    );
  }

  /** Every version and delete marker of the bucket, oldest first; empty without versioning. */
  versions(bucket: string): readonly VersionSummary[] {
    return this.#bucket(bucket).versions.entries;
  }

  /** The version id of the delete marker that hides the object, if one does. */
  deleteMarker(bucket: string, key: string): string | undefined {
    return this.#bucket(bucket).versions.deleteMarker(key);
  }

  /** Throws FileImmutable where a retention policy protects the object from being overwritten or deleted. */
  refuseImmutable(bucket: string, key: string): void {
    const { options, objects } = this.#bucket(bucket);
    if (options.worm && !options.versioning && objects.has(key))
      throw ossError('FileImmutable', { Key: key });
  }

  /** Makes the data in the file `incomingPath` the object; the file is moved. Returns the version id, if there is one. */
  async put(
    bucket: string,
    object: Omit<StoredObject, 'versionId'>,
    incomingPath: string,
  ): Promise<string | undefined> {
    const { objects, versions } = this.#bucket(bucket);
    const path = this.pathOf(bucket, object.key);
    const versionId = await versions.add({
      key: object.key,
      sizeBytes: object.sizeBytes,
      isDeleteMarker: false,
    });
    const stored: StoredObject = { ...object, versionId };
    await writeFile(`${path}.json`, JSON.stringify(stored));
    await rename(incomingPath, path);
    objects.set(object.key, stored);
    return versionId;
  }

  /** Removes the object or, in a versioned bucket, hides it: then returns the version id of the delete marker. */
  async delete(bucket: string, key: string): Promise<string | undefined> {
    this.refuseImmutable(bucket, key);
    const { objects, versions } = this.#bucket(bucket);
    objects.delete(key);
    const path = this.pathOf(bucket, key);
    const versionId = await versions.add({ key, sizeBytes: 0, isDeleteMarker: true });
    await Promise.all([rm(path, { force: true }), rm(`${path}.json`, { force: true })]);
    return versionId;
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (!bucket) throw ossError('NoSuchBucket', { BucketName: name });
    return bucket;
  }
}

async function readObjects(directory: string): Promise<Map<string, StoredObject>> {
  const descriptions = (await readdir(directory)).filter((name) => name.endsWith('.json'));
  const objects = await Promise.all(
    descriptions.map(
      async (name) => JSON.parse(await readFile(join(directory, name), 'utf8')) as StoredObject,
    ),
  );
  return new Map(objects.map((object) => [object.key, object]));
}
