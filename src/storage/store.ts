/** What a store itself says of an object that it holds. */
export interface StoredObject {
  readonly sizeBytes: number;
  /** CRC-64/ECMA-182 in decimal, counted by the store over what it received. */
  readonly crc64: string | undefined;
  /** The sha256 that the uploader wrote beside the object. */
  readonly sha256: string | undefined;
}

/** A place away from this machine that keeps artifacts. */
export interface Store {
  /** The address of an artifact, for people and reports. */
  url(name: string): string;
  /**
   * Sends a file; resolving means that the tool reported no fault, not that the object is there.
   * @throws PgBackupError UPLOAD_FAILED, OBJECT_EXISTS
   */
  put(
    file: string,
    artifact: { readonly name: string; readonly sha256: string },
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Asks the store itself, by another route than `put`; undefined where there is no such object.
   * @throws PgBackupError CONFIRM_FAILED
   */
  stat(name: string, signal: AbortSignal): Promise<StoredObject | undefined>;
}
