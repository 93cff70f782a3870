import type { KnownKey } from './credentials.ts';
import { type OssError, ossError } from './oss-error.ts';
import { judge, type Right } from './ram-policy.ts';

export interface Authorization {
  /** Whether the key has the right. */
  may(right: Right): boolean;
  /** Throws the AccessDenied of OSS where it has not. */
  demand(right: Right): void;
}

/** What a key may do: everything without a policy. */
export function authorizationOf({ credential, policy }: KnownKey): Authorization {
  const judgement = (right: Right) => (policy === undefined ? 'Allowed' : judge(policy, right));
  return {
    may: (right) => judgement(right) === 'Allowed',
    demand(right) {
      const result = judgement(right);
      if (result !== 'Allowed') throw denial(result, right, credential.accessKeyId);
    },
  };
}

// Messages, elements and EC as OSS sends them; the message for a want of rights speaks of the bucket's ACL, and the one for
// a Deny of the bucket policy, whatever denied it.
function denial(type: 'ExplicitDeny' | 'ImplicitDeny', right: Right, accessKeyId: string): OssError {
  const isExplicit = type === 'ExplicitDeny';
  return ossError('AccessDenied', {
    message: isExplicit
      ? 'Access denied by bucket policy.'
      : 'You have no right to access this object because of bucket acl.',
    ec: isExplicit ? '0003-00000201' : '0003-00000001',
    AccessDeniedDetail: {
      PolicyType: 'AccountLevelIdentityBasedPolicy',
      AuthPrincipalOwnerId: '1000000000000001',
      AuthPrincipalType: accessKeyId.startsWith('STS.') ? 'AssumedRoleUser' : 'SubUser',
      AuthPrincipalDisplayName: '200000000000000002',
      NoPermissionType: type,
      AuthAction: right.action,
    },
  });
}
