import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { receiveFile } from '../body.ts';
import { type Exchange, type Reply, refuseOverwrite } from '../exchange.ts';
import { encryptionHeaders, objectHeaders } from '../object-headers.ts';
import type { StoredObject } from '../object-store.ts';
import { ossError } from '../oss-error.ts';
import { headerOf, type OssRequest } from '../request.ts';
import { document } from '../xml.ts';

const maximumBytes = 5 * 1024 ** 3;

export async function putObject(exchange: Exchange): Promise<Reply> {
  const { request, store, bucket, key, fault } = exchange;
  const { acl, headers } = objectHeaders(request);
  refuseOverwrite(exchange);
  const incomingPath = store.incomingPath();
  try {
    const written = await receiveFile(request, incomingPath, { maximumBytes, fault });
    // Another request may have stored the object meanwhile.
    refuseOverwrite(exchange);
    const etag = `"${written.md5.toString('hex').toUpperCase()}"`;
    const object: StoredObject = {
      key,
      sizeBytes: written.storedSizeBytes,
      crc64: written.storedCrc64,
      etag,
      type: 'Normal',
      lastModified: new Date().toISOString(),
      acl,
      headers,
    };
    await store.put(bucket, object, incomingPath);
    return {
      status: 200,
      headers: {
        ETag: etag,
        'Content-MD5': written.md5.toString('base64'),
        'x-oss-hash-crc64ecma': written.crc64,
        ...encryptionHeaders(headers),
      },
    };
  } finally {
    await rm(incomingPath, { force: true });
  }
}

export function getObject({ request, store, bucket, key }: Exchange): Reply {
  const object = store.get(bucket, key);
  const range = rangeOf(request, object.sizeBytes);
  const path = store.pathOf(bucket, key);
  const headers = describe(object);
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

export function headObject({ store, bucket, key }: Exchange): Reply {
  return { status: 200, headers: describe(store.get(bucket, key)) };
}

/** The light variant of HeadObject: no checksum and no metadata. */
export function getObjectMeta({ store, bucket, key }: Exchange): Reply {
  const { 'Content-Length': length, ETag, 'Last-Modified': lastModified } = describe(store.get(bucket, key));
  return { status: 200, headers: { 'Content-Length': length, ETag, 'Last-Modified': lastModified } };
}

export function getObjectAcl({ store, bucket, key }: Exchange): Reply {
  const { acl } = store.get(bucket, key);
  const body = document('AccessControlPolicy', {
    Owner: { ID: 'oss-server', DisplayName: 'oss-server' },
    AccessControlList: { Grant: acl },
  });
  return { status: 200, body };
}

/** Succeeds where there is no such object, too. */
export async function deleteObject({ store, bucket, key }: Exchange): Promise<Reply> {
  await store.delete(bucket, key);
  return { status: 204 };
}

function describe(object: StoredObject) {
  return {
    ...object.headers,
    'Content-Length': String(object.sizeBytes),
    ETag: object.etag,
    'Last-Modified': new Date(object.lastModified).toUTCString(),
    'Accept-Ranges': 'bytes',
    'x-oss-object-type': object.type,
    'x-oss-hash-crc64ecma': object.crc64,
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
