import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { ossError } from './oss-error.ts';

/** One HTTP request, read as OSS reads it: which bucket, which object, which parameters. */
export interface OssRequest {
  readonly http: IncomingMessage;
  readonly method: string;
  readonly hostname: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly query: ReadonlyMap<string, string>;
}

export interface Hosts {
  readonly buckets: ReadonlySet<string>;
  /** Custom domain names and the bucket that each stands for. */
  readonly cnames: ReadonlyMap<string, string>;
}

/**
 * Understands every style of address: a custom domain name, `bucket.host/key`, and `host/bucket/key` where the host is an IP
 * address or any name but one of aliyuncs.com, where OSS answers SecondLevelDomainForbidden. Throws InvalidArgument for a
 * target that is not percent-encoded UTF-8.
 */
export function parseRequest(http: IncomingMessage, hosts: Hosts): OssRequest {
  // A proxied request names the host in its target; the Host header says the same.
  const target = (http.url ?? '/').replace(/^https?:\/\/[^/]*/i, '');
  const [rawPath = '', rawQuery = ''] = splitOnce(target, '?');
  const hostname = (http.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  const path = decode(rawPath).replace(/^\//, '');
  const virtualBucket = bucketOfHost(hostname, hosts);
  if (virtualBucket === undefined && path !== '' && hostname.endsWith('.aliyuncs.com')) {
    throw ossError('SecondLevelDomainForbidden');
  }
  const [bucket, key] = virtualBucket === undefined ? splitOnce(path, '/') : [virtualBucket, path];
  return {
    http,
    method: http.method ?? '',
    hostname,
    bucket: bucket || undefined,
    key: key || undefined,
    query: new Map(rawQuery.split('&').filter(Boolean).map(parseParameter)),
  };
}

/** A request header as the client wrote it: Node gives the bytes as Latin-1, OSS and its clients mean UTF-8. */
export function headerOf(request: OssRequest, name: string): string | undefined {
  const value = request.http.headers[name];
  return typeof value === 'string' ? Buffer.from(value, 'latin1').toString('utf8') : value?.join(',');
}

/** All `x-oss-*` request headers, names in lower case, in the order of their names. */
export function ossHeaders(request: OssRequest): [name: string, value: string][] {
  return Object.keys(request.http.headers)
    .filter((name) => name.startsWith('x-oss-'))
    .sort()
    .map((name) => [name, headerOf(request, name) ?? '']);
}

function bucketOfHost(hostname: string, { buckets, cnames }: Hosts): string | undefined {
  const ownBucket = cnames.get(hostname);
  if (ownBucket !== undefined) return ownBucket;
  const [label = '', domain = ''] = splitOnce(hostname, '.');
  if (isIP(hostname) || domain === '') return undefined;
  return buckets.has(label) || /^[\w-]+\.aliyuncs\.com$/.test(domain) ? label : undefined;
}

function parseParameter(pair: string): [string, string] {
  const [name, value = ''] = splitOnce(pair, '=');
  return [decode(name), decode(value)];
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw ossError('InvalidArgument', { message: 'The request target is not percent-encoded UTF-8.' });
  }
}
