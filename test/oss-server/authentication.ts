import type { Credentials, KnownKey } from './credentials.ts';
import { type OssErrorCode, ossError } from './oss-error.ts';
import { headerOf, type OssRequest } from './request.ts';
import { signV1, stringToSignV1 } from './signature-v1.ts';
import { canonicalRequestV4, type ScopeV4, signV4, stringToSignV4 } from './signature-v4.ts';

export interface Authority {
  readonly credentials: Credentials;
  /** The region that V4 signatures must name, such as `cn-hangzhou`. */
  readonly region: string;
  readonly nowMilliseconds: number;
}

const maximumSkewMilliseconds = 15 * 60 * 1000;

export interface Authentic {
  readonly signature: 'V1' | 'V4';
  readonly key: KnownKey;
}

/** Throws the OssError that says why the request's signature is not accepted; else says of which kind and whose it was. */
export function authenticate(request: OssRequest, authority: Authority): Authentic {
  const authorization = headerOf(request, 'authorization');
  if (authorization === undefined) {
    throw ossError('AccessDenied', { message: 'Anonymous user has no right to access this bucket.' });
  }
  const v1 = /^OSS ([^:\s]+):(\S+)$/.exec(authorization);
  if (v1) {
    const [, accessKeyId = '', signature = ''] = v1;
    const key = findKey(request, accessKeyId, authority);
    refuseSkewedClock(headerOf(request, 'x-oss-date') ?? headerOf(request, 'date'), authority);
    const stringToSign = stringToSignV1(request);
    if (signV1(stringToSign, key.credential.accessKeySecret) !== signature)
      throw mismatch(accessKeyId, signature, stringToSign);
    return { signature: 'V1', key };
  }
  const v4 =
    /^OSS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]*)\/([^/,]+)\/aliyun_v4_request, *(?:AdditionalHeaders=([^,]*), *)?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (!v4) throw ossError('InvalidArgument', { message: 'Authorization header is invalid.' });
  const [, accessKeyId = '', date = '', region = '', product = '', additional = '', signature = ''] = v4;
  const scope = { date, region, product };
  return {
    signature: 'V4',
    key: authenticateV4(request, authority, { accessKeyId, scope, additional, signature }),
  };
}

interface AuthorizationV4 {
  accessKeyId: string;
  scope: ScopeV4;
  additional: string;
  signature: string;
}

function authenticateV4(request: OssRequest, authority: Authority, authorization: AuthorizationV4): KnownKey {
  const { accessKeyId, scope, additional, signature } = authorization;
  const key = findKey(request, accessKeyId, authority);
  const timestamp = headerOf(request, 'x-oss-date') ?? headerOf(request, 'date') ?? '';
  const instant = refuseSkewedClock(timestamp, authority);
  if (scope.date !== new Date(instant).toISOString().slice(0, 10).replaceAll('-', '')) {
    throw invalidSigning('date');
  }
  if (scope.region !== authority.region) throw invalidSigning('region', '0002-00000226');
  if (scope.product !== 'oss') throw invalidSigning('product', '0002-00000227');
  if (headerOf(request, 'x-oss-content-sha256') !== 'UNSIGNED-PAYLOAD') {
    throw ossError('InvalidArgument', {
      message: 'The x-oss-content-sha256 header must be UNSIGNED-PAYLOAD.',
    });
  }
  const canonicalRequest = canonicalRequestV4(request, additional.split(';').filter(Boolean));
  const stringToSign = stringToSignV4(canonicalRequest, timestamp, scope);
  if (signV4(stringToSign, key.credential.accessKeySecret, scope) !== signature) {
    throw mismatch(accessKeyId, signature, stringToSign, canonicalRequest);
  }
  return key;
}

function findKey(request: OssRequest, accessKeyId: string, authority: Authority): KnownKey {
  const token = headerOf(request, 'x-oss-security-token');
  const key = authority.credentials.find(accessKeyId);
  const refuse = (code: OssErrorCode, options: { message?: string; ec?: string } = {}) =>
    ossError(code, { ...options, OSSAccessKeyId: accessKeyId });
  if (!key) throw refuse('InvalidAccessKeyId');
  const { credential } = key;
  if (credential.securityToken !== undefined && token === undefined) {
    const message =
      'The OSS Access Key Id you provided does not exist in our records. ' +
      'The Security Token may be lost to specify that it is a STS Access Id.';
    throw refuse('InvalidAccessKeyId', { message, ec: '0002-00000003' });
  }
  if (credential.securityToken !== token) throw refuse('InvalidSecurityToken');
  const { expiresAtMilliseconds = Number.POSITIVE_INFINITY } = credential;
  if (authority.nowMilliseconds >= expiresAtMilliseconds) throw refuse('SecurityTokenExpired');
  return key;
}

function refuseSkewedClock(timestamp: string | undefined, { nowMilliseconds }: Authority): number {
  const basic = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
  const instant = Date.parse((timestamp ?? '').replace(basic, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(instant)) {
    throw ossError('AccessDenied', { message: 'OSS authentication requires a valid Date.' });
  }
  if (Math.abs(instant - nowMilliseconds) > maximumSkewMilliseconds) {
    throw ossError('RequestTimeTooSkewed', {
      MaxAllowedSkewMilliseconds: String(maximumSkewMilliseconds),
      RequestTime: new Date(instant).toISOString(),
      ServerTime: new Date(nowMilliseconds).toISOString(),
    });
  }
  return instant;
}

function invalidSigning(what: string, ec?: string): Error {
  return ossError('InvalidArgument', {
    message: `Invalid signing ${what} in Authorization header.`,
    ...(ec ? { ec } : {}),
  });
}

function mismatch(
  accessKeyId: string,
  signature: string,
  stringToSign: string,
  canonicalRequest?: string,
): Error {
  return ossError('SignatureDoesNotMatch', {
    OSSAccessKeyId: accessKeyId,
    SignatureProvided: signature,
    StringToSign: stringToSign,
    ...(canonicalRequest === undefined ? {} : { CanonicalRequest: canonicalRequest }),
  });
}
