import { createReadStream } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Encryption } from '../encryption/encryption.ts';
import { PgBackupError } from '../errors.ts';
import { type Command, type CommandResult, describeOutcome, runCommand, startCommand } from '../exec.ts';
import type { Text } from '../language.ts';
import type { Client } from '../postgres/clients.ts';
import { lastLines } from '../postgres/failures.ts';

/**
 * Reads a whole archive back with pg_restore, every data item included (`--list` would read the table of contents alone). An encrypted one
 * is decrypted on the way, up to its last byte; `encryption` must be able to.
 * @throws PgBackupError ARCHIVE_DAMAGED, or ENCRYPTION_FAILED where it cannot be decrypted to its end.
 */
export async function verifyArchive(
  client: Client,
  file: string,
  options: {
    readonly environment: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
    readonly encryption?: Encryption | undefined;
  },
): Promise<void> {
  const { environment, signal, encryption } = options;
  const command = { file: client.pgRestore, args: ['--file=/dev/null'], environment };
  const result = encryption
    ? await readDecrypted(command, file, encryption, signal)
    : await runCommand({ ...command, args: [...command.args, file], signal });
  signal.throwIfAborted();
  const refusal = refusalOf(result);
  if (refusal) throw refusal;
}

/** What an end of pg_restore says of the archive; undefined where it took all of it. */
export function refusalOf(result: CommandResult): PgBackupError | undefined {
  if (result.exitCode === 0 && !/error:/.test(result.stderr)) return undefined;
  return damaged(describeOutcome(result), lastLines(result.stderr));
}

/** For an archive that pg_restore took, and that is damaged all the same. */
export function damagedUnseen(detail: Text): PgBackupError {
  return damaged({ en: 'exit code 0', zh: '退出码 0' }, detail);
}

function damaged(outcome: Text | string, detail: Text | string): PgBackupError {
  return new PgBackupError('ARCHIVE_DAMAGED', { outcome, detail });
}

/** pg_restore may be content before the end; only at the end is it known whether the file is whole. */
async function readDecrypted(
  command: Command,
  file: string,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<CommandResult> {
  const unwanted = new AbortController();
  const restore = startCommand({ ...command, signal: AbortSignal.any([signal, unwanted.signal]) });
  restore.stdout.resume();
  try {
    await pipeline(encryption.decrypt(createReadStream(file), signal), asLongAsOpen(restore.stdin));
  } catch (error) {
    unwanted.abort();
    await restore.ended;
    signal.throwIfAborted();
    throw error;
  }
  return restore.ended;
}

/** Takes everything and passes it on as long as the other side wants it. */
export function asLongAsOpen(target: Writable): Writable {
  target.on('error', () => {});
  return new Writable({
    write(chunk, _encoding, callback) {
      target.write(chunk, () => callback());
    },
    final(callback) {
      // Its own callback never comes where the other side has gone before.
      target.end();
      callback();
    },
  });
}
