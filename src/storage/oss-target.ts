import { regionOfEndpoint } from '../config/combinations.ts';
import type { Settings } from '../config/settings.ts';

/** The bucket that the settings name, the way to it, and what its new objects shall be. */
export interface OssTarget {
  readonly bucket: string;
  /** Empty or without slashes at its ends. */
  readonly prefix: string;
  /** With its scheme, for example `https://oss-cn-hangzhou.aliyuncs.com`. */
  readonly endpoint: string;
  /** For example `cn-hangzhou`. */
  readonly region: string;
  /** Where requests name the bucket: in the host name, in the path, or not at all. */
  readonly addressing: Settings['OSS_ADDRESSING'];
  readonly serverSideEncryption?: Settings['OSS_SERVER_SIDE_ENCRYPTION'];
  readonly kmsKeyId?: string | undefined;
  readonly storageClass?: Settings['OSS_STORAGE_CLASS'];
  /** As it is written: `name=value&name=value`. */
  readonly tags?: string | undefined;
}

/** Reads the target out of settings that were checked for an upload to OSS. */
export function ossTarget(settings: Settings): OssTarget {
  const { OSS_BUCKET } = settings;
  const way = wayToOss(settings);
  if (!OSS_BUCKET || !way) throw new Error('OSS settings were not checked');
  return {
    ...way,
    bucket: OSS_BUCKET,
    prefix: (settings.OSS_PREFIX ?? '').replace(/\/$/, ''),
    serverSideEncryption: settings.OSS_SERVER_SIDE_ENCRYPTION,
    kmsKeyId: settings.OSS_KMS_KEY_ID,
    storageClass: settings.OSS_STORAGE_CLASS,
    tags: settings.OSS_OBJECT_TAGS,
  };
}

/** The way to any bucket of the region; undefined where the settings do not tell it. */
export function wayToOss(
  settings: Settings,
): Pick<OssTarget, 'endpoint' | 'region' | 'addressing'> | undefined {
  const { OSS_ENDPOINT } = settings;
  const region = settings.OSS_REGION ?? regionOfEndpoint(OSS_ENDPOINT ?? '');
  if (!OSS_ENDPOINT || !region) return undefined;
  const endpoint = /^https?:\/\//.test(OSS_ENDPOINT)
    ? OSS_ENDPOINT.replace(/\/$/, '')
    : `https://${OSS_ENDPOINT}`;
  return { endpoint, region, addressing: settings.OSS_ADDRESSING };
}

export function objectKey(target: OssTarget, name: string): string {
  return target.prefix === '' ? name : `${target.prefix}/${name}`;
}

export function objectUrl(target: OssTarget, name: string): string {
  return `oss://${target.bucket}/${objectKey(target, name)}`;
}

/** What a new object shall be, as headers of PutObject or InitiateMultipartUpload; `x-oss-forbid-overwrite` belongs on CompleteMultipartUpload too. */
export function uploadHeaders(
  target: OssTarget,
  { sha256, overwrite }: { readonly sha256?: string | undefined; readonly overwrite: boolean },
): Record<string, string> {
  const headers: Readonly<Record<string, string | undefined>> = {
    'x-oss-server-side-encryption': target.serverSideEncryption,
    'x-oss-server-side-encryption-key-id': target.kmsKeyId,
    'x-oss-storage-class': target.storageClass,
    'x-oss-tagging': target.tags && taggingHeader(target.tags),
    'x-oss-meta-sha256': sha256,
    'x-oss-forbid-overwrite': overwrite ? undefined : 'true',
  };
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The header is a query string: names and values are URL-encoded (OSS, PutObject, x-oss-tagging). */
function taggingHeader(tags: string): string {
  return tags
    .split('&')
    .map((tag) => {
      const at = tag.indexOf('=');
      return `${encodeURIComponent(tag.slice(0, at))}=${encodeURIComponent(tag.slice(at + 1))}`;
    })
    .join('&');
}
