import { type Exchange, integerParameter, nameEncoding, type Reply } from '../exchange.ts';
import { ossError } from '../oss-error.ts';
import { document } from '../xml.ts';
import { uploadOf } from './multipart.ts';

const pageLimits = { fallback: 1000, minimum: 1, maximum: 1000 };

export function listMultipartUploads({ request, uploads, bucket }: Exchange): Reply {
  const { query } = request;
  // ossutil always sends one, and it is empty.
  if (query.get('delimiter')) throw ossError('NotImplemented', { ArgumentName: 'delimiter' });
  const [prefix, keyMarker, uploadIdMarker] = ['prefix', 'key-marker', 'upload-id-marker'].map(
    (name) => query.get(name) ?? '',
  );
  const maxUploads = integerParameter(request, 'max-uploads', pageLimits);
  const rank = (key: string, uploadId: string) => Buffer.from(`${key}\0${uploadId}`);
  // A key marker alone goes past every upload of that key.
  const after = rank(keyMarker ?? '', uploadIdMarker || '\uffff');
  const matching = uploads
    .list(bucket)
    .filter(({ key }) => key.startsWith(prefix ?? ''))
    .filter(({ key, uploadId }) => !keyMarker || Buffer.compare(rank(key, uploadId), after) > 0);
  const page = matching.slice(0, maxUploads);
  const last = matching.length > maxUploads ? page.at(-1) : undefined;
  const { encode, EncodingType } = nameEncoding(request);
  const body = document('ListMultipartUploadsResult', {
    EncodingType,
    Bucket: bucket,
    Prefix: encode(prefix ?? ''),
    KeyMarker: encode(keyMarker ?? ''),
    UploadIdMarker: uploadIdMarker,
    NextKeyMarker: encode(last?.key ?? ''),
    NextUploadIdMarker: last?.uploadId ?? '',
    MaxUploads: maxUploads,
    IsTruncated: last !== undefined,
    Upload: page.map(({ key, uploadId, initiated }) => ({
      Key: encode(key),
      UploadId: uploadId,
      Initiated: initiated,
    })),
  });
  return { status: 200, body };
}

export function listParts(exchange: Exchange): Reply {
  const { request, bucket, key } = exchange;
  const upload = uploadOf(exchange);
  const maxParts = integerParameter(request, 'max-parts', pageLimits);
  const marker = integerParameter(request, 'part-number-marker', {
    fallback: 0,
    minimum: 0,
    maximum: 10_000,
  });
  const following = [...upload.parts.values()]
    .filter(({ number }) => number > marker)
    .sort((a, b) => a.number - b.number);
  const page = following.slice(0, maxParts);
  const { encode, EncodingType } = nameEncoding(request);
  const body = document('ListPartsResult', {
    EncodingType,
    Bucket: bucket,
    Key: encode(key),
    UploadId: upload.uploadId,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? marker,
    MaxParts: maxParts,
    IsTruncated: following.length > page.length,
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: part.lastModified,
      ETag: part.etag,
      Size: part.sizeBytes,
    })),
  });
  return { status: 200, body };
}
