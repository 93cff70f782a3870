import type { Readable } from 'node:stream';
import type { Fault } from './faults.ts';
import type { MultipartUploads } from './multipart-uploads.ts';
import type { ObjectStore, StoredObject } from './object-store.ts';
import { ossError } from './oss-error.ts';
import { listRight } from './ram-actions.ts';
import type { Right } from './ram-policy.ts';
import { headerOf, type OssRequest } from './request.ts';

/** An accepted request and what a route needs to serve it. */
export interface Exchange {
  readonly request: OssRequest;
  readonly bucket: string;
  /** Empty where the request is about the bucket. */
  readonly key: string;
  readonly region: string;
  readonly store: ObjectStore;
  readonly uploads: MultipartUploads;
  readonly fault: Fault | undefined;
  /** Whether the key that signed the request has the right. */
  may(right: Right): boolean;
  /** Throws AccessDenied where it has not. */
  demand(right: Right): void;
  /** What a key that may not list gets for an object that is not there. */
  readonly missingKeyStatus: 403 | 404;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** XML where it is text. */
  readonly body?: string | Readable;
}

export type Route = (exchange: Exchange) => Reply | Promise<Reply>;

/** A whole number among the parameters, or `fallback`; throws InvalidArgument where it is not from `minimum` to `maximum`. */
export function integerParameter(
  { query }: OssRequest,
  name: string,
  { fallback, minimum, maximum }: { fallback: number; minimum: number; maximum: number },
): number {
  const text = query.get(name);
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
  throw ossError('InvalidArgument', { ArgumentName: name, ArgumentValue: text });
}

/** How names are written in the answer: as they are, or percent-encoded where the request says `encoding-type=url`. */
export function nameEncoding({ query }: OssRequest): {
  encode: (name: string) => string;
  EncodingType?: string;
} {
  const encodingType = query.get('encoding-type');
  if (!encodingType) return { encode: (name) => name };
  if (encodingType === 'url') return { encode: encodeURIComponent, EncodingType: encodingType };
  throw ossError('InvalidArgument', { ArgumentName: 'encoding-type', ArgumentValue: encodingType });
}

/** The object that the request names. Throws NoSuchKey, with the headers of the delete marker where one hides the object. */
export function currentObject({ store, bucket, key, demand, missingKeyStatus }: Exchange): StoredObject {
  const object = store.find(bucket, key);
  if (object) return object;
  if (missingKeyStatus === 403) demand(listRight(bucket, key));
  const error = ossError('NoSuchKey', { Key: key });
  const marker = store.deleteMarker(bucket, key);
  if (marker) error.headers = { 'x-oss-delete-marker': 'true', 'x-oss-version-id': marker };
  throw error;
}

/**
 * Throws FileAlreadyExists where the request forbids to overwrite and the object is there, and FileImmutable where a
 * retention policy protects it. In a versioned bucket neither happens: OSS ignores the header, and nothing is lost.
 */
export function refuseOverwrite({ request, store, bucket, key }: Exchange): void {
  if (store.optionsOf(bucket).versioning || !store.find(bucket, key)) return;
  if (headerOf(request, 'x-oss-forbid-overwrite') === 'true')
    throw ossError('FileAlreadyExists', { Key: key });
  store.refuseImmutable(bucket, key);
}
