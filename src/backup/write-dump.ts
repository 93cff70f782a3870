import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ReencodeResult, reencodeArchive } from '../archive/reencode/reencode.ts';
import { NotAnArchive, type Toc } from '../archive/toc.ts';
import { tocTap } from '../archive/toc-tap.ts';
import { type CommandStreamOptions, streamCommand } from '../command-stream.ts';
import type { Compression } from '../config/compression.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { PgBackupError } from '../errors.ts';
import { type Command, runCommand } from '../exec.ts';
import { createPrivateFile, PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import { diskFull, onDisk } from '../files/storage-error.ts';
import { saysDiskFull } from '../postgres/failures.ts';
import { encryptOutput } from './encrypt-output.ts';

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
    await encryptOutput(command, file, { encryption, failure, ...(onToc ? { inspect: tocTap(onToc) } : {}) });
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
  let failureOfDump: unknown;
  const source = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* output;
    } catch (error) {
      failureOfDump = error;
      throw error;
    }
  };
  const encoding = reencodeArchive(source(), { level, threads, signal, onToc: encryption && onToc });
  let hasBegun = false;
  let failureHere: unknown;
  const pieces = async function* (): AsyncGenerator<Buffer> {
    try {
      for await (const piece of encoding.pieces) {
        hasBegun = true;
        yield piece;
      }
    } catch (error) {
      if (error instanceof NotAnArchive) failureHere = notUnderstood(error, hasBegun);
      throw error;
    }
  };
  try {
    const archive = Readable.from(pieces(), { objectMode: false });
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
    output.destroy();
    await ended;
    signal.throwIfAborted();
    // What passes it on can only say that its input broke off.
    throw failureOfDump ?? failureHere ?? error;
  }
}

/** At once: a table of contents may have many thousands of them. */
async function patch(file: string, { patches, headBytes }: ReencodeResult): Promise<void> {
  await onDisk(file, async () => {
    const handle = await open(file, 'r+');
    try {
      const head = Buffer.alloc(headBytes);
      await handle.read(head, 0, headBytes, 0);
      for (const { position, bytes } of patches) bytes.copy(head, position);
      await handle.write(head, 0, headBytes, 0);
    } finally {
      await handle.close();
    }
  });
}

function notUnderstood({ message }: NotAnArchive, hasBegun: boolean): Error {
  if (!hasBegun) return new UnknownArchive(message);
  return new PgBackupError('DUMP_FAILED', {
    outcome: { en: 'exit code 0', zh: '退出码 0' },
    detail: {
      en: `what it wrote is not a whole archive: ${message}`,
      zh: `其输出不是完整的归档：${message}`,
    },
  });
}
