/**
 * Status, message and (where Alibaba Cloud publishes one) error code `EC` of the errors this server can answer with,
 * by code, from the pages «HTTP status code 4xx/5xx» and «Error codes» of the OSS documentation.
 */
export const catalogue = {
  AccessDenied: [403, 'You do not have permission to access this object.', '0003-00000001'],
  DownloadTrafficRateLimitExceeded: [503, 'Please reduce your download request traffic'],
  EntityTooLarge: [400, 'Your proposed upload exceeds the maximum allowed object size.'],
  EntityTooSmall: [400, 'Your proposed upload is smaller than the minimum allowed object size.'],
  FileAlreadyExists: [409, 'The object you specified already exists and can not be overwritten.'],
  FileImmutable: [409, 'The object you specified is immutable.', '0026-00000005'],
  // What an account that owes money really gets is UserDisable; these two are in the documentation only.
  InDebt: [403, 'Current user is indebted'],
  InDebtOverdue: [403, 'Current user is indebted Overdue'],
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
  InvalidObjectState: [403, "The operation is not valid for the object's state"],
  InvalidPart: [
    400,
    'One or more of the specified parts could not be found or the specified entity tag might not match.',
  ],
  InvalidPartOrder: [400, 'The list of parts was not in ascending order.'],
  InvalidRange: [416, 'The requested range cannot be satisfied.'],
  InvalidSecurityToken: [403, 'The security token you provided is invalid.', '0002-00000006'],
  InvalidTag: [400, 'The tag you provided is invalid.', '0010-00000217'],
  MalformedXML: [
    400,
    'The XML you provided was not well-formed or did not validate against our published schema.',
  ],
  MissingContentLength: [411, 'You must provide the Content-Length HTTP header.'],
  NoSuchBucket: [404, 'The specified bucket does not exist.', '0015-00000101'],
  NoSuchKey: [404, 'The specified key does not exist.', '0026-00000001'],
  NoSuchUpload: [
    404,
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    '0042-00000002',
  ],
  NoSuchLifecycle: [404, 'No Row found in Lifecycle Table.'],
  NoSuchWORMConfiguration: [404, 'The WORM Configuration does not exist.'],
  NotImplemented: [501, 'A header or parameter you provided implies functionality that is not implemented.'],
  PublicEndpointForbidden: [
    400,
    'Not allowed using the OSS public endpoint, please use CNAME instead.',
    '0048-00000401',
  ],
  QpsLimitExceeded: [429, 'Please reduce your request rate.'],
  RequestTimeout: [
    400,
    'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.',
    '0017-00000703',
  ],
  RequestTimeTooSkewed: [
    403,
    'The difference between the request time and the current time is too large.',
    '0002-00000504',
  ],
  SecondLevelDomainForbidden: [403, 'Please use virtual hosted style to access.'],
  SecurityTokenExpired: [403, 'The security token you provided has expired.', '0002-00000007'],
  ServiceUnavailable: [503, 'Thread pool is almost full, please retry later'],
  SignatureDoesNotMatch: [
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    '0002-00000040',
  ],
  TotalQpsLimitExceeded: [503, 'Max total qps limit is exceeded'],
  UploadTrafficRateLimitExceeded: [503, 'Please reduce your upload request traffic'],
  UserDisable: [403, 'UserDisable', '0003-00000801'],
} satisfies Record<string, [status: number, message: string, ec?: string]>;

export type OssErrorCode = keyof typeof catalogue;

/** Status, message and EC of a code, or undefined for one that is not in the catalogue. */
export function publishedError(
  code: string,
): { status: number; message: string; ec: string | undefined } | undefined {
  const entries: Readonly<Record<string, [number, string, string?]>> = catalogue;
  const entry = Object.hasOwn(entries, code) ? entries[code] : undefined;
  return entry && { status: entry[0], message: entry[1], ec: entry[2] };
}
