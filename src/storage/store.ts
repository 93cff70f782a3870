import type { Readable } from 'node:stream';
import type { Artifact } from '../report/record.ts';

/** What stores count over what they receive, beside the sha256 that is ours. */
export type StoreChecksum = 'crc64' | 'md5';

/** What a store itself says of an object that it holds. */
export interface StoredObject {
  readonly sizeBytes: number;
  /** CRC-64/ECMA-182 in decimal, counted by the store over what it received. */
  readonly crc64?: string | undefined;
  /** In hexadecimal. */
  readonly md5?: string | undefined;
  /** The sha256 that the uploader wrote beside the object. */
  readonly sha256?: string | undefined;
}

export interface ListedObject {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

export interface PutOptions {
  readonly overwrite: boolean;
  readonly signal: AbortSignal;
  /** Told the bytes that have been sent so far, by stores that know. */
  readonly onBytes?: ((sent: number) => void) | undefined;
}

export interface GetOptions {
  /** The first and the last byte, both included. */
  readonly range?: { readonly start: number; readonly end: number };
  readonly signal: AbortSignal;
}

/** `versioned`: hidden, while the bucket keeps an older version. `immutable`: refused, because a retention rule (WORM) protects it. */
export type Removal = 'removed' | 'versioned' | 'immutable';

/** What is known here of the runs whose uploads a store may hold half-way, by the names of their artifacts. */
export interface UploadFates {
  /** Whether somebody still waits for it. */
  readonly isWaiting: (name: string) => boolean;
  /** Whether it is of a run of this installation: others may share the place. */
  readonly isKnown: (name: string) => boolean;
}

export interface FollowOutcome {
  /** How much of the file was sent before it was complete. */
  readonly sentBytes: number;
  /** The fault that ended it, if one did. */
  readonly failure?: unknown;
  /** Where the file was complete before the fault, and that was waited for as long as `put` would wait: it will not do better. */
  readonly isWaitedOut?: true;
}

/** An upload that goes along with a file that is still being written. */
export interface Following {
  /**
   * To be called once the file is complete: sends what is missing, and again what was sent of its first bytes if they were written anew. `put` then
   * completes the upload, or makes up for what could not be sent.
   */
  finish(rewrittenBytes: number): void;
  /** Resolves once all is sent after `finish`, or nothing more will be. Never rejects. */
  readonly ended: Promise<FollowOutcome>;
  /** How much was sent so far. */
  sentBytes(): number;
  /** Stops, and gives up what was sent. Never rejects: what cannot be given up now is at a later `clearAbandoned`. */
  abort(): Promise<void>;
}

/** A place that keeps artifacts, by their file names. */
export interface Store {
  /** The checksum that it counts over what it received, and that artifacts must therefore have. */
  readonly checksum: StoreChecksum;
  /** Only where a `put` that was killed may leave the beginning of its file under the name. */
  readonly writesInPlace?: true;
  /** The address of an artifact, for people and reports. */
  url(name: string): string;
  /**
   * Asks once whether the store answers to us, which needs no object.
   * @throws PgBackupError CONFIRM_FAILED
   */
  probe(signal: AbortSignal): Promise<void>;
  /** Only where the store tells the time: how far our clock was ahead of its own (negative: behind) at its last answer; undefined before one. */
  clockDriftSeconds?(): number | undefined;
  /**
   * Sends a file, in place of an object of that name only if `overwrite` says so; resolving means that the tool reported no fault, not that the object is there.
   * @throws PgBackupError UPLOAD_FAILED, OBJECT_EXISTS
   */
  put(file: string, artifact: Artifact, options: PutOptions): Promise<void>;
  /**
   * Asks the store itself, by another route than `put`; undefined where there is no such object.
   * @throws PgBackupError CONFIRM_FAILED
   */
  stat(name: string, signal: AbortSignal): Promise<StoredObject | undefined>;
  /**
   * Every object directly below the store's prefix, by name, page after page.
   * @throws PgBackupError STORE_FAILED
   */
  list(signal: AbortSignal): AsyncIterable<ListedObject>;
  /**
   * The content of an object; a stream that breaks off ends with an error, never as if it were whole.
   * @throws PgBackupError STORE_FAILED
   */
  get(name: string, options: GetOptions): Promise<Readable>;
  /**
   * Removes an object; one that is not there counts as removed.
   * @throws PgBackupError STORE_FAILED
   */
  remove(name: string, signal: AbortSignal): Promise<Removal>;
  /** Only where the store can: begins to send a file that another process still appends to, to be completed by a `put` of the same name. */
  follow?(file: string, name: string, signal: AbortSignal): Following;
  /** Only where uploads can be left half-way: gives up those that nobody waits for, and returns the names for which that failed. Never rejects. */
  clearAbandoned?(fates: UploadFates, signal: AbortSignal): Promise<string[]>;
}
