import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ThreadFailed } from '../archive/reencode/deflate-pool.ts';
import { CutShort } from '../archive/reencode/head.ts';
import { type ReencodeResult, reencodeArchive } from '../archive/reencode/reencode.ts';
import { NotAnArchive, type Toc } from '../archive/toc.ts';
import { type CommandStreamOptions, streamCommand } from '../command-stream.ts';
import type { Compression } from '../config/compression.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { PgBackupError } from '../errors.ts';
import { type Command, runCommand } from '../exec.ts';
import { createPrivateFile, PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import { readFull } from '../files/read-full.ts';
import { diskFull, onDisk } from '../files/storage-error.ts';
import { saysDiskFull } from '../postgres/failures.ts';
import { encryptOutput } from './encrypt-output.ts';
import { ENDED_BY_US, inspectArchive, notWhole } from './inspect-archive.ts';
import { damagedUnseen } from './verify-archive.ts';

export interface Reencode {
  readonly level: number;
  readonly threads: number;
}

export interface WrittenDump {
  /** Only where the rows passed here. */
  readonly rowsByDumpId?: ReadonlyMap<number, number>;
}

/** What pg_dump writes cannot be compressed here; nothing came of it. */
export class UnknownArchive extends Error {}

type PgDump = Command & { readonly signal: AbortSignal };

interface Writing {
  readonly encryption: Encryption | undefined;
  /** What pg_dump's end means. */
  readonly failure: CommandStreamOptions['failure'];
  readonly onToc: ((toc: Toc) => void) | undefined;
}

/** As gzip of pg_dump has it where no level is given. */
const USUAL_LEVEL = 6;

/** How to compress here what pg_dump would otherwise compress in one thread; undefined where it is to do so itself. */
export function reencodingOf(compression: Compression, threads = 0): Reencode | undefined {
  if (compression.method !== 'gzip' || threads === 0) return undefined;
  return { level: compression.level ?? USUAL_LEVEL, threads };
}

/**
 * Runs pg_dump, whose options say all but where to write to.
 * @throws UnknownArchive where its archive cannot be compressed here, and pg_dump is not to blame; what pg_dump's end means; DISK_FULL and others
 */
export async function writeDump(
  command: PgDump,
  file: string,
  { reencoding, ...writing }: Writing & { readonly reencoding: Reencode | undefined },
): Promise<WrittenDump> {
  const { encryption, failure, onToc } = writing;
  if (reencoding) {
    const { rowsByDumpId } = await writeReencoded(command, file, { ...writing, ...reencoding });
    return { rowsByDumpId };
  }
  if (encryption) {
    const inspect = inspectArchive({ onToc, isReadBack: encryption.canDecrypt });
    await encryptOutput(command, file, { encryption, failure, inspect });
  } else {
    await letItWrite(command, file, failure);
  }
  return {};
}

async function letItWrite(command: PgDump, file: string, failure: Writing['failure']): Promise<void> {
  await createPrivateFile(file);
  const result = await runCommand({ ...command, args: [`--file=${file}`, ...command.args] });
  command.signal.throwIfAborted();
  if (result.exitCode !== 0 && saysDiskFull(result.stderr)) throw diskFull(file);
  const error = await failure(result, undefined);
  if (error) throw error;
}

async function writeReencoded(
  command: PgDump,
  file: string,
  { encryption, failure, onToc, level, threads }: Writing & Reencode,
): Promise<ReencodeResult> {
  const { signal } = command;
  const { output, ended } = streamCommand(command, { failure });
  let cause: unknown;
  let isGivenUp = false;
  const blame = (error: unknown): void => {
    // What comes of giving it up is no failure of its own.
    if (!isGivenUp) cause ??= error;
  };
  const source = tellFailure(output, blame);
  const encoding = reencodeArchive(source, { level, threads, signal, onToc });
  const pieces = tellFailure(encoding.pieces, (error, hasBegun) => blame(explainHere(error, hasBegun)));
  // A stream of the generator alone would, once destroyed, wait for what pg_dump writes next.
  const archive = new PassThrough();
  const passing = pipeline(pieces, archive).catch(() => {});
  try {
    await onDisk(file, () =>
      pipeline(
        encryption ? encryption.encrypt(archive, signal) : archive,
        createWriteStream(file, { flags: 'wx', mode: PRIVATE_FILE_MODE }),
      ),
    );
    const result = encoding.result();
    // What is encrypted is written once, front to back.
    if (!encryption) await patch(file, result);
    return result;
  } catch (error) {
    isGivenUp = true;
    output.destroy();
    await Promise.all([passing, ended]);
    signal.throwIfAborted();
    // What passes it on can only say that its input broke off.
    throw cause ?? error;
  }
}

/** At once: a table of contents may have many thousands of them. */
async function patch(file: string, { patches, headBytes }: ReencodeResult): Promise<void> {
  await onDisk(file, async () => {
    const handle = await open(file, 'r+');
    try {
      const head = Buffer.alloc(headBytes);
      if ((await readFull(handle, head, 0)) < headBytes) throw damagedUnseen(SHORTER);
      for (const { position, bytes } of patches) bytes.copy(head, position);
      // From the beginning on, and all of it, where write() may leave a part over.
      await handle.writeFile(head);
    } finally {
      await handle.close();
    }
  });
}

/** Passes a stream on. */
async function* tellFailure<T>(
  stream: AsyncIterable<T>,
  onFailure: (error: unknown, hasBegun: boolean) => void,
): AsyncGenerator<T, void> {
  let hasBegun = false;
  try {
    for await (const piece of stream) {
      hasBegun = true;
      yield piece;
    }
  } catch (error) {
    onFailure(error, hasBegun);
    throw error;
  }
}

/** Undefined for what is nobody's fault that is known here. */
function explainHere(error: unknown, hasBegun: boolean): Error | undefined {
  if (error instanceof ThreadFailed) return threadFailed(error);
  if (!(error instanceof NotAnArchive)) return undefined;
  if (!hasBegun && !(error instanceof CutShort)) return new UnknownArchive(error.message);
  return notWhole(error);
}

function threadFailed(error: ThreadFailed): PgBackupError {
  const { message } = error;
  const parameters = {
    outcome: ENDED_BY_US,
    detail: {
      en: `a thread that compresses what it writes died (${message}); BACKUP_COMPRESS_THREADS=0 leaves the compression to pg_dump`,
      zh: `压缩其输出的线程已终止（${message}）；BACKUP_COMPRESS_THREADS=0 可改由 pg_dump 压缩`,
    },
  };
  return new PgBackupError('DUMP_FAILED', parameters, error);
}

const SHORTER = {
  en: 'the file has lost bytes while it was being written',
  zh: '文件在写入期间丢失了部分字节',
};
