import { createHash, createHmac } from 'node:crypto';
import { headerOf, type OssRequest, ossHeaders } from './request.ts';

export interface ScopeV4 {
  /** Day of the request, `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly product: string;
}

/** The canonical request of OSS4-HMAC-SHA256; `additionalHeaders` are the names the client chose to sign besides the usual. */
export function canonicalRequestV4(request: OssRequest, additionalHeaders: readonly string[]): string {
  const always = ['content-type', 'content-md5'].filter((name) => request.http.headers[name] !== undefined);
  const names = new Set([...always, ...ossHeaders(request).map(([name]) => name), ...additionalHeaders]);
  const headers = [...names].sort().map((name) => `${name}:${(headerOf(request, name) ?? '').trim()}\n`);
  const path = request.bucket ? `/${request.bucket}/${request.key ?? ''}` : '/';
  return [
    request.method,
    encode(path).replaceAll('%2F', '/'),
    canonicalQuery(request),
    headers.join(''),
    additionalHeaders.join(';'),
    headerOf(request, 'x-oss-content-sha256') ?? 'UNSIGNED-PAYLOAD',
  ].join('\n');
}

/** The text that a V4 signature signs; `timestamp` is the request's own date header, verbatim. */
export function stringToSignV4(canonicalRequest: string, timestamp: string, scope: ScopeV4): string {
  const digest = createHash('sha256').update(canonicalRequest).digest('hex');
  const scopePath = `${scope.date}/${scope.region}/${scope.product}/aliyun_v4_request`;
  return ['OSS4-HMAC-SHA256', timestamp, scopePath, digest].join('\n');
}

/** The hex signature that belongs in `Authorization: OSS4-HMAC-SHA256 Credential=…,Signature=<signature>`. */
export function signV4(stringToSign: string, accessKeySecret: string, scope: ScopeV4): string {
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const dayKey = hmac(`aliyun_v4${accessKeySecret}`, scope.date);
  const signingKey = hmac(hmac(hmac(dayKey, scope.region), scope.product), 'aliyun_v4_request');
  return hmac(signingKey, stringToSign).toString('hex');
}

function canonicalQuery({ query }: OssRequest): string {
  return [...query]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
