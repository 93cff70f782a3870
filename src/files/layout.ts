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
}

/** How the dump and the globals of a run are encrypted. */
export type EncryptionMethod = 'none' | 'age' | 'gpg';

/** Every file that a run leaves, and its hidden name while it is being written. */
export interface RunFiles {
  readonly dump: string;
  readonly checksum: string;
  readonly globals: string;
  readonly partialDump: string;
  readonly partialChecksum: string;
  readonly partialGlobals: string;
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
  };
}

export function filesOfRun(layout: Layout, run: string, encryption: EncryptionMethod = 'none'): RunFiles {
  const end = encryption === 'none' ? '' : `.${encryption}`;
  const dump = `${run}.dump${end}`;
  const checksum = `${dump}.sha256`;
  const globals = `${run}_globals.sql${end}`;
  return {
    dump: join(layout.data, dump),
    checksum: join(layout.data, checksum),
    globals: join(layout.data, globals),
    partialDump: join(layout.data, `.${dump}.partial`),
    partialChecksum: join(layout.data, `.${checksum}.partial`),
    partialGlobals: join(layout.data, `.${globals}.partial`),
    report: join(layout.reports, `${run}.json`),
    record: join(layout.records, `${run}.json`),
  };
}

export type ArtifactKind = 'dump' | 'checksum' | 'globals';

export interface ArtifactName {
  readonly run: string;
  readonly kind: ArtifactKind;
  readonly encryption: EncryptionMethod;
}

/** What the name of an artifact says; undefined for any other file name. The run's name is not checked. */
export function parseArtifactName(fileName: string): ArtifactName | undefined {
  const { run, dump, sum, globals } =
    /^(?<run>[^.].*?)(?:\.dump(?<dump>|\.age|\.gpg)(?<sum>\.sha256)?|_globals\.sql(?<globals>|\.age|\.gpg))$/.exec(
      fileName,
    )?.groups ?? {};
  if (run === undefined) return undefined;
  const encryption = ((dump ?? globals ?? '').slice(1) || 'none') as EncryptionMethod;
  if (globals !== undefined) return { run, kind: 'globals', encryption };
  return { run, kind: sum === undefined ? 'dump' : 'checksum', encryption };
}

/** The artifacts under their final names, the dump first. */
export function artifactFiles(files: RunFiles): string[] {
  return [files.dump, files.checksum, files.globals];
}

/** The artifacts as long as they are being written. */
export function partialFiles(files: RunFiles): string[] {
  return [files.partialDump, files.partialChecksum, files.partialGlobals];
}
