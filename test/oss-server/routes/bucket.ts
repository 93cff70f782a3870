import { receiveText } from '../body.ts';
import { type Exchange, nameEncoding, type Reply } from '../exchange.ts';
import { ossError } from '../oss-error.ts';
import { objectResource } from '../ram-actions.ts';
import { document, innerXml, textOf } from '../xml.ts';

const owner = { ID: 'oss-server', DisplayName: 'oss-server' };
const maximumXmlBytes = 2 * 1024 ** 2;
const maximumKeys = 1000;

export function getBucketInfo({ bucket, region, store }: Exchange): Reply {
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
      Versioning: store.optionsOf(bucket).versioning,
      Owner: owner,
      AccessControlList: { Grant: 'private' },
      ServerSideEncryptionRule: { SSEAlgorithm: 'None' },
    },
  });
  return { status: 200, body };
}

/** Empty where versioning was never switched on. */
export function getBucketVersioning({ bucket, store }: Exchange): Reply {
  const Status = store.optionsOf(bucket).versioning;
  return { status: 200, body: document('VersioningConfiguration', { Status }) };
}

export function getBucketWorm({ bucket, store }: Exchange): Reply {
  if (!store.optionsOf(bucket).worm) throw ossError('NoSuchWORMConfiguration');
  const body = document('WormConfiguration', {
    WormId: '1666E2CFB2B3418A',
    State: 'Locked',
    RetentionPeriodInDays: 365,
    CreationDate: '2020-01-01T00:00:00.000Z',
  });
  return { status: 200, body };
}

/**
 * DeleteMultipleObjects; in quiet mode the answer has no body. Where a key may not be deleted (no right, or protected by a
 * retention policy) nothing is: what OSS does then with the others is not published.
 */
export async function deleteMultipleObjects(exchange: Exchange): Promise<Reply> {
  const { request, store, bucket, fault } = exchange;
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
  for (const key of keys) {
    exchange.demand({ action: 'oss:DeleteObject', resource: objectResource(bucket, key) });
    store.refuseImmutable(bucket, key);
  }
  const markers = await Promise.all(keys.map((key) => store.delete(bucket, key)));
  if (textOf(deletion ?? '', 'Quiet') === 'true') return { status: 200 };
  const { encode, EncodingType } = nameEncoding(request);
  const Deleted = keys.map((key, index) => ({
    Key: encode(key),
    DeleteMarker: markers[index] === undefined ? undefined : true,
    DeleteMarkerVersionId: markers[index],
  }));
  return { status: 200, body: document('DeleteResult', { EncodingType, Deleted }) };
}
