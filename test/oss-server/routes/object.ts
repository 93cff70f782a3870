import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { receiveFile } from '../body.ts';
import { currentObject, type Exchange, type Reply, refuseOverwrite } from '../exchange.ts';
import { describeObject, encryptionHeaders } from '../object-headers.ts';
import type { StoredObject } from '../object-store.ts';
import { ossError } from '../oss-error.ts';
import { decryptRights, objectResource } from '../ram-actions.ts';
import { headerOf, type OssRequest } from '../request.ts';
import { document } from '../xml.ts';

const maximumBytes = 5 * 1024 ** 3;

export async function putObject(exchange: Exchange): Promise<Reply> {
  const { request, store, bucket, key, fault } = exchange;
  const description = describeObject(request);
  refuseOverwrite(exchange);
  const incomingPath = store.incomingPath();
  try {
    const written = await receiveFile(request, incomingPath, { maximumBytes, fault });
    // Another request may have stored the object meanwhile.
    refuseOverwrite(exchange);
    const etag = `"${written.md5.toString('hex').toUpperCase()}"`;
    const object = {
      ...description,
      key,
      sizeBytes: written.storedSizeBytes,
      crc64: written.storedCrc64,
      etag,
      type: 'Normal' as const,
      lastModified: new Date().toISOString(),
    };
    const versionId = await store.put(bucket, object, incomingPath);
    return {
      status: 200,
      headers: {
        ETag: etag,
        'Content-MD5': written.md5.toString('base64'),
        'x-oss-hash-crc64ecma': written.crc64,
        ...encryptionHeaders(description.headers),
        ...(versionId === undefined ? {} : { 'x-oss-version-id': versionId }),
      },
    };
  } finally {
    await rm(incomingPath, { force: true });
  }
}

/** What is archived cannot be read: OSS would have to restore it first, which this server does not. */
export function getObject(exchange: Exchange): Reply {
  const { request, store, bucket, key } = exchange;
  const object = currentObject(exchange);
  for (const right of decryptRights(object.headers)) exchange.demand(right);
  if (object.headers['x-oss-storage-class']?.endsWith('Archive')) throw ossError('InvalidObjectState');
  const range = rangeOf(request, object.sizeBytes);
  const path = store.pathOf(bucket, key);
  const headers = describe(exchange, object);
  if (!range) return { status: 200, headers, body: createReadStream(path) };
  return {
    status: 206,
    headers: {
      ...headers,
      'Content-Length': String(range.end - range.start + 1),
      'Content-Range': `bytes ${range.start}-${range.end}/${object.sizeBytes}`,
    },
    body: createReadStream(path, range),
  };
}

export function headObject(exchange: Exchange): Reply {
  return { status: 200, headers: describe(exchange, currentObject(exchange)) };
}

/** The light variant of HeadObject: no checksum and no metadata. */
export function getObjectMeta(exchange: Exchange): Reply {
  const {
    'Content-Length': length,
    ETag,
    'Last-Modified': lastModified,
  } = describe(exchange, currentObject(exchange));
  return { status: 200, headers: { 'Content-Length': length, ETag, 'Last-Modified': lastModified } };
}

export function getObjectAcl(exchange: Exchange): Reply {
  const { acl } = currentObject(exchange);
  const body = document('AccessControlPolicy', {
    Owner: { ID: 'oss-server', DisplayName: 'oss-server' },
    AccessControlList: { Grant: acl },
  });
  return { status: 200, body };
}

export function getObjectTagging(exchange: Exchange): Reply {
  const tags = Object.entries(currentObject(exchange).tags);
  const body = document('Tagging', { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) } });
  return { status: 200, body };
}

/** Succeeds where there is no such object, too; in a versioned bucket adds a delete marker every time. */
export async function deleteObject({ store, bucket, key }: Exchange): Promise<Reply> {
  const versionId = await store.delete(bucket, key);
  if (versionId === undefined) return { status: 204 };
  return { status: 204, headers: { 'x-oss-delete-marker': 'true', 'x-oss-version-id': versionId } };
}

function describe({ bucket, key, may }: Exchange, object: StoredObject) {
  const tagCount = Object.keys(object.tags).length;
  const maySeeTags = may({ action: 'oss:GetObjectTagging', resource: objectResource(bucket, key) });
  return {
    ...object.headers,
    'Content-Length': String(object.sizeBytes),
    ETag: object.etag,
    'Last-Modified': new Date(object.lastModified).toUTCString(),
    'Accept-Ranges': 'bytes',
    'x-oss-object-type': object.type,
    'x-oss-hash-crc64ecma': object.crc64,
    ...(tagCount > 0 && maySeeTags ? { 'x-oss-tagging-count': String(tagCount) } : {}),
    ...(object.versionId === undefined ? {} : { 'x-oss-version-id': object.versionId }),
  };
}

// Without `x-oss-range-behavior: standard` OSS answers a range that is not wholly inside the object with all of it.
function rangeOf(request: OssRequest, sizeBytes: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(headerOf(request, 'range') ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const last = sizeBytes - 1;
  const fromEnd = match[1] === '';
  const start = fromEnd ? sizeBytes - Number(match[2]) : Number(match[1]);
  const end = fromEnd || match[2] === '' ? last : Number(match[2]);
  if (start >= 0 && start <= end && end <= last) return { start, end };
  if (headerOf(request, 'x-oss-range-behavior') !== 'standard') return undefined;
  if (start > last || start > end) throw ossError('InvalidRange', { ActualObjectSize: String(sizeBytes) });
  return { start: Math.max(0, start), end: Math.min(end, last) };
}
