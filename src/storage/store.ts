/** What a store itself says of an object that it holds. */
export interface StoredObject {
  readonly sizeBytes: number;
  /** CRC-64/ECMA-182 in decimal, counted by the store over what it received. */
  readonly crc64: string | undefined;
  /** The sha256 that the uploader wrote beside the object. */
  readonly sha256: string | undefined;
}

export interface PutOptions {
  readonly overwrite: boolean;
  readonly signal: AbortSignal;
}

/** A place away from this machine that keeps artifacts. */
export interface Store {
  /** The address of an artifact, for people and reports. */
  url(name: string): string;
  /**
   * Asks once whether the store answers to us, which needs no object.
   * @throws PgBackupError CONFIRM_FAILED
   */
  probe(signal: AbortSignal): Promise<void>;
  /**
   * Sends a file, in place of an object of that name only if `overwrite` says so; resolving means that the tool reported no fault, not that the object is there.
   * @throws PgBackupError UPLOAD_FAILED, OBJECT_EXISTS
   */
  put(
    file: string,
    artifact: { readonly name: string; readonly sha256: string },
    options: PutOptions,
  ): Promise<void>;
  /**
   * Asks the store itself, by another route than `put`; undefined where there is no such object.
   * @throws PgBackupError CONFIRM_FAILED
   */
  stat(name: string, signal: AbortSignal): Promise<StoredObject | undefined>;
}
