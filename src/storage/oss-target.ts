import type { Settings } from '../config/settings.ts';
import { regionOfEndpoint } from '../config/validate.ts';
import type { Secret } from '../secret.ts';

/** The bucket that the settings name and the keys to it. */
export interface OssTarget {
  readonly bucket: string;
  /** Empty or without slashes at its ends. */
  readonly prefix: string;
  /** With its scheme, for example `https://oss-cn-hangzhou.aliyuncs.com`. */
  readonly endpoint: string;
  /** For example `cn-hangzhou`. */
  readonly region: string;
  readonly accessKeyId: Secret;
  readonly accessKeySecret: Secret;
}

/** Reads the target out of settings that were checked for an upload by ossutil. */
export function ossTarget(settings: Settings): OssTarget {
  const { OSS_BUCKET, OSS_ENDPOINT, OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET } = settings;
  const region = settings.OSS_REGION ?? regionOfEndpoint(OSS_ENDPOINT ?? '');
  if (!OSS_BUCKET || !OSS_ENDPOINT || !OSS_ACCESS_KEY_ID || !OSS_ACCESS_KEY_SECRET || !region) {
    throw new Error('OSS settings were not checked');
  }
  return {
    bucket: OSS_BUCKET,
    prefix: (settings.OSS_PREFIX ?? '').replace(/\/$/, ''),
    endpoint: /^https?:\/\//.test(OSS_ENDPOINT) ? OSS_ENDPOINT.replace(/\/$/, '') : `https://${OSS_ENDPOINT}`,
    region,
    accessKeyId: OSS_ACCESS_KEY_ID,
    accessKeySecret: OSS_ACCESS_KEY_SECRET,
  };
}

export function objectKey(target: OssTarget, name: string): string {
  return target.prefix === '' ? name : `${target.prefix}/${name}`;
}

export function objectUrl(target: OssTarget, name: string): string {
  return `oss://${target.bucket}/${objectKey(target, name)}`;
}
