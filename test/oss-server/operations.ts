import { ossError } from './oss-error.ts';
import { type OssRequest, ossHeaders } from './request.ts';

interface OperationShape {
  readonly on: 'bucket' | 'object';
  readonly method: string;
  /** Parameters that make a request this operation. */
  readonly requires: readonly string[];
  /** Further parameters and `x-oss-*` headers that this server honours; any other is refused, not ignored. */
  readonly allows?: readonly string[];
  readonly headers?: readonly string[];
}

const pageOfObjects = ['prefix', 'delimiter', 'max-keys', 'encoding-type'];
const storing = [
  'x-oss-storage-class',
  'x-oss-server-side-encryption',
  'x-oss-server-side-encryption-key-id',
  'x-oss-object-acl',
  'x-oss-forbid-overwrite',
  'x-oss-meta-',
  'x-oss-tagging',
];
// ali-oss repeats most headers of the initiation on each part and on the completion, where OSS has no use for them.
const continuing = [
  'x-oss-forbid-overwrite',
  'x-oss-meta-',
  'x-oss-server-side-encryption-key-id',
  'x-oss-tagging',
];

const operations = {
  GetBucketInfo: { on: 'bucket', method: 'GET', requires: ['bucketInfo'] },
  GetBucketVersioning: { on: 'bucket', method: 'GET', requires: ['versioning'] },
  GetBucketLifecycle: { on: 'bucket', method: 'GET', requires: ['lifecycle'] },
  PutBucketLifecycle: {
    on: 'bucket',
    method: 'PUT',
    requires: ['lifecycle'],
    headers: ['x-oss-allow-same-action-overlap'],
  },
  GetBucketWorm: { on: 'bucket', method: 'GET', requires: ['worm'] },
  ListObjects: { on: 'bucket', method: 'GET', requires: [], allows: [...pageOfObjects, 'marker'] },
  ListObjectsV2: {
    on: 'bucket',
    method: 'GET',
    requires: ['list-type'],
    allows: [...pageOfObjects, 'continuation-token', 'start-after', 'fetch-owner'],
  },
  ListMultipartUploads: {
    on: 'bucket',
    method: 'GET',
    requires: ['uploads'],
    allows: ['prefix', 'delimiter', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type'],
  },
  DeleteMultipleObjects: { on: 'bucket', method: 'POST', requires: ['delete'], allows: ['encoding-type'] },
  PutObject: { on: 'object', method: 'PUT', requires: [], headers: storing },
  GetObject: { on: 'object', method: 'GET', requires: [], headers: ['x-oss-range-behavior'] },
  HeadObject: { on: 'object', method: 'HEAD', requires: [] },
  GetObjectMeta: { on: 'object', method: 'HEAD', requires: ['objectMeta'] },
  GetObjectAcl: { on: 'object', method: 'GET', requires: ['acl'] },
  GetObjectTagging: { on: 'object', method: 'GET', requires: ['tagging'] },
  DeleteObject: { on: 'object', method: 'DELETE', requires: [] },
  InitiateMultipartUpload: {
    on: 'object',
    method: 'POST',
    requires: ['uploads'],
    allows: ['encoding-type'],
    headers: storing,
  },
  UploadPart: { on: 'object', method: 'PUT', requires: ['partNumber', 'uploadId'], headers: continuing },
  CompleteMultipartUpload: {
    on: 'object',
    method: 'POST',
    requires: ['uploadId'],
    allows: ['encoding-type'],
    headers: continuing,
  },
  AbortMultipartUpload: { on: 'object', method: 'DELETE', requires: ['uploadId'] },
  ListParts: {
    on: 'object',
    method: 'GET',
    requires: ['uploadId'],
    allows: ['max-parts', 'part-number-marker', 'encoding-type'],
  },
} satisfies Record<string, OperationShape>;

export type Operation = keyof typeof operations;

const authenticationHeaders = ['x-oss-date', 'x-oss-content-sha256', 'x-oss-security-token'];
const conditionalHeaders = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];

/** The operation that the request's method and parameters name, or undefined where this server has none. */
export function operationOf(request: OssRequest): Operation | undefined {
  const target = request.key ? 'object' : request.bucket ? 'bucket' : 'service';
  const parameters = [...request.query.keys()];
  return (Object.keys(operations) as Operation[]).find((name) => {
    const { on, method, requires, allows = [] }: OperationShape = operations[name];
    return (
      on === target &&
      method === request.method &&
      requires.every((parameter) => request.query.has(parameter)) &&
      parameters.every((parameter) => requires.includes(parameter) || allows.includes(parameter))
    );
  });
}

/** Throws NotImplemented if the request carries a header whose meaning this server would have to ignore. */
export function refuseUnknownHeaders(request: OssRequest, operation: Operation): void {
  const { headers = [] }: OperationShape = operations[operation];
  const known = [...authenticationHeaders, ...headers];
  const isKnown = (name: string) =>
    known.some((entry) => (entry.endsWith('-') ? name.startsWith(entry) : name === entry));
  const unknown =
    ossHeaders(request).find(([name]) => !isKnown(name))?.[0] ??
    conditionalHeaders.find((name) => request.http.headers[name] !== undefined);
  if (unknown) throw ossError('NotImplemented', { Header: unknown });
}
