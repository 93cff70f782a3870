import { type Exchange, integerParameter, nameEncoding, type Reply } from '../exchange.ts';
import type { StoredObject } from '../object-store.ts';
import { ossError } from '../oss-error.ts';
import { document } from '../xml.ts';

/** ListObjects, where a page begins after `marker`. */
export function listObjects(exchange: Exchange): Reply {
  const { query } = exchange.request;
  const marker = query.get('marker') ?? '';
  const page = readPage(exchange, marker);
  const { encode } = nameEncoding(exchange.request);
  const body = document('ListBucketResult', {
    ...describePage(exchange, page, { withOwner: true }),
    Marker: encode(marker),
    NextMarker: page.next === undefined ? undefined : encode(page.next),
  });
  return { status: 200, body };
}

/** ListObjectsV2, where a page begins after an opaque token. */
export function listObjectsV2(exchange: Exchange): Reply {
  const { query } = exchange.request;
  if (query.get('list-type') !== '2') {
    throw ossError('InvalidArgument', {
      ArgumentName: 'list-type',
      ArgumentValue: query.get('list-type') ?? '',
    });
  }
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after') ?? '';
  const page = readPage(exchange, token ? Buffer.from(token, 'base64url').toString() : startAfter);
  const { encode } = nameEncoding(exchange.request);
  const body = document('ListBucketResult', {
    ...describePage(exchange, page, { withOwner: query.get('fetch-owner') === 'true' }),
    KeyCount: page.entries.length,
    StartAfter: encode(startAfter),
    ContinuationToken: token,
    NextContinuationToken: page.next === undefined ? undefined : Buffer.from(page.next).toString('base64url'),
  });
  return { status: 200, body };
}

interface Page {
  readonly maxKeys: number;
  /** An object, or the common prefix of several. */
  readonly entries: readonly (StoredObject | string)[];
  /** The last name on this page, where another follows. */
  readonly next: string | undefined;
}

function readPage({ request, store, bucket }: Exchange, after: string): Page {
  const prefix = request.query.get('prefix') ?? '';
  const delimiter = request.query.get('delimiter') ?? '';
  const maxKeys = integerParameter(request, 'max-keys', { fallback: 100, minimum: 1, maximum: 1000 });
  const entries = new Map<string, StoredObject | string>();
  for (const object of store.list(bucket)) {
    if (!object.key.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
    const name = cut === -1 ? object.key : object.key.slice(0, cut + delimiter.length);
    if (Buffer.compare(Buffer.from(name), Buffer.from(after)) <= 0) continue;
    entries.set(name, cut === -1 ? object : name);
  }
  const names = [...entries.keys()].slice(0, maxKeys);
  const next = entries.size > maxKeys ? names.at(-1) : undefined;
  return { maxKeys, next, entries: [...entries.values()].slice(0, maxKeys) };
}

function describePage({ request, bucket }: Exchange, page: Page, { withOwner }: { withOwner: boolean }) {
  const { encode, EncodingType } = nameEncoding(request);
  const objects = page.entries.filter((entry) => typeof entry !== 'string');
  const prefixes = page.entries.filter((entry) => typeof entry === 'string');
  return {
    Name: bucket,
    Prefix: encode(request.query.get('prefix') ?? ''),
    MaxKeys: page.maxKeys,
    Delimiter: encode(request.query.get('delimiter') ?? ''),
    IsTruncated: page.next !== undefined,
    EncodingType,
    Contents: objects.map((object) => ({
      Key: encode(object.key),
      LastModified: object.lastModified,
      ETag: object.etag,
      Type: object.type,
      Size: object.sizeBytes,
      StorageClass: object.headers['x-oss-storage-class'],
      Owner: withOwner ? { ID: 'oss-server', DisplayName: 'oss-server' } : undefined,
    })),
    CommonPrefixes: prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  };
}
