import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { conninfo, passfileText } from '../src/postgres/connection.ts';
import { createScrub, scrubValue } from '../src/scrub.ts';
import { Secret } from '../src/secret.ts';

const secretText = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', minLength: 6, maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...'aZ9 +/%&=?#@!\'"()*~\\:$`é社😀'), minLength: 6, maxLength: 40 }),
);

/** The ways in which a program may write a value. */
const FORMS: Readonly<Record<string, (value: string) => string>> = {
  'as it is': (value) => value,
  'URL-encoded': encodeURIComponent,
  'URL-encoded in lower case': (value) =>
    encodeURIComponent(value).replaceAll(/%../g, (code) => code.toLowerCase()),
  'URL-encoded as RFC 3986 says': (value) =>
    encodeURIComponent(value).replaceAll(
      /[!'()*]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
  'as form data': (value) => new URLSearchParams({ k: value }).toString().slice(2),
  'as a JSON string': (value) => JSON.stringify(value).slice(1, -1),
  'in an SQL literal': (value) => value.replaceAll("'", "''"),
  'in a connection string': (value) => conninfo({ k: value }).slice(3, -1),
  'in a passfile': (value) => passfileText(value).slice('*:*:*:*:'.length, -1),
  base64: (value) => Buffer.from(value).toString('base64'),
  'base64 without padding': (value) => Buffer.from(value).toString('base64').replace(/=+$/, ''),
  base64url: (value) => Buffer.from(value).toString('base64url'),
};
for (const [how, write] of Object.entries(FORMS)) {
  test(`a secret that is written ${how} is replaced, with what stands around it left`, () => {
    fc.assert(
      fc.property(secretText, (value) => {
        const scrubbed = createScrub([new Secret(value)])(`«before» ${write(value)} «after»`);
        assert.equal(scrubbed, '«before» *** «after»');
      }),
    );
  });
}

test('a secret inside a longer base64 text leaves no whole group of its letters', () => {
  const secret = 'tops3cret-canary';
  const scrub = createScrub([new Secret(secret)]);
  for (const before of ['', 'u:', 'us:', 'use:', 'user:']) {
    for (const after of ['', '@', '@h', '@host']) {
      const scrubbed = scrub(Buffer.from(before + secret + after).toString('base64'));
      assert.match(scrubbed, /\*\*\*/);
      const rest = scrubbed.split('***').map((part) => Buffer.from(part, 'base64').toString('latin1'));
      assert.doesNotMatch(rest.join(' '), /3cre|cana/);
    }
  }
});

test('of a secret that contains another one nothing is left', () => {
  const scrub = createScrub([new Secret('abc'), new Secret('xabcx')]);
  assert.equal(scrub('1 xabcx 2 abc 3'), '1 *** 2 *** 3');
});

test('every place and every secret counts, and no secret at all changes nothing', () => {
  assert.equal(createScrub([new Secret('aaaa'), new Secret('bbbb')])('aaaa bbbb aaaa'), '*** *** ***');
  assert.equal(createScrub([])('text'), 'text');
  assert.equal(createScrub([new Secret('')])('text'), 'text');
});

test('a secret with the signs of a regular expression or of a replacement is plain text', () => {
  assert.equal(createScrub([new Secret('.*$&')])('abc .*$& abc'), 'abc *** abc');
});

test('inside a value every string is scrubbed, and its shape, keys and numbers stay', () => {
  const scrub = createScrub([new Secret('canary')]);
  assert.deepEqual(scrubValue({ canary: ['a canary', { b: 'canary' }], n: 1, t: true, z: null }, scrub), {
    canary: ['a ***', { b: '***' }],
    n: 1,
    t: true,
    z: null,
  });
});
