import { pipeline, type Readable, Transform } from 'node:stream';
import { streamCommand } from '../command-stream.ts';
import type { Command, CommandResult } from '../exec.ts';
import type { Text } from '../language.ts';
import { shortBy } from './oss-download.ts';
import type { ListedObject } from './store.ts';

/** What `rclone lsjson` prints, one object a line, as it comes; `failure` says what its end means, undefined for a good one. */
export async function* listObjects(
  command: Command,
  failure: (result: CommandResult) => Promise<Error | undefined>,
): AsyncGenerator<ListedObject> {
  const { output } = streamCommand(command, { failure });
  let rest = '';
  for await (const text of output.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('{')) yield toListedObject(line.replace(/,$/, ''));
    }
  }
}

/** What `rclone cat` prints; a stream that is not of this size ends with an error, as one whose program failed. */
export function readObject(
  command: Command,
  sizeBytes: number,
  failure: (result: CommandResult, remark?: Text) => Error,
): Readable {
  let receivedBytes = 0;
  let ended: CommandResult = { exitCode: 0, signal: undefined, stdout: '', stderr: '' };
  const { output } = streamCommand(command, {
    failure(result) {
      ended = result;
      return result.exitCode === 0 ? undefined : failure(result);
    },
  });
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      receivedBytes += chunk.length;
      callback(null, chunk);
    },
    flush(callback) {
      const isWhole = receivedBytes === sizeBytes;
      callback(isWhole ? null : failure(ended, shortBy(receivedBytes, sizeBytes)));
    },
  });
  // The error is the reader's, who gets it with the stream.
  pipeline(output, counter, () => {});
  return counter;
}

function toListedObject(line: string): ListedObject {
  const { Name, Size, ModTime } = JSON.parse(line) as { Name: string; Size: number; ModTime: string };
  return { name: Name, sizeBytes: Size, modifiedAt: new Date(ModTime) };
}
