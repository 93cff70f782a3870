import { join } from 'node:path';

/** The directories below `BACKUP_BASE_DIR`. */
export interface Layout {
  readonly base: string;
  readonly data: string;
  /** Read by the platform: holds nothing but its reports. */
  readonly reports: string;
  readonly records: string;
  /** One directory for each run that is under way, or was killed. */
  readonly running: string;
  /** One file for each upload that was begun and not completed. */
  readonly uploads: string;
  /** What has arrived so far of remote dumps that are being fetched for a restore. */
  readonly downloads: string;
  /** One account of each drill. */
  readonly drills: string;
  /** One note for each time of a schedule at which nothing was done, and why. */
  readonly skipped: string;
  /** What PG_DATABASES=* stood for the last time, one file for each server. */
  readonly databases: string;
  /** When which news was told the last time. */
  readonly notified: string;
  /** What is still to be put to REPORT_SOURCE: one mark for each file. */
  readonly unsent: string;
}

/** How the dump and the globals of a run are encrypted. */
export type EncryptionMethod = 'none' | 'age' | 'gpg';

/** Every file that a run leaves, and its hidden name while it is being written. */
export interface RunFiles {
  readonly dump: string;
  readonly checksum: string;
  readonly globals: string;
  readonly fingerprint: string;
  readonly partialDump: string;
  readonly partialChecksum: string;
  readonly partialGlobals: string;
  readonly partialFingerprint: string;
  readonly report: string;
  readonly record: string;
}

export function layoutOf(baseDirectory: string): Layout {
  return {
    base: baseDirectory,
    data: join(baseDirectory, 'data'),
    reports: join(baseDirectory, 'reports'),
    records: join(baseDirectory, 'records'),
    running: join(baseDirectory, 'running'),
    uploads: join(baseDirectory, 'uploads'),
    downloads: join(baseDirectory, 'downloads'),
    drills: join(baseDirectory, 'drills'),
    skipped: join(baseDirectory, 'skipped'),
    databases: join(baseDirectory, 'databases'),
    notified: join(baseDirectory, 'notified'),
    unsent: join(baseDirectory, 'unsent'),
  };
}

export function filesOfRun(layout: Layout, run: string, encryption: EncryptionMethod = 'none'): RunFiles {
  const end = encryption === 'none' ? '' : `.${encryption}`;
  const dump = `${run}.dump${end}`;
  const checksum = `${dump}.sha256`;
  const globals = `${run}_globals.sql${end}`;
  const fingerprint = `${run}_fingerprint.json${end}`;
  return {
    dump: join(layout.data, dump),
    checksum: join(layout.data, checksum),
    globals: join(layout.data, globals),
    fingerprint: join(layout.data, fingerprint),
    partialDump: join(layout.data, `.${dump}.partial`),
    partialChecksum: join(layout.data, `.${checksum}.partial`),
    partialGlobals: join(layout.data, `.${globals}.partial`),
    partialFingerprint: join(layout.data, `.${fingerprint}.partial`),
    report: join(layout.reports, `${run}.json`),
    record: join(layout.records, `${run}.json`),
  };
}

export type ArtifactKind = 'dump' | 'checksum' | 'globals' | 'fingerprint';

export interface ArtifactName {
  readonly run: string;
  readonly kind: ArtifactKind;
  readonly encryption: EncryptionMethod;
}

/** What the name of an artifact says; undefined for any other file name. The run's name is not checked. */
export function parseArtifactName(fileName: string): ArtifactName | undefined {
  const { run, dump, sum, side, encrypted } = ARTIFACT_NAME.exec(fileName)?.groups ?? {};
  if (run === undefined) return undefined;
  const encryption = ((dump ?? encrypted ?? '').slice(1) || 'none') as EncryptionMethod;
  if (side !== undefined)
    return { run, kind: side === 'globals.sql' ? 'globals' : 'fingerprint', encryption };
  return { run, kind: sum === undefined ? 'dump' : 'checksum', encryption };
}

const ARTIFACT_NAME =
  /^(?<run>[^.].*?)(?:\.dump(?<dump>|\.age|\.gpg)(?<sum>\.sha256)?|_(?<side>globals\.sql|fingerprint\.json)(?<encrypted>|\.age|\.gpg))$/;

/** The artifacts under their final names, the dump first. */
export function artifactFiles(files: RunFiles): string[] {
  return [files.dump, files.checksum, files.globals, files.fingerprint];
}

/** The artifacts as long as they are being written. */
export function partialFiles(files: RunFiles): string[] {
  return [files.partialDump, files.partialChecksum, files.partialGlobals, files.partialFingerprint];
}
