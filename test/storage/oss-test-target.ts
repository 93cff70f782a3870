import { Secret } from '../../src/secret.ts';
import type { OssCredentials, OssKeys } from '../../src/storage/oss-credentials.ts';
import type { OssTarget } from '../../src/storage/oss-target.ts';
import { bucket, permanentKey, region } from '../oss-server/clients.ts';
import type { Credential, OssServer } from '../oss-server/server.ts';

/** The bucket of the stand-in, below the prefix `backups`, unless `changes` say otherwise. */
export function targetAt(server: Pick<OssServer, 'endpoint'>, changes: Partial<OssTarget> = {}): OssTarget {
  return { bucket, prefix: 'backups', endpoint: server.endpoint, region, addressing: 'virtual', ...changes };
}

export function keysOf({ accessKeyId, accessKeySecret, securityToken }: Credential = permanentKey): OssKeys {
  return {
    accessKeyId: new Secret(accessKeyId),
    accessKeySecret: new Secret(accessKeySecret),
    ...(securityToken ? { securityToken: new Secret(securityToken) } : {}),
  };
}

/** A source of keys that goes on to the next one whenever it is told to renew. */
export function credentialsOf(...keys: readonly Credential[]): OssCredentials & { renewals: number } {
  const source = {
    renewals: 0,
    async keys({ renew = false } = {}) {
      if (renew) source.renewals += 1;
      return keysOf(keys[Math.min(source.renewals, keys.length - 1)]);
    },
  };
  return source;
}
