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
}

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
  };
}

export const DUMP_SUFFIX = '.dump';
export const CHECKSUM_SUFFIX = '.dump.sha256';
export const GLOBALS_SUFFIX = '_globals.sql';

export function filesOfRun(layout: Layout, run: string): RunFiles {
  return {
    dump: join(layout.data, run + DUMP_SUFFIX),
    checksum: join(layout.data, run + CHECKSUM_SUFFIX),
    globals: join(layout.data, run + GLOBALS_SUFFIX),
    partialDump: join(layout.data, `.${run}${DUMP_SUFFIX}.partial`),
    partialChecksum: join(layout.data, `.${run}${CHECKSUM_SUFFIX}.partial`),
    partialGlobals: join(layout.data, `.${run}${GLOBALS_SUFFIX}.partial`),
    report: join(layout.reports, `${run}.json`),
    record: join(layout.records, `${run}.json`),
  };
}

/** The artifacts under their final names, the dump first. */
export function artifactFiles(files: RunFiles): string[] {
  return [files.dump, files.checksum, files.globals];
}

/** The artifacts as long as they are being written. */
export function partialFiles(files: RunFiles): string[] {
  return [files.partialDump, files.partialChecksum, files.partialGlobals];
}
