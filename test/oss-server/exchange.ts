import type { Readable } from 'node:stream';
import type { Fault } from './faults.ts';
import type { MultipartUploads } from './multipart-uploads.ts';
import type { ObjectStore } from './object-store.ts';
import { ossError } from './oss-error.ts';
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

/** Throws FileAlreadyExists where the request forbids to overwrite and the object is there. */
export function refuseOverwrite({ request, store, bucket, key }: Exchange): void {
  if (headerOf(request, 'x-oss-forbid-overwrite') !== 'true') return;
  if (store.find(bucket, key)) throw ossError('FileAlreadyExists', { Key: key });
}
