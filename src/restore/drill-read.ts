import type { Toc } from '../archive/toc.ts';
import { PgBackupError } from '../errors.ts';
import { parseArtifactName } from '../files/layout.ts';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import type { Text } from '../language.ts';
import type { Globals } from './globals-file.ts';
import type { ObtainedDump } from './obtain-dump.ts';
import type { RunSource } from './run-source.ts';

export interface ReadBackup {
  readonly toc: Toc;
  readonly globals: Globals | undefined;
  readonly fingerprint: Fingerprint | undefined;
}

/**
 * What belongs to a dump that was checked, read and checked in its turn before anything is started.
 * @throws PgBackupError COPY_ALTERED, ARCHIVE_UNKNOWN
 */
export async function readBackup(source: RunSource, dump: ObtainedDump): Promise<ReadBackup> {
  const lost = lostArtifact(source);
  if (lost !== undefined) throw new PgBackupError('COPY_ALTERED', { path: lost, detail: IS_MISSING });
  return {
    toc: await source.readToc(dump.path),
    globals: await source.readGlobals(),
    fingerprint: await source.readFingerprint(),
  };
}

/** A drill of a backup without its roles or its fingerprint would tell of another one; the checksum is not needed where a record has it. */
function lostArtifact({ record, present }: RunSource): string | undefined {
  return record?.artifacts.find(({ name }) => {
    const kind = parseArtifactName(name)?.kind;
    return kind !== undefined && kind !== 'checksum' && !present.has(kind);
  })?.name;
}

const IS_MISSING: Text = { en: 'it is missing', zh: '文件缺失' };
