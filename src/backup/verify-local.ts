import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tellsDamage } from '../encryption/failure.ts';
import { PgBackupError } from '../errors.ts';
import { parseArtifactName } from '../files/layout.ts';
import { hasErrorCode, onDisk } from '../files/storage-error.ts';
import type { Text } from '../language.ts';
import type { Artifact } from '../report/record.ts';
import type { ArchiveReader } from './archive-reader.ts';
import { measureFile } from './checksum.ts';
import type { CopiesOfRun } from './copies.ts';
import { fileSizeBytes } from './dump.ts';
import type { KnownRun } from './known-runs.ts';
import { type CheckResult, type Finding, fault, note, proof } from './verify-result.ts';

/** Nothing longer is a line of sha256sum about one file. */
const LONGEST_CHECKSUM_BYTES = 4096;

export interface LocalCheckOptions {
  /** The directory of the artifacts. */
  readonly data: string;
  readonly reader: ArchiveReader;
  readonly signal: AbortSignal;
  /** Told the bytes of this run that have been read so far. */
  readonly onBytes: (done: number) => void;
}

/**
 * Compares the files of a run with what its record or report says, and reads its archive in full. Changes nothing.
 * @throws PgBackupError COMMAND_MISSING without a PostgreSQL client
 */
export async function checkLocal(run: CopiesOfRun, options: LocalCheckOptions): Promise<CheckResult> {
  const { known } = run;
  if (!known || !isExpectedHere(run)) return { findings: [note(NO_LOCAL_COPY)] };
  const files = expectedFiles(known, options.data);
  const { faults, missing } = await compareFiles(files, options);
  // Retention may have taken them away meanwhile.
  if (missing === files.length && !isIndispensableHere(run)) return { findings: [note(NO_LOCAL_COPY)] };
  if (faults.length > 0) return { findings: faults };
  const isHashKnown = files.some(({ sha256 }) => sha256 !== undefined);
  return readBack(known, options, isHashKnown ? [proof(SIZE_AND_SHA256)] : []);
}

/** True where files of the run are here, or have to be. */
export function isExpectedHere(run: CopiesOfRun): boolean {
  return run.local !== undefined || isIndispensableHere(run);
}

function isIndispensableHere({ known, isIndispensable }: CopiesOfRun): boolean {
  return (
    isIndispensable && (known?.awaitsUpload === true || (known?.record ?? known?.report)?.mode !== 'oss')
  );
}

type ExpectedFile = Pick<Artifact, 'name'> & Partial<Artifact>;

/** By the record; a report of the old script knows the dump alone, and not always all of it. */
function expectedFiles({ artifactNames, record, report }: KnownRun, data: string): ExpectedFile[] {
  const recorded = record?.artifacts.filter(({ name }) => artifactNames.includes(name)) ?? [];
  if (recorded.length > 0) return recorded;
  const { sizeBytes = 0, checksumSha256 = '' } = report?.local ?? {};
  const [dump = '', ...others] = artifactNames;
  return [
    {
      name: dump,
      ...(sizeBytes > 0 ? { sizeBytes } : {}),
      ...(/^[0-9a-f]{64}$/.test(checksumSha256) ? { sha256: checksumSha256 } : {}),
    },
    ...others.filter((name) => fileSizeBytes(join(data, name)) > 0).map((name) => ({ name })),
  ];
}

async function compareFiles(
  files: readonly ExpectedFile[],
  { data, signal, onBytes }: LocalCheckOptions,
): Promise<{ faults: Finding[]; missing: number }> {
  const faults: Finding[] = [];
  let missing = 0;
  let before = 0;
  let dumpSha256: string | undefined;
  for (const { name, sizeBytes, sha256 } of files) {
    signal.throwIfAborted();
    const path = join(data, name);
    const size = await regularFileSize(path);
    if (typeof size !== 'number') {
      faults.push(fault(size, { name }));
      if (size === MISSING) missing += 1;
      continue;
    }
    if (sizeBytes !== undefined && size !== sizeBytes) {
      faults.push(fault(size < sizeBytes ? TRUNCATED : OTHER_SIZE, { name, size, expected: sizeBytes }));
      continue;
    }
    const measured = await measureFile(path, name, { signal, onBytes: (done) => onBytes(before + done) });
    before += size;
    const kind = parseArtifactName(name)?.kind;
    if (sha256 !== undefined && measured.sha256 !== sha256) {
      faults.push(fault(ALTERED, { name }));
    } else if (kind === 'dump') {
      dumpSha256 = measured.sha256;
    } else if (kind === 'checksum' && dumpSha256 && !(await vouchesFor(path, size, dumpSha256))) {
      faults.push(fault(OTHER_CHECKSUM, { name }));
    }
  }
  return { faults, missing };
}

/** Neither a link is followed nor a FIFO waited for. */
async function regularFileSize(path: string): Promise<number | typeof MISSING | typeof NO_FILE> {
  return onDisk(path, async () => {
    try {
      const facts = await lstat(path);
      return facts.isFile() ? facts.size : NO_FILE;
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return MISSING;
      throw error;
    }
  });
}

/** Whether a checksum file names this sha256; that of the old script has a whole path behind it. */
async function vouchesFor(path: string, sizeBytes: number, sha256: string): Promise<boolean> {
  if (sizeBytes > LONGEST_CHECKSUM_BYTES) return false;
  const text = await onDisk(path, () => readFile(path, 'utf8'));
  return text.startsWith(`${sha256} `);
}

async function readBack(
  { artifactNames: [dump = ''] }: KnownRun,
  { data, reader, signal }: LocalCheckOptions,
  proofs: readonly Finding[],
): Promise<CheckResult> {
  try {
    const method = parseArtifactName(dump)?.encryption ?? 'none';
    const outcome = await reader.read(join(data, dump), method);
    const readBack = {
      read: proof(FULL_READ),
      'no-keys': note(NO_IDENTITY),
      'other-method': note(OTHER_METHOD, { method }),
    }[outcome];
    return { findings: [...proofs, readBack] };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PgBackupError)) throw error;
    if (error.code === 'ARCHIVE_DAMAGED' || tellsDamage(error)) {
      return { findings: [fault(UNREADABLE, { name: dump, detail: error.parameters['detail'] ?? '' })] };
    }
    // The file is as it was: keys that do not fit it say nothing against it.
    if (error.code === 'ENCRYPTION_FAILED') return { findings: proofs, failure: error };
    throw error;
  }
}

const NO_LOCAL_COPY: Text = { en: 'no copy here', zh: '本地无副本' };
const SIZE_AND_SHA256: Text = { en: 'size, sha256', zh: '大小、sha256' };
const FULL_READ: Text = { en: 'full read', zh: '完整读回' };
const NO_IDENTITY: Text = {
  en: 'not read: it is encrypted, and neither BACKUP_ENCRYPTION_IDENTITY_FILE nor BACKUP_ENCRYPTION_PASSPHRASE is set',
  zh: '未读回：已加密，且未设置 BACKUP_ENCRYPTION_IDENTITY_FILE 或 BACKUP_ENCRYPTION_PASSPHRASE',
};
const OTHER_METHOD: Text = {
  en: 'not read: needs a key for {method}, and BACKUP_ENCRYPTION names another method now',
  zh: '未读回：需要 {method} 的密钥，而 BACKUP_ENCRYPTION 现为另一种方式',
};
const MISSING: Text = { en: '{name} is missing', zh: '{name} 缺失' };
const NO_FILE: Text = { en: '{name} is no regular file', zh: '{name} 不是普通文件' };
const TRUNCATED: Text = {
  en: '{name} is truncated: {size} of {expected} bytes',
  zh: '{name} 被截断：{expected} 字节中仅有 {size} 字节',
};
const OTHER_SIZE: Text = {
  en: '{name} has {size} bytes instead of {expected}',
  zh: '{name} 为 {size} 字节，应为 {expected} 字节',
};
const ALTERED: Text = {
  en: '{name} is altered: its sha256 is another one',
  zh: '{name} 已被改动：sha256 不一致',
};
const OTHER_CHECKSUM: Text = {
  en: '{name} does not fit the dump',
  zh: '{name} 与转储不符',
};
const UNREADABLE: Text = { en: '{name} cannot be read back: {detail}', zh: '{name} 无法完整读回：{detail}' };
