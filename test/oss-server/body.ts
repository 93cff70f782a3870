import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { crc64 } from 'crc64-ecma182.js';
import type { Fault } from './faults.ts';
import { ossError } from './oss-error.ts';
import { headerOf, type OssRequest } from './request.ts';

/** Thrown when the connection is gone, so that there is nobody left to answer. */
export class ConnectionDropped extends Error {}

/** Size, MD5 and CRC-64/ECMA-182 of a stream of bytes. */
export class Digest {
  sizeBytes = 0;
  crc64 = '0';
  readonly #md5 = createHash('md5');

  update(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.sizeBytes += chunk.length;
    this.#md5.update(chunk);
    this.crc64 = crc64(chunk, this.crc64);
  }

  /** The MD5; only once, after the last update. */
  finish(): Buffer {
    return this.#md5.digest();
  }
}

export interface Written {
  readonly sizeBytes: number;
  readonly crc64: string;
  readonly md5: Buffer;
  /** What is in the file: less than what came only under the fault `truncate`. */
  readonly storedSizeBytes: number;
  readonly storedCrc64: string;
}

/** Passes `chunks` on; resets or holds the connection in their midst where the fault asks for it. */
export async function* passBody(
  chunks: AsyncIterable<Buffer>,
  socket: Socket,
  fault: Fault | undefined,
): AsyncGenerator<Buffer> {
  if (fault?.kind !== 'reset' && fault?.kind !== 'stall') {
    yield* chunks;
    return;
  }
  let passedBytes = 0;
  let isOver = false;
  for await (const chunk of chunks) {
    const head = isOver ? chunk : chunk.subarray(0, fault.afterBytes - passedBytes);
    passedBytes += head.length;
    if (head.length > 0) yield head;
    if (head.length === chunk.length) continue;
    isOver = true;
    if (fault.kind === 'reset') throw resetConnection(socket);
    await until(fault.until, socket);
    yield chunk.subarray(head.length);
  }
}

/** Passes on the first bytes where the fault is `truncate`, and then closes the connection in good order. */
export async function* truncateAnswer(
  chunks: AsyncIterable<Buffer>,
  response: ServerResponse,
  fault: Fault | undefined,
): AsyncGenerator<Buffer> {
  let leftBytes = fault?.kind === 'truncate' ? fault.keepBytes : Number.POSITIVE_INFINITY;
  for await (const chunk of chunks) {
    if (chunk.length <= leftBytes) {
      leftBytes -= chunk.length;
      yield chunk;
      continue;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    response.write(chunk.subarray(0, leftBytes), () => resolve());
    await promise;
    response.socket?.end();
    throw new ConnectionDropped();
  }
}

/** Ends the connection at once and returns what to throw. Over TLS the client sees an early end instead of a reset. */
export function resetConnection(socket: Socket): ConnectionDropped {
  // A reset in the midst of a shutdown leaves a handle that never closes (libuv), and the server then waits for ever at its end.
  if (socket instanceof TLSSocket || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
  return new ConnectionDropped();
}

/** Waits for `promise`; throws ConnectionDropped when the client goes away first, or has gone before. */
export async function until(promise: Promise<void>, socket: Socket): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  // Of a socket that is closed already, no event tells.
  if (socket.destroyed) resolve();
  socket.once('close', resolve);
  await Promise.race([promise, closed]);
  socket.off('close', resolve);
  if (socket.destroyed) throw new ConnectionDropped();
}

/**
 * Streams the request's body into the file `path`. Throws MissingContentLength, EntityTooLarge, InvalidDigest (the
 * body is not what Content-MD5 says), or ConnectionDropped when the client goes away before the end.
 */
export async function receiveFile(
  request: OssRequest,
  path: string,
  options: { maximumBytes: number; fault: Fault | undefined },
): Promise<Written> {
  const { headers } = request.http;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    throw ossError('MissingContentLength');
  }
  const chunks = receive(request, options.maximumBytes, options.fault);
  const written = await writeFile(chunks, path, options.fault);
  refuseWrongDigest(request, written.md5);
  return written;
}

/** The request's body as text. Throws like `receiveFile`. */
export async function receiveText(
  request: OssRequest,
  maximumBytes: number,
  fault: Fault | undefined,
): Promise<string> {
  const body = await buffer(receive(request, maximumBytes, fault));
  refuseWrongDigest(request, createHash('md5').update(body).digest());
  return body.toString('utf8');
}

/** Writes `chunks` to the file `path`, cut short where the fault is `truncate`. */
export async function writeFile(
  chunks: AsyncIterable<Buffer>,
  path: string,
  fault: Fault | undefined,
): Promise<Written> {
  const came = new Digest();
  const stored = fault?.kind === 'truncate' ? new Digest() : came;
  const keepBytes = fault?.kind === 'truncate' ? fault.keepBytes : Number.POSITIVE_INFINITY;
  await using file = await open(path, 'w');
  for await (const chunk of chunks) {
    const kept = chunk.subarray(0, Math.max(0, keepBytes - stored.sizeBytes));
    if (kept.length > 0) await file.writeFile(kept);
    came.update(chunk);
    if (stored !== came) stored.update(kept);
  }
  return {
    sizeBytes: came.sizeBytes,
    crc64: came.crc64,
    md5: came.finish(),
    storedSizeBytes: stored.sizeBytes,
    storedCrc64: stored.crc64,
  };
}

async function* receive(
  request: OssRequest,
  maximumBytes: number,
  fault: Fault | undefined,
): AsyncGenerator<Buffer> {
  const tooLarge = () => ossError('EntityTooLarge', { MaxSizeAllowed: String(maximumBytes) });
  if (Number(request.http.headers['content-length'] ?? 0) > maximumBytes) throw tooLarge();
  // The connection is still needed for the answer when reading stops early.
  const chunks = request.http.iterator({ destroyOnReturn: false });
  let receivedBytes = 0;
  try {
    for await (const chunk of passBody(chunks, request.http.socket, fault)) {
      receivedBytes += chunk.length;
      if (receivedBytes > maximumBytes) throw tooLarge();
      yield chunk;
    }
  } catch (error) {
    if (request.http.socket.destroyed) throw new ConnectionDropped();
    throw error;
  }
}

function refuseWrongDigest(request: OssRequest, md5: Buffer): void {
  const expected = headerOf(request, 'content-md5');
  if (expected !== undefined && expected !== md5.toString('base64')) throw ossError('InvalidDigest');
}
