import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, type CommandResult, startCommand } from './exec.ts';

export interface CommandStream {
  /** The standard output. It ends only once the program has ended well; else it is destroyed with the error. Destroying it ends the program. */
  readonly output: Readable;
  /** Never rejects. Resolves once the program and what it started are gone. */
  readonly ended: Promise<CommandResult>;
}

export interface CommandStreamOptions {
  /** Becomes the standard input; none without it. */
  readonly input?: Readable;
  /** For a program that leaves the rest of its input unread. */
  readonly readsOnlyTheBeginning?: true;
  /** What the result means; undefined for an end that was good. `inputError` is what broke off the input, unless the program did so itself. */
  readonly failure: (
    result: CommandResult,
    inputError: Error | undefined,
  ) => Promise<Error | undefined> | Error | undefined;
}

/**
 * Runs a program whose output is read while it runs, and is never kept. That a pipe came to its end tells nothing: a program that died
 * half-way closes it too. So its exit code, and the end of its input, decide how the stream ends.
 */
export function streamCommand(command: Command, options: CommandStreamOptions): CommandStream {
  const { input, failure } = options;
  const unwanted = new AbortController();
  const signal = AbortSignal.any([unwanted.signal, ...(command.signal ? [command.signal] : [])]);
  const program = startCommand({ ...command, signal });
  const output = new PassThrough({
    destroy(error, callback) {
      unwanted.abort();
      input?.destroy();
      callback(error);
    },
  });
  const conclude = async (): Promise<void> => {
    const fed = feed(input, program.stdin);
    await pipeline(program.stdout, output, { end: false });
    const [inputError, result] = await Promise.all([fed, program.ended]);
    command.signal?.throwIfAborted();
    const isLeft = isClosedPipe(inputError) && options.readsOnlyTheBeginning === true;
    const brokenOff = isLeft ? undefined : inputError;
    const endedItself = isClosedPipe(brokenOff) && result.exitCode !== 0;
    const error = (await failure(result, endedItself ? undefined : brokenOff)) ?? brokenOff;
    if (error) throw error;
    output.end();
  };
  // It may come before anybody reads, who meets it then; else it would end this process.
  output.on('error', () => {});
  conclude().catch((error) => output.destroy(error));
  return { output, ended: program.ended };
}

/** Resolves with the error that ended it, if one did. */
async function feed(input: Readable | undefined, stdin: Writable): Promise<Error | undefined> {
  if (!input) {
    stdin.on('error', () => {});
    stdin.end();
    return undefined;
  }
  try {
    await pipeline(input, stdin);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** ECANCELED: it went while something was being written, and Node closed the pipe (uv_close). */
const CLOSED_PIPE: readonly unknown[] = ['EPIPE', 'ECONNRESET', 'ECANCELED', 'ERR_STREAM_PREMATURE_CLOSE'];

/** Whether a pipe broke because the program at its other end has gone. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CLOSED_PIPE.includes(error.code);
}
