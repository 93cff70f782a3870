import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { Secret } from '../src/secret.ts';

test('a secret prints as *** in every way in which a value becomes text, and only reveal() shows it', () => {
  const secret = new Secret('canary');
  const everyWay = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret, list: [secret] }),
    inspect(secret),
    inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
    format('%s %o %O %j', secret, secret, secret, secret),
    Object.entries(secret).join(),
    JSON.stringify(Object.getOwnPropertyDescriptors(secret)),
    new Error('failed', { cause: secret }).stack ?? '',
    inspect(new Error('failed', { cause: secret })),
  ];
  for (const text of everyWay) assert.doesNotMatch(text, /canary/);
  assert.match(everyWay[0] ?? '', /^\*\*\*$/);
  assert.equal(secret.reveal(), 'canary');
});
