import { createWriteStream } from 'node:fs';
import { pipeline as connect, type Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CommandStreamOptions, streamCommand } from '../command-stream.ts';
import type { Encryption } from '../encryption/encryption.ts';
import type { Command } from '../exec.ts';
import { PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import { onDisk } from '../files/storage-error.ts';

/**
 * Runs a program and writes its standard output, encrypted on the way, to `file`, which must not exist. `inspect` sees the plain text pass
 * and may refuse it. Returns once the program is gone; throws what went wrong first: in it, in the encryption or on the disk.
 */
export async function encryptOutput(
  command: Command & { readonly signal: AbortSignal },
  file: string,
  options: {
    readonly encryption: Encryption;
    readonly failure: CommandStreamOptions['failure'];
    readonly inspect?: Transform;
  },
): Promise<void> {
  const { encryption, failure, inspect } = options;
  const { signal } = command;
  const { output, ended } = streamCommand(command, { failure });
  const plain: Readable = inspect ? connect(output, inspect, () => {}) : output;
  try {
    await onDisk(file, () =>
      pipeline(
        encryption.encrypt(plain, signal),
        createWriteStream(file, { flags: 'wx', mode: PRIVATE_FILE_MODE }),
      ),
    );
  } finally {
    await ended;
    signal.throwIfAborted();
  }
}
