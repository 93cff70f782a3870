import { createHmac } from 'node:crypto';
import { headerOf, type OssRequest, ossHeaders } from './request.ts';

// The parameters that V1 signs, of those that the operations of this server take (list: signKeyList in the OSS Go SDK).
const signedParameters = [
  'acl',
  'bucketInfo',
  'continuation-token',
  'delete',
  'objectMeta',
  'partNumber',
  'tagging',
  'uploadId',
  'uploads',
  'versioning',
  'worm',
];

/** The text that a V1 signature signs: method, digest, type, date, `x-oss-*` headers and the resource, line by line. */
export function stringToSignV1(request: OssRequest): string {
  const headers = ossHeaders(request).map(([name, value]) => `${name}:${value.trim()}\n`);
  return [
    request.method,
    headerOf(request, 'content-md5') ?? '',
    headerOf(request, 'content-type') ?? '',
    headerOf(request, 'x-oss-date') ?? headerOf(request, 'date') ?? '',
    `${headers.join('')}${canonicalResource(request)}`,
  ].join('\n');
}

/** The base64 signature that belongs in `Authorization: OSS <key id>:<signature>`. */
export function signV1(stringToSign: string, accessKeySecret: string): string {
  return createHmac('sha1', accessKeySecret).update(stringToSign).digest('base64');
}

function canonicalResource({ bucket, key, query }: OssRequest): string {
  const signed = [...query]
    .filter(([name]) => signedParameters.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  const path = bucket ? `/${bucket}/${key ?? ''}` : '/';
  return signed.length > 0 ? `${path}?${signed.join('&')}` : path;
}
