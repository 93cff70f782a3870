import type { FileHandle } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checkHead } from '../archive/check-head.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { startCommand } from '../exec.ts';
import { readGrowing } from '../files/growing-file.ts';
import { onDisk } from '../files/storage-error.ts';
import type { Client } from '../postgres/clients.ts';
import type { StoreChecksum } from '../storage/store.ts';
import { type Counts, countArchive, countBlocks } from './count-blocks.ts';
import { asLongAsOpen, damagedUnseen, refusalOf, verifyArchive } from './verify-archive.ts';

/** What a dump held when it was read back. */
export interface Counted extends Omit<Counts, 'head'> {
  /** Of the head as it became at the end. */
  readonly headSha256: string;
}

export interface ReadBackOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** Must be able to decrypt. */
  readonly encryption: Encryption | undefined;
  /** Counted besides, while the bytes are at hand. */
  readonly also: StoreChecksum | undefined;
  /** Told the header and the table of contents of an archive in the clear as soon as they are written. */
  readonly onHead: (head: Buffer) => void;
  readonly onBytes: (read: number) => void;
  /** Aborts once the file is complete. */
  readonly whole: AbortSignal;
  readonly signal: AbortSignal;
}

/**
 * Reads an archive back with pg_restore while it is being written, from its first byte to its last; then makes sure that what was written anew at its
 * beginning differs in right offsets only. Undefined where its beginning is not understood: pg_restore then reads it a second time, as it is.
 * @throws PgBackupError ARCHIVE_DAMAGED, ENCRYPTION_FAILED where it cannot be decrypted to its end; the reason of `signal`
 */
export async function readBack(
  client: Client,
  path: string,
  file: FileHandle,
  options: ReadBackOptions,
): Promise<Counted | undefined> {
  const { environment, encryption, also, onHead } = options;
  const refused = new AbortController();
  const signal = AbortSignal.any([options.signal, refused.signal]);
  const command = { file: client.pgRestore, args: ['--file=/dev/null'], environment };
  const counter = encryption ? countBlocks(also) : countArchive(also, onHead);
  const restore = startCommand({ ...command, signal });
  restore.stdout.resume();
  // What was altered after it was encrypted is told by the end of the decryption.
  if (!encryption) {
    void restore.ended.then((result) => {
      const refusal = refusalOf(result);
      if (refusal) refused.abort(refusal);
    });
  }
  let readBytes = 0;
  const blocks = async function* (): AsyncGenerator<Buffer> {
    for await (const block of readGrowing(path, file, { whole: options.whole, signal })) {
      counter.add(block);
      readBytes += block.length;
      options.onBytes(readBytes);
      yield block;
    }
  };
  try {
    if (encryption) {
      const source = Readable.from(copies(blocks()), { objectMode: false });
      await pipeline(encryption.decrypt(source, signal), asLongAsOpen(restore.stdin));
    } else {
      await feed(blocks(), asLongAsOpen(restore.stdin));
    }
  } catch (error) {
    refused.abort(error);
    await restore.ended;
    signal.throwIfAborted();
  }
  const refusal = refusalOf(await restore.ended);
  signal.throwIfAborted();
  if (refusal) throw refusal;
  return onDisk(path, async () => {
    if ((await file.stat()).size !== readBytes) throw damagedUnseen(SHORTER);
    const counts = counter.result();
    if (!counts) {
      await verifyArchive(client, path, { environment, signal });
      return undefined;
    }
    const { head, ...others } = counts;
    const checked = await checkHead(path, head);
    if ('fault' in checked) throw damagedUnseen(checked.fault);
    return { ...others, headSha256: checked.sha256 };
  });
}

/** Without a stream between, which would need a new block for each. */
async function feed(blocks: AsyncIterable<Buffer>, target: Writable): Promise<void> {
  for await (const block of blocks) await new Promise((resolve) => target.write(block, resolve));
  target.end();
}

async function* copies(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const block of blocks) yield Buffer.from(block);
}

const SHORTER = {
  en: 'the file has lost bytes after they were read back',
  zh: '文件在读回之后丢失了部分字节',
};
