import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../secret.ts';

/** `none`: nobody has tried. */
export type TokenVerdict = 'right' | 'wrong' | 'none';

/** Says, in the same time whatever it is, what an `Authorization` header is worth: Bearer, or Basic with any user and the token as its password (RFC 6750, RFC 7617). */
export function createTokenCheck(token: Secret): (header: string | undefined) => TokenVerdict {
  const expected = hash(token.reveal());
  return (header) => {
    if (header === undefined || header === '') return 'none';
    return timingSafeEqual(hash(given(header)), expected) ? 'right' : 'wrong';
  };
}

function given(header: string): string {
  const [, scheme = '', value = ''] = /^(\S+) +(.*)$/.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value.trim();
  if (scheme.toLowerCase() !== 'basic') return '';
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
