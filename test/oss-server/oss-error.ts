import type { ServerResponse } from 'node:http';
import { catalogue, type OssErrorCode } from './error-catalogue.ts';
import { element, type XmlValue } from './xml.ts';

export type { OssErrorCode } from './error-catalogue.ts';

/** An answer that is an error: thrown anywhere below the server, written once by `writeError`. */
export class OssError extends Error {
  readonly status: number;
  readonly code: string;
  readonly ec: string | undefined;
  /** Further elements of the answer. */
  readonly details: Readonly<Record<string, XmlValue>>;
  /** Headers of the answer besides the usual ones. */
  headers: Readonly<Record<string, string>> = {};

  constructor(
    code: string,
    options: { status: number; message: string; ec?: string | undefined; details?: Record<string, XmlValue> },
  ) {
    super(options.message);
    this.status = options.status;
    this.code = code;
    this.ec = options.ec;
    this.details = options.details ?? {};
  }
}

/** The error that OSS answers with for `code`; `details` become further elements, `message` and `ec` replace the usual ones. */
export function ossError(
  code: OssErrorCode,
  { message, ec, ...details }: { message?: string; ec?: string; [element: string]: XmlValue } = {},
): OssError {
  const [status, usualMessage, usualEc]: [number, string, string?] = catalogue[code];
  return new OssError(code, { status, message: message ?? usualMessage, ec: ec ?? usualEc, details });
}

/** Writes `error` as OSS does: XML in the body, or, because HEAD has none, base64 in the `x-oss-err` header. */
export function writeError(
  response: ServerResponse,
  error: OssError,
  request: { method: string; requestId: string; hostId: string },
): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${element('Error', {
    Code: error.code,
    Message: error.message,
    RequestId: request.requestId,
    HostId: request.hostId,
    ...error.details,
    EC: error.ec,
  })}`;
  if (error.ec) response.setHeader('x-oss-ec', error.ec);
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  if (request.method === 'HEAD') {
    response.writeHead(error.status, { 'x-oss-err': Buffer.from(body).toString('base64') }).end();
    return;
  }
  response
    .writeHead(error.status, { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(body) })
    .end(body);
}
