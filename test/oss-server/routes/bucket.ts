import { receiveText } from '../body.ts';
import { type Exchange, nameEncoding, type Reply } from '../exchange.ts';
import { ossError } from '../oss-error.ts';
import { document, innerXml, textOf } from '../xml.ts';

const owner = { ID: 'oss-server', DisplayName: 'oss-server' };
const maximumXmlBytes = 2 * 1024 ** 2;
const maximumKeys = 1000;

export function getBucketInfo({ bucket, region }: Exchange): Reply {
  const body = document('BucketInfo', {
    Bucket: {
      Name: bucket,
      Location: `oss-${region}`,
      CreationDate: '2020-01-01T00:00:00.000Z',
      ExtranetEndpoint: `oss-${region}.aliyuncs.com`,
      IntranetEndpoint: `oss-${region}-internal.aliyuncs.com`,
      StorageClass: 'Standard',
      DataRedundancyType: 'LRS',
      AccessMonitor: 'Disabled',
      TransferAcceleration: 'Disabled',
      CrossRegionReplication: 'Disabled',
      Owner: owner,
      AccessControlList: { Grant: 'private' },
      ServerSideEncryptionRule: { SSEAlgorithm: 'None' },
    },
  });
  return { status: 200, body };
}

/** DeleteMultipleObjects; in quiet mode the answer has no body. */
export async function deleteMultipleObjects({ request, store, bucket, fault }: Exchange): Promise<Reply> {
  if (request.http.headers['content-md5'] === undefined) {
    throw ossError('InvalidArgument', {
      message: 'Missing Some Required Arguments.',
      ArgumentName: 'Content-MD5',
    });
  }
  const xml = await receiveText(request, maximumXmlBytes, fault);
  const [deletion] = innerXml(xml, 'Delete');
  const keys = innerXml(deletion ?? '', 'Object').map((object) => textOf(object, 'Key'));
  if (keys.length === 0 || keys.length > maximumKeys || !keys.every((key) => key !== undefined)) {
    throw ossError('MalformedXML');
  }
  await Promise.all(keys.map((key) => store.delete(bucket, key)));
  if (textOf(deletion ?? '', 'Quiet') === 'true') return { status: 200 };
  const { encode, EncodingType } = nameEncoding(request);
  const Deleted = keys.map((key) => ({ Key: encode(key) }));
  return { status: 200, body: document('DeleteResult', { EncodingType, Deleted }) };
}
