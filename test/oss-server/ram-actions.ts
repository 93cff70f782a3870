import { userTags } from './object-tags.ts';
import type { Operation } from './operations.ts';
import type { Right } from './ram-policy.ts';
import { headerOf, type OssRequest } from './request.ts';

// From «RAM Policy» in the OSS documentation: actions on a bucket and its objects. A policy may name any of them.
const bucketActions = [
  'AbortBucketWorm',
  'CompleteBucketWorm',
  'DeleteBucket',
  'DeleteBucketEncryption',
  'DeleteBucketLifecycle',
  'DeleteBucketPolicy',
  'ExtendBucketWorm',
  'GetBucketAcl',
  'GetBucketEncryption',
  'GetBucketInfo',
  'GetBucketLifecycle',
  'GetBucketLocation',
  'GetBucketPolicy',
  'GetBucketStat',
  'GetBucketTagging',
  'GetBucketVersioning',
  'GetBucketWorm',
  'InitiateBucketWorm',
  'ListBuckets',
  'ListMultipartUploads',
  'ListObjectVersions',
  'ListObjects',
  'PutBucket',
  'PutBucketAcl',
  'PutBucketEncryption',
  'PutBucketLifecycle',
  'PutBucketPolicy',
  'PutBucketTagging',
  'PutBucketVersioning',
];
const objectActions = [
  'AbortMultipartUpload',
  'DeleteObject',
  'DeleteObjectTagging',
  'DeleteObjectVersion',
  'DeleteObjectVersionTagging',
  'GetObject',
  'GetObjectAcl',
  'GetObjectTagging',
  'GetObjectVersion',
  'GetObjectVersionAcl',
  'GetObjectVersionTagging',
  'ListParts',
  'PutObject',
  'PutObjectAcl',
  'PutObjectTagging',
  'PutObjectVersionAcl',
  'PutObjectVersionTagging',
  'RestoreObject',
  'RestoreObjectVersion',
];

/** What may stand under `Action`. */
export const publishedActions: readonly string[] = [
  ...[...bucketActions, ...objectActions].map((action) => `oss:${action}`),
  'kms:Decrypt',
  'kms:GenerateDataKey',
];

// DeleteMultipleObjects is missing: each key in its body needs `oss:DeleteObject`.
const actions: Readonly<Partial<Record<Operation, string>>> = {
  AbortMultipartUpload: 'oss:AbortMultipartUpload',
  CompleteMultipartUpload: 'oss:PutObject',
  DeleteObject: 'oss:DeleteObject',
  GetBucketInfo: 'oss:GetBucketInfo',
  GetBucketLifecycle: 'oss:GetBucketLifecycle',
  PutBucketLifecycle: 'oss:PutBucketLifecycle',
  GetBucketVersioning: 'oss:GetBucketVersioning',
  GetBucketWorm: 'oss:GetBucketWorm',
  GetObject: 'oss:GetObject',
  GetObjectAcl: 'oss:GetObjectAcl',
  GetObjectMeta: 'oss:GetObject',
  GetObjectTagging: 'oss:GetObjectTagging',
  HeadObject: 'oss:GetObject',
  InitiateMultipartUpload: 'oss:PutObject',
  ListMultipartUploads: 'oss:ListMultipartUploads',
  ListObjects: 'oss:ListObjects',
  ListObjectsV2: 'oss:ListObjects',
  ListParts: 'oss:ListParts',
  PutObject: 'oss:PutObject',
  UploadPart: 'oss:PutObject',
};

/** The rights that a request needs as far as its head tells. */
export function rightsFor(operation: Operation, request: OssRequest): Right[] {
  const { bucket = '', key } = request;
  const action = actions[operation];
  if (action === undefined) return [];
  if (action === 'oss:ListObjects') return [listRight(bucket, request.query.get('prefix') ?? '')];
  const resource = key === undefined ? `oss:${bucket}` : objectResource(bucket, key);
  const describes = ['PutObject', 'InitiateMultipartUpload', 'CompleteMultipartUpload'].includes(operation);
  return [{ action, resource }, ...(describes ? rightsOfDescription(request, resource) : [])];
}

/** The right to list what begins with `prefix`. */
export function listRight(bucket: string, prefix: string): Right {
  return { action: 'oss:ListObjects', resource: `oss:${bucket}`, prefix };
}

export function objectResource(bucket: string, key: string): string {
  return `oss:${bucket}/${key}`;
}

/** What reading an object that KMS encrypts needs besides; none where it is encrypted otherwise. */
export function decryptRights(headers: Readonly<Record<string, string>>): Right[] {
  const keyId = kmsKeyId((name) => headers[name]);
  return keyId === undefined ? [] : [{ action: 'kms:Decrypt', resource: `kms:key/${keyId}` }];
}

function rightsOfDescription(request: OssRequest, resource: string): Right[] {
  const keyId = kmsKeyId((name) => headerOf(request, name));
  return [
    ...(Object.keys(userTags(request)).length > 0 ? [{ action: 'oss:PutObjectTagging', resource }] : []),
    ...(keyId === undefined
      ? []
      : ['kms:GenerateDataKey', 'kms:Decrypt'].map((action) => ({ action, resource: `kms:key/${keyId}` }))),
  ];
}

// Where no key is named, OSS has one of its own in KMS; a policy reaches it through `key/*`.
function kmsKeyId(header: (name: string) => string | undefined): string | undefined {
  if (header('x-oss-server-side-encryption') !== 'KMS') return undefined;
  return header('x-oss-server-side-encryption-key-id') ?? 'oss-default';
}
