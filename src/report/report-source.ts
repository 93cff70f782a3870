/** What runs and drills leave for others to read, by the names of the directories. */
export type SharedKind = 'reports' | 'records' | 'drills';

/** An object as it is listed, by its path below the directory of its kind. */
export interface ListedReport {
  readonly path: string;
  readonly sizeBytes: number;
  /** Another one for another content. */
  readonly stamp: string;
}

/** A place beyond the volume that takes reports, records and accounts of drills, and gives them back. */
export interface ReportSource {
  /** For people: `oss://bucket/prefix`. */
  readonly url: string;
  /**
   * Puts a file in place of the one that may be there. Passing faults are tried again for a while.
   * @throws PgBackupError UPLOAD_FAILED
   */
  put(kind: SharedKind, path: string, content: Buffer, signal: AbortSignal): Promise<void>;
  /**
   * All objects of a kind in the order of their paths, page after page; only those behind a path, where one is given.
   * @throws PgBackupError STORE_FAILED
   */
  list(kind: SharedKind, after: string | undefined, signal: AbortSignal): AsyncIterable<ListedReport[]>;
  /**
   * The whole of an object; `gone` where there is none, `unusable` where it is larger than that or lies in an archive. Never more than
   * `maximumBytes` are read.
   * @throws PgBackupError STORE_FAILED
   */
  read(
    kind: SharedKind,
    path: string,
    maximumBytes: number,
    signal: AbortSignal,
  ): Promise<Buffer | 'gone' | 'unusable'>;
}

/** The path of a file below the directory of its kind: `YYYY/MM/<name>`, by the time in its name; undefined where it tells none. */
export function sharedPath(fileName: string): string | undefined {
  const { year, month } = NAME.exec(fileName)?.groups ?? {};
  return year === undefined || month === undefined ? undefined : `${year}/${month}/${fileName}`;
}

/** `<database>_<time>_<host>.json` of a run; of a drill the time to the millisecond follows. */
const NAME = /_(?<year>\d{4})(?<month>0[1-9]|1[0-2])\d{2}T(?:\d{6}Z_[A-Za-z0-9-]+|\d{9}Z)\.json$/;
