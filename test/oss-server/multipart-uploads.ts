import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ossError } from './oss-error.ts';

export interface Part {
  readonly number: number;
  readonly sizeBytes: number;
  /** MD5 of the data. */
  readonly md5: Buffer;
  /** With its quotes, as in the header. */
  readonly etag: string;
  readonly lastModified: string;
}

export interface Upload {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiated: string;
  readonly acl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, Part>;
}

/** The multipart uploads that are neither completed nor aborted. They end with the server. */
export class MultipartUploads {
  readonly #directory: string;
  readonly #pending = new Map<string, Upload>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<MultipartUploads> {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    return new MultipartUploads(directory);
  }

  async initiate(upload: Omit<Upload, 'uploadId' | 'parts'>): Promise<Upload> {
    const uploadId = randomBytes(16).toString('hex').toUpperCase();
    const pending: Upload = { ...upload, uploadId, parts: new Map() };
    await mkdir(join(this.#directory, uploadId));
    this.#pending.set(uploadId, pending);
    return pending;
  }

  /** The upload, or NoSuchUpload. */
  get(bucket: string, key: string, uploadId: string): Upload {
    const upload = this.#pending.get(uploadId);
    if (upload?.bucket === bucket && upload.key === key) return upload;
    throw ossError('NoSuchUpload', { UploadId: uploadId });
  }

  /** All of the bucket, by key and then by upload id. */
  list(bucket: string): Upload[] {
    const rank = ({ key, uploadId }: Upload) => Buffer.from(`${key}\0${uploadId}`);
    const uploads = [...this.#pending.values()].filter((upload) => upload.bucket === bucket);
    return uploads.sort((a, b) => Buffer.compare(rank(a), rank(b)));
  }

  /** Makes the data in the file `incomingPath` a part, in the place of an earlier one of that number. */
  async addPart(upload: Upload, part: Part, incomingPath: string): Promise<void> {
    // The upload may have been aborted while the part was on its way.
    this.get(upload.bucket, upload.key, upload.uploadId);
    await rename(incomingPath, this.pathOf(upload, part.number));
    upload.parts.set(part.number, part);
  }

  pathOf(upload: Upload, partNumber: number): string {
    return join(this.#directory, upload.uploadId, String(partNumber));
  }

  /** Forgets the upload and removes its parts. */
  async end(upload: Upload): Promise<void> {
    this.#pending.delete(upload.uploadId);
    await rm(join(this.#directory, upload.uploadId), { recursive: true, force: true });
  }
}
