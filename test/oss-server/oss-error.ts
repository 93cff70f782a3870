import type { ServerResponse } from 'node:http';
import { element } from './xml.ts';

// Status, message and (where Alibaba Cloud publishes one) error code `EC` of each error this server can answer with.
const catalogue = {
  AccessDenied: [403, 'You do not have permission to access this object.', '0003-00000001'],
  EntityTooLarge: [400, 'Your proposed upload exceeds the maximum allowed object size.'],
  EntityTooSmall: [400, 'Your proposed upload is smaller than the minimum allowed object size.'],
  FileAlreadyExists: [409, 'The object you specified already exists and can not be overwritten.'],
  InternalError: [500, 'We encountered an internal error. Please try again.'],
  InvalidAccessKeyId: [
    403,
    'The OSS Access Key Id you provided does not exist in our records.',
    '0002-00000902',
  ],
  InvalidArgument: [400, 'Invalid Argument.'],
  InvalidDigest: [400, 'The Content-MD5 you specified is not valid.'],
  InvalidEncryptionAlgorithmError: [400, 'The Encryption request you specified is not valid.'],
  InvalidObjectName: [400, 'The specified object is not valid.'],
  InvalidPart: [
    400,
    'One or more of the specified parts could not be found or the specified entity tag might not match.',
  ],
  InvalidPartOrder: [400, 'The list of parts was not in ascending order.'],
  InvalidRange: [416, 'The requested range cannot be satisfied.'],
  InvalidSecurityToken: [403, 'The security token you provided is invalid.', '0002-00000006'],
  MalformedXML: [
    400,
    'The XML you provided was not well-formed or did not validate against our published schema.',
  ],
  MissingContentLength: [411, 'You must provide the Content-Length HTTP header.'],
  NoSuchBucket: [404, 'The specified bucket does not exist.', '0015-00000101'],
  NoSuchKey: [404, 'The specified key does not exist.', '0026-00000001'],
  NoSuchUpload: [
    404,
    'The specified upload does not exist. The upload ID may be invalid, or aborted or completed.',
  ],
  NotImplemented: [501, 'A header or parameter you provided implies functionality that is not implemented.'],
  RequestTimeTooSkewed: [
    403,
    'The difference between the request time and the current time is too large.',
    '0002-00000504',
  ],
  SignatureDoesNotMatch: [
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    '0002-00000040',
  ],
} satisfies Record<string, [status: number, message: string, ec?: string]>;

export type OssErrorCode = keyof typeof catalogue;

/** An answer that is an error: thrown anywhere below the server, written once by `writeError`. */
export class OssError extends Error {
  readonly status: number;
  readonly code: string;
  readonly ec: string | undefined;
  readonly details: Readonly<Record<string, string>>;

  constructor(
    code: string,
    options: { status: number; message: string; ec?: string | undefined; details?: Record<string, string> },
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
  { message, ec, ...details }: { message?: string; ec?: string; [element: string]: string | undefined } = {},
): OssError {
  const [status, usualMessage, usualEc]: [number, string, string?] = catalogue[code];
  return new OssError(code, {
    status,
    message: message ?? usualMessage,
    ec: ec ?? usualEc,
    details: Object.fromEntries(
      Object.entries(details).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  });
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
  if (request.method === 'HEAD') {
    response.writeHead(error.status, { 'x-oss-err': Buffer.from(body).toString('base64') }).end();
    return;
  }
  response
    .writeHead(error.status, { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(body) })
    .end(body);
}
