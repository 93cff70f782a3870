import { type Readable, Transform } from 'node:stream';
import type { Text } from '../language.ts';
import { OssFailure, toOssFailure } from './oss-errors.ts';

/** Nothing arrives for so long, although it is waited for. */
const STALL_MILLISECONDS = 60_000;

export interface Download {
  readonly body: Readable;
  /** What the answer announced; NaN where it announced nothing. */
  readonly expectedBytes: number;
  /** The error for people behind a failure. */
  readonly toError: (failure: OssFailure) => Error;
  readonly stallMilliseconds?: number;
}

/** The body of an answer as a stream that ends with an error unless it is whole. A reader that takes its time is no fault. */
export function wholeDownload(download: Download): Readable {
  const { body, expectedBytes, toError, stallMilliseconds = STALL_MILLISECONDS } = download;
  let received = 0;
  let receivedBefore = -1;
  const output = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      done(null, chunk);
    },
    flush(done) {
      const isShort = received < expectedBytes;
      done(
        isShort
          ? toError(new OssFailure({ code: 'ConnectionLost', remark: shortBy(received, expectedBytes) }))
          : null,
      );
    },
  });
  const fail = (error: unknown): void => {
    output.destroy(toError(toOssFailure(error)));
  };
  const watch = setInterval(() => {
    const isAwaited = !body.readableEnded && !output.writableNeedDrain;
    const isStalled = isAwaited && received === receivedBefore;
    if (isStalled) fail(new OssFailure({ code: 'ConnectionTimeout' }));
    receivedBefore = received;
  }, stallMilliseconds);

  // The SDK's agent would end a connection on which a slow reader lets nothing pass.
  (body as Readable & { setTimeout?: (milliseconds: number) => void }).setTimeout?.(0);
  body.on('error', fail);
  body.once('close', () => {
    if (!body.readableEnded) fail(new OssFailure({ code: 'ConnectionLost' }));
  });
  output.once('close', () => {
    clearInterval(watch);
    body.destroy();
  });
  return body.pipe(output);
}

/** Says that a download is not whole. */
export function shortBy(received: number, expected: number): Text {
  return { en: `${received} of ${expected} bytes`, zh: `${expected} 字节中的 ${received} 字节` };
}
