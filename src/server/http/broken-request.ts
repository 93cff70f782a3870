import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Language } from '../../language.ts';
import { refusalBody } from './refusals.ts';

const STATUS_BY_CODE: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/** Answers what is no request, or did not become one in time, and closes the connection. */
export function answerBrokenRequest(
  error: { readonly code?: string },
  socket: Socket,
  language: Language,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = STATUS_BY_CODE.get(error.code ?? '') ?? 400;
  const body = JSON.stringify(refusalBody(status, language));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Whoever does not read it must not keep the connection.
  socket.destroySoon();
}
