import { userTags } from './object-tags.ts';
import { ossError } from './oss-error.ts';
import { headerOf, type OssRequest, ossHeaders } from './request.ts';

const keptHeaders = [
  'content-type',
  'content-encoding',
  'content-disposition',
  'content-language',
  'cache-control',
  'expires',
];
const storageClasses = ['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive'];
const encryptionAlgorithms = ['AES256', 'KMS', 'SM4'];
const accessControls = ['default', 'private', 'public-read', 'public-read-write'];

/** What a PutObject or InitiateMultipartUpload says about the object to be. */
export interface ObjectDescription {
  readonly acl: string;
  /** Headers to give back with the object: type, storage class, encryption, `x-oss-meta-*`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** Reads the description in the request's headers; throws for a value that OSS does not know. */
export function describeObject(request: OssRequest): ObjectDescription {
  const acl = oneOf(request, 'x-oss-object-acl', accessControls, 'InvalidArgument') ?? 'default';
  const sse = 'x-oss-server-side-encryption';
  const algorithm = oneOf(request, sse, encryptionAlgorithms, 'InvalidEncryptionAlgorithmError');
  const keyId = headerOf(request, `${sse}-key-id`);
  if (keyId !== undefined && algorithm !== 'KMS') {
    throw ossError('InvalidArgument', { ArgumentName: `${sse}-key-id`, ArgumentValue: keyId });
  }
  const storageClass = oneOf(request, 'x-oss-storage-class', storageClasses, 'InvalidArgument') ?? 'Standard';
  const plain = keptHeaders.flatMap((name) => {
    const value = headerOf(request, name);
    return value === undefined ? [] : [[name, value]];
  });
  const oss = ossHeaders(request).filter(([name]) => /^x-oss-(meta-|server-side-encryption)/.test(name));
  const headers = { 'content-type': 'application/octet-stream', ...Object.fromEntries([...plain, ...oss]) };
  return { acl, headers: { ...headers, 'x-oss-storage-class': storageClass }, tags: userTags(request) };
}

/** The user metadata among an object's headers, names without their prefix. */
export function userMetadata(headers: Readonly<Record<string, string>>): Record<string, string> {
  const prefix = 'x-oss-meta-';
  const entries = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Only the encryption headers: what OSS repeats in the answer to a request that stores. */
export function encryptionHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => name.startsWith('x-oss-server-side-encryption'));
  return Object.fromEntries(entries);
}

function oneOf(
  request: OssRequest,
  name: string,
  values: readonly string[],
  code: 'InvalidArgument' | 'InvalidEncryptionAlgorithmError',
): string | undefined {
  const value = headerOf(request, name);
  if (value === undefined || values.includes(value)) return value;
  throw ossError(code, { ArgumentName: name, ArgumentValue: value });
}
