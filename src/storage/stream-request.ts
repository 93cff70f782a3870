import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** A connection on which nothing moves is dead: firewalls forget them without a word. A slow one needs a minute for what the kernel holds. */
const IDLE_MILLISECONDS = 180_000;

export interface StreamRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: Readable;
  /** For all of it, the body included. */
  readonly timeout: number;
}

/** As ali-oss knows it of urllib. */
export interface StreamAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly data: Buffer;
  readonly res: IncomingMessage;
}

/**
 * Sends a request whose body is a stream, which is destroyed in every case. urllib 2 is no good at that: it writes a warning to the terminal
 * whenever the answer or an interruption comes before the end of the body, and does not see that nothing moves any more.
 * @throws what Node says of the connection, or an error called ResponseTimeoutError
 */
export async function requestWithStream(
  url: string,
  { method, headers, stream, timeout }: StreamRequest,
  signal: AbortSignal,
): Promise<StreamAnswer> {
  const limit = AbortSignal.timeout(timeout);
  const send = url.startsWith('https:') ? requestSecure : requestPlain;
  const request = send(url, {
    method,
    headers,
    timeout: IDLE_MILLISECONDS,
    signal: AbortSignal.any([signal, limit]),
  });
  request.once('timeout', () => request.destroy(timeoutError()));
  const { promise: answered, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.once('response', resolve);
  request.on('error', reject);
  // What goes wrong here is told by the request too, unless there is an answer: then it does not matter any more.
  pipeline(stream, request).catch(() => {});
  try {
    const res = await answered;
    const data = await buffer(res);
    return { status: res.statusCode ?? 0, headers: res.headers, data, res };
  } catch (error) {
    throw limit.aborted ? timeoutError() : error;
  } finally {
    // An answer before the end of the body is a refusal: the rest is not sent.
    if (!request.writableFinished) request.destroy();
  }
}

function timeoutError(): Error {
  return Object.assign(new Error('No answer in time'), { name: 'ResponseTimeoutError', code: 'ETIMEDOUT' });
}
