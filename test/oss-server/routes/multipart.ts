import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { receiveFile, receiveText, writeFile } from '../body.ts';
import { type Exchange, integerParameter, nameEncoding, type Reply, refuseOverwrite } from '../exchange.ts';
import type { Part, Upload } from '../multipart-uploads.ts';
import { describeObject, encryptionHeaders } from '../object-headers.ts';
import { userTags } from '../object-tags.ts';
import { ossError } from '../oss-error.ts';
import { document, innerXml, textOf } from '../xml.ts';

const maximumPartNumber = 10_000;
const maximumPartBytes = 5 * 1024 ** 3;
const minimumPartBytes = 100 * 1024;
const maximumXmlBytes = 2 * 1024 ** 2;

export async function initiateMultipartUpload(exchange: Exchange): Promise<Reply> {
  const { request, uploads, bucket, key } = exchange;
  const description = describeObject(request);
  refuseOverwrite(exchange);
  const { encode, EncodingType } = nameEncoding(request);
  const upload = await uploads.initiate({
    ...description,
    bucket,
    key,
    initiated: new Date().toISOString(),
  });
  return {
    status: 200,
    headers: encryptionHeaders(description.headers),
    body: document('InitiateMultipartUploadResult', {
      EncodingType,
      Bucket: bucket,
      Key: encode(key),
      UploadId: upload.uploadId,
    }),
  };
}

export async function uploadPart(exchange: Exchange): Promise<Reply> {
  const { request, store, uploads, fault } = exchange;
  const upload = uploadOf(exchange, '0042-00000104');
  const number = integerParameter(request, 'partNumber', {
    fallback: 0,
    minimum: 1,
    maximum: maximumPartNumber,
  });
  if (number === 0) throw ossError('InvalidArgument', { ArgumentName: 'partNumber', ArgumentValue: '' });
  const incomingPath = store.incomingPath();
  try {
    const written = await receiveFile(request, incomingPath, { maximumBytes: maximumPartBytes, fault });
    const part: Part = {
      number,
      sizeBytes: written.sizeBytes,
      md5: written.md5.toString('hex'),
      etag: `"${written.md5.toString('hex').toUpperCase()}"`,
      lastModified: new Date().toISOString(),
    };
    await uploads.addPart(upload, part, incomingPath);
    return {
      status: 200,
      headers: {
        ETag: part.etag,
        'Content-MD5': written.md5.toString('base64'),
        'x-oss-hash-crc64ecma': written.crc64,
        ...encryptionHeaders(upload.headers),
      },
    };
  } finally {
    await rm(incomingPath, { force: true });
  }
}

export async function completeMultipartUpload(exchange: Exchange): Promise<Reply> {
  const { request, store, uploads, bucket, key, fault } = exchange;
  const upload = uploadOf(exchange);
  const tags = userTags(request);
  const parts = chooseParts(await receiveText(request, maximumXmlBytes, fault), upload);
  refuseOverwrite(exchange);
  const incomingPath = store.incomingPath();
  const written = await writeFile(concatenate(exchange, upload, parts), incomingPath, fault);
  const object = {
    key,
    sizeBytes: written.storedSizeBytes,
    crc64: written.storedCrc64,
    etag: multipartEtag(parts),
    type: 'Multipart' as const,
    lastModified: new Date().toISOString(),
    acl: upload.acl,
    headers: upload.headers,
    tags: Object.keys(tags).length > 0 ? tags : upload.tags,
  };
  const versionId = await store.put(bucket, object, incomingPath);
  await uploads.end(upload);
  const { encode, EncodingType } = nameEncoding(request);
  return {
    status: 200,
    headers: {
      ETag: object.etag,
      'x-oss-hash-crc64ecma': written.crc64,
      ...encryptionHeaders(upload.headers),
      ...(versionId === undefined ? {} : { 'x-oss-version-id': versionId }),
    },
    body: document('CompleteMultipartUploadResult', {
      EncodingType,
      Location: `http://${request.http.headers.host}/${encodeURIComponent(key)}`,
      Bucket: bucket,
      Key: encode(key),
      ETag: object.etag,
    }),
  };
}

export async function abortMultipartUpload(exchange: Exchange): Promise<Reply> {
  await exchange.uploads.end(uploadOf(exchange));
  return { status: 204 };
}

/** The upload that the request names, or NoSuchUpload. */
export function uploadOf({ request, uploads, bucket, key }: Exchange, ec?: string): Upload {
  const uploadId = request.query.get('uploadId') ?? '';
  const upload = uploads.find(bucket, key, uploadId);
  if (!upload) throw ossError('NoSuchUpload', { UploadId: uploadId, ...(ec ? { ec } : {}) });
  return upload;
}

function chooseParts(xml: string, upload: Upload): Part[] {
  const listed = innerXml(innerXml(xml, 'CompleteMultipartUpload')[0] ?? '', 'Part');
  if (listed.length === 0 || listed.length > maximumPartNumber) throw ossError('MalformedXML');
  let previousNumber = 0;
  return listed.map((entry, index) => {
    const number = Number(textOf(entry, 'PartNumber'));
    if (!(number > previousNumber)) throw ossError('InvalidPartOrder', { UploadId: upload.uploadId });
    previousNumber = number;
    const part = upload.parts.get(number);
    const etag = (textOf(entry, 'ETag') ?? '').replaceAll('"', '');
    if (!part || part.etag !== `"${etag.toUpperCase()}"`) {
      throw ossError('InvalidPart', { UploadId: upload.uploadId, PartNumber: String(number) });
    }
    if (part.sizeBytes < minimumPartBytes && index < listed.length - 1) {
      throw ossError('EntityTooSmall', {
        ETag: part.etag,
        MinSizeAllowed: String(minimumPartBytes),
        ProposedSize: String(part.sizeBytes),
        PartNumber: String(number),
      });
    }
    return part;
  });
}

async function* concatenate(
  { uploads }: Exchange,
  upload: Upload,
  parts: readonly Part[],
): AsyncGenerator<Buffer> {
  for (const part of parts) yield* createReadStream(uploads.pathOf(upload, part.number));
}

function multipartEtag(parts: readonly Part[]): string {
  const digest = createHash('md5').update(parts.map((part) => part.md5).join(''), 'hex');
  return `"${digest.digest('hex').toUpperCase()}-${parts.length}"`;
}
