import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer as readBytes, text as readText } from 'node:stream/consumers';
import { readTocOfStream } from '../archive/read-toc.ts';
import { NotAnArchive, type Toc } from '../archive/toc.ts';
import type { BackupContext } from '../backup/context.ts';
import type { CopiesOfRun } from '../backup/copies.ts';
import { fileSizeBytes } from '../backup/dump.ts';
import { parseRunName } from '../backup/run-name.ts';
import { openEncryption } from '../encryption/encryption.ts';
import { PgBackupError } from '../errors.ts';
import { type ArtifactKind, type EncryptionMethod, layoutOf, parseArtifactName } from '../files/layout.ts';
import { onDisk } from '../files/storage-error.ts';
import { type Fingerprint, parseFingerprint } from '../fingerprint/fingerprint.ts';
import { fillIn, type Text } from '../language.ts';
import type { RecordSummary } from '../report/record.ts';
import type { Store } from '../storage/store.ts';
import { decodeGlobals, type Globals, parseGlobals } from './globals-file.ts';

/** What globals or a fingerprint can be at most; more is nothing that we wrote. */
const MAXIMUM_SMALL_BYTES = 256 * 1024 * 1024;
/** Enough for the table of contents; pg_dump writes it first. */
const HEAD_BYTES = 1024 * 1024 * 1024;

/** The files of one run, wherever they are. Nothing of them is trusted before it was compared with the run's sha256. */
export interface RunSource {
  readonly run: string;
  readonly database: string;
  readonly startedAt: Date;
  /** The server it came from, as `host:port`; undefined where nothing here tells of the run. */
  readonly series: string | undefined;
  readonly record: RecordSummary | undefined;
  readonly place: 'local' | 'remote';
  readonly encryption: EncryptionMethod;
  readonly dump: SourceFile;
  /** Which of its files are there. */
  readonly present: ReadonlySet<ArtifactKind>;
  /** What the dump's sha256 must be. */
  readonly sha256: string;
  /** Whether dump and globals can be read as plain text. */
  readonly canRead: boolean;
  /** The dump as it lies there, from its beginning. */
  openHead(): Promise<Readable>;
  /** From `path` where a fetched and checked copy of the dump lies there. @throws PgBackupError ARCHIVE_UNKNOWN */
  readToc(path?: string): Promise<Toc>;
  /** Undefined where none was taken. @throws PgBackupError COPY_ALTERED for one that belongs to another dump */
  readFingerprint(): Promise<Fingerprint | undefined>;
  /** The roles and tablespaces; undefined where the backup was made without. @throws PgBackupError ARCHIVE_UNKNOWN */
  readGlobals(): Promise<Globals | undefined>;
  /** The plain text of an encrypted file, as a stream; the file's own bytes otherwise. */
  decrypt(encrypted: Readable): Readable;
  close(): Promise<void>;
}

/** `path` for a file that is here, the object's name for one that is not. */
export interface SourceFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly path: string | undefined;
}

/**
 * Opens the files of a run: the local ones where the dump is here, else those in the store.
 * @throws PgBackupError COPY_ALTERED where nothing tells what the dump must be, ENCRYPTION_FAILED for keys that cannot be used
 */
export async function openRunSource(
  context: BackupContext,
  run: CopiesOfRun,
  options: { readonly store: Store | undefined; readonly temporaryDirectory: string },
): Promise<RunSource> {
  const { settings, environment, signal } = context;
  const { store, temporaryDirectory } = options;
  const files = filesOf(run, layoutOf(settings.BACKUP_BASE_DIR).data);
  const dump = files.get('dump');
  if (!dump) throw new Error(`${run.name} has no dump`);
  const method = parseArtifactName(dump.name)?.encryption ?? 'none';
  const encryption =
    method === 'none'
      ? undefined
      : await openEncryption(method, { settings, environment, temporaryDirectory, signal, readOnly: true });
  const decrypt = (encrypted: Readable): Readable => encryption?.decrypt(encrypted, signal) ?? encrypted;
  const open = (
    file: SourceFile,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Readable> => openFile(file, store, signal, range);
  const readPlain = async (kind: ArtifactKind, expected?: string): Promise<Buffer | undefined> => {
    const file = files.get(kind);
    if (!file || encryption?.canDecrypt === false) return undefined;
    if (file.sizeBytes > MAXIMUM_SMALL_BYTES) throw altered(file, TOO_LARGE);
    const bytes = await onDisk(file.path ?? file.name, async () => readBytes(await open(file)));
    const artifact = run.known?.record?.artifacts.find(({ name }) => name === file.name);
    const wanted = artifact?.sha256 ?? expected;
    if (wanted !== undefined && wanted !== hashOf(bytes)) throw altered(file, OTHER_SHA256);
    return readBytes(decrypt(Readable.from([bytes])));
  };
  const sha256 = await expectedSha256(run, dump, files.get('checksum'), open);
  const readFingerprint = async (): Promise<Fingerprint | undefined> => {
    const bytes = await readPlain('fingerprint');
    const file = files.get('fingerprint');
    if (bytes === undefined || !file) return undefined;
    const fingerprint = parseFingerprint(bytes.toString('utf8'));
    if (!fingerprint) throw altered(file, NO_FINGERPRINT);
    const isOfThisDump = fingerprint.run === run.name && fingerprint.dumpSha256 === sha256;
    if (!isOfThisDump) throw altered(file, fillIn(OTHER_DUMP, { run: fingerprint.run }));
    return fingerprint;
  };
  return {
    run: run.name,
    database: parseRunName(run.name)?.database ?? '',
    startedAt: run.startedAt,
    series: run.known?.series,
    record: run.known?.record,
    place: dump.path === undefined ? 'remote' : 'local',
    ...{ encryption: method, dump, sha256, decrypt },
    present: new Set(files.keys()),
    canRead: encryption?.canDecrypt !== false,
    openHead: () => openHead(dump, open),
    readToc: async (path = dump.path) => {
      const file = { ...dump, path };
      return readHead(await openHead(file, open), decrypt, file);
    },
    readFingerprint,
    async readGlobals() {
      // Without a record only the fingerprint can tell what they must be; one that is damaged tells nothing.
      const fingerprint = await readFingerprint().catch(() => undefined);
      const bytes = await readPlain('globals', fingerprint?.globalsSha256);
      return bytes && parseGlobals(decodeGlobals(bytes), files.get('globals')?.name ?? '');
    },
    close: async () => encryption?.close(),
  };
}

/** All from one place: a dump of here and a fingerprint of there could be of two attempts. */
function filesOf(run: CopiesOfRun, data: string): Map<ArtifactKind, SourceFile> {
  const dumpName = run.known?.artifactNames[0];
  const isHere = run.local !== undefined && run.local.sizeBytes > 0 && dumpName !== undefined;
  const objects = [...(run.remote?.objects ?? []), ...(run.unrecorded?.objects ?? [])];
  const found: SourceFile[] = isHere
    ? (run.known?.artifactNames ?? []).map((name) => {
        const path = join(data, name);
        return { name, path, sizeBytes: fileSizeBytes(path) };
      })
    : objects.map(({ name, sizeBytes }) => ({ name, sizeBytes, path: undefined }));
  const named = found.flatMap((file) => {
    const parsed = parseArtifactName(file.name);
    return parsed && file.sizeBytes > 0 ? [{ file, ...parsed }] : [];
  });
  // A plain dump that somebody put beside an encrypted one is not what was backed up.
  const dumps = named.filter(({ kind }) => kind === 'dump');
  const dump = dumps.find(({ encryption }) => encryption !== 'none') ?? dumps[0];
  return new Map(
    named
      .filter(({ encryption }) => encryption === dump?.encryption)
      .map(({ kind, file }): [ArtifactKind, SourceFile] => [kind, file]),
  );
}

async function openFile(
  { name, path }: SourceFile,
  store: Store | undefined,
  signal: AbortSignal,
  range?: { readonly start: number; readonly end: number },
): Promise<Readable> {
  if (path !== undefined) return createReadStream(path, { ...range, signal });
  if (!store) throw new Error(`${name} is in a store that was not opened`);
  return store.get(name, { signal, ...(range ? { range } : {}) });
}

type OpenFile = (
  file: SourceFile,
  range?: { readonly start: number; readonly end: number },
) => Promise<Readable>;

function openHead(dump: SourceFile, open: OpenFile): Promise<Readable> {
  return open(dump, { start: 0, end: Math.min(dump.sizeBytes, HEAD_BYTES) - 1 });
}

async function readHead(
  stream: Readable,
  decrypt: (encrypted: Readable) => Readable,
  { name, path }: SourceFile,
): Promise<Toc> {
  const plain = decrypt(stream);
  try {
    return await onDisk(path ?? name, () => readTocOfStream(plain));
  } catch (error) {
    if (!(error instanceof NotAnArchive)) throw error;
    throw new PgBackupError('ARCHIVE_UNKNOWN', { path: path ?? name, detail: error.message }, error);
  } finally {
    // The rest is not wanted, and whoever sends it must not take that for a fault.
    plain.on('error', () => {});
    stream.on('error', () => {});
    plain.destroy();
    stream.destroy();
  }
}

async function expectedSha256(
  run: CopiesOfRun,
  dump: SourceFile,
  checksum: SourceFile | undefined,
  open: OpenFile,
): Promise<string> {
  const recorded =
    run.known?.record?.artifacts.find(({ name }) => name === dump.name)?.sha256 ??
    run.known?.report?.local?.checksumSha256;
  if (recorded && SHA256.test(recorded)) return recorded;
  const isReadable = checksum && checksum.sizeBytes < LONGEST_CHECKSUM_BYTES;
  const text = isReadable ? await readText(await open(checksum)) : '';
  const [, written, of = ''] = CHECKSUM_LINE.exec(text) ?? [];
  if (written === undefined) throw altered(dump, NO_CHECKSUM);
  // The old script may have written it with a directory.
  if (basename(of) !== dump.name) throw altered(dump, fillIn(OTHER_CHECKSUM, { of }));
  return written;
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const SHA256 = /^[0-9a-f]{64}$/;
/** As sha256sum(1) reads it. */
const CHECKSUM_LINE = /^([0-9a-f]{64}) [ *](.+)\n$/;
const LONGEST_CHECKSUM_BYTES = 4096;

function altered({ name, path }: SourceFile, detail: Text): PgBackupError {
  return new PgBackupError('COPY_ALTERED', { path: path ?? name, detail });
}

const TOO_LARGE: Text = { en: 'it is far too large', zh: '体积异常' };
const OTHER_SHA256: Text = { en: 'its sha256 is another one', zh: 'sha256 不一致' };
const NO_FINGERPRINT: Text = { en: 'it is no fingerprint', zh: '它不是指纹文件' };
const OTHER_DUMP: Text = {
  en: 'it is the fingerprint of another dump ({run})',
  zh: '它是另一份转储（{run}）的指纹',
};
const NO_CHECKSUM: Text = {
  en: 'neither a record nor a .sha256 file tells what it must be',
  zh: '没有记录或 .sha256 文件可供比对',
};
const OTHER_CHECKSUM: Text = {
  en: 'its .sha256 file speaks of another one ({of})',
  zh: '其 .sha256 文件对应的是另一个文件（{of}）',
};
