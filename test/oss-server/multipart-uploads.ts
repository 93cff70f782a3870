import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectDescription } from './object-headers.ts';
import { ossError } from './oss-error.ts';

export interface Part {
  readonly number: number;
  readonly sizeBytes: number;
  /** MD5 of the data, hex. */
  readonly md5: string;
  /** With its quotes, as in the header. */
  readonly etag: string;
  readonly lastModified: string;
}

export interface Upload extends ObjectDescription {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiated: string;
  readonly parts: Map<number, Part>;
}

const descriptionName = 'upload.json';

/** The multipart uploads that are neither completed nor aborted: a directory each, so that they outlive the server. */
export class MultipartUploads {
  readonly #directory: string;
  readonly #pending: Map<string, Upload>;

  private constructor(directory: string, pending: Map<string, Upload>) {
    this.#directory = directory;
    this.#pending = pending;
  }

  /** Opens `directory`, with the uploads and their complete parts that an earlier server left there. */
  static async open(directory: string): Promise<MultipartUploads> {
    await mkdir(directory, { recursive: true });
    const uploads = await Promise.all(
      (await readdir(directory)).map((name) => readUpload(join(directory, name))),
    );
    return new MultipartUploads(
      directory,
      new Map(uploads.flatMap((upload) => (upload ? [[upload.uploadId, upload] as const] : []))),
    );
  }

  async initiate(upload: Omit<Upload, 'uploadId' | 'parts'>): Promise<Upload> {
    const uploadId = randomBytes(16).toString('hex').toUpperCase();
    const pending: Upload = { ...upload, uploadId, parts: new Map() };
    await mkdir(join(this.#directory, uploadId));
    await writeFile(
      join(this.#directory, uploadId, descriptionName),
      JSON.stringify({ ...upload, uploadId }),
    );
    this.#pending.set(uploadId, pending);
    return pending;
  }

  /** The upload, or undefined where there is none of that id for that object. */
  find(bucket: string, key: string, uploadId: string): Upload | undefined {
    const upload = this.#pending.get(uploadId);
    return upload?.bucket === bucket && upload.key === key ? upload : undefined;
  }

  /** All of the bucket, by key and then by upload id. */
  list(bucket: string): Upload[] {
    const rank = ({ key, uploadId }: Upload) => Buffer.from(`${key}\0${uploadId}`);
    const uploads = [...this.#pending.values()].filter((upload) => upload.bucket === bucket);
    return uploads.sort((a, b) => Buffer.compare(rank(a), rank(b)));
  }

  /** Makes the data in the file `incomingPath` a part, in the place of an earlier one of that number; or NoSuchUpload. */
  async addPart(upload: Upload, part: Part, incomingPath: string): Promise<void> {
    // The upload may have been aborted while the part was on its way.
    if (!this.#pending.has(upload.uploadId)) {
      throw ossError('NoSuchUpload', { UploadId: upload.uploadId, ec: '0042-00000104' });
    }
    const path = this.pathOf(upload, part.number);
    await rm(`${path}.json`, { force: true });
    await rename(incomingPath, path);
    await writeFile(`${path}.json`, JSON.stringify(part));
    upload.parts.set(part.number, part);
  }

  pathOf(upload: Upload, partNumber: number): string {
    return join(this.#directory, upload.uploadId, String(partNumber));
  }

  /** Forgets the upload and removes its parts. */
  async end(upload: Upload): Promise<void> {
    this.#pending.delete(upload.uploadId);
    // A part may just be on its way into the directory, which is not empty then.
    await rm(join(this.#directory, upload.uploadId), { recursive: true, force: true, maxRetries: 5 });
  }
}

async function readUpload(directory: string): Promise<Upload | undefined> {
  const upload = await readDescription<Omit<Upload, 'parts'>>(join(directory, descriptionName));
  if (!upload) {
    await rm(directory, { recursive: true, force: true });
    return undefined;
  }
  const names = (await readdir(directory)).filter((name) => /^\d+\.json$/.test(name));
  const parts = await Promise.all(names.map((name) => readDescription<Part>(join(directory, name))));
  return { ...upload, parts: new Map(parts.flatMap((part) => (part ? [[part.number, part] as const] : []))) };
}

// A server that was killed leaves half a description: what it describes never came to be.
async function readDescription<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
