import assert from 'node:assert/strict';
import { Readable, type Transform } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { dropsOfAttachedConstraints, withoutCommit, withoutLines } from '../../src/restore/script-filter.ts';
import { tocOf } from './toc-of.ts';

const END = '\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict key\n\n';

describe('lines are taken out of the beginning of a script', () => {
  const script = 'SET a = 0;\nSET ü = 0;\nSET b = 0;\n--\n-- Name: t; Type: TABLE\n--\n\nSET a = 0;\nlast';

  test('and of nothing behind it, wherever the chunks end', async () => {
    const expected = 'SET b = 0;\n--\n-- Name: t; Type: TABLE\n--\n\nSET a = 0;\nlast';
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (size) => {
        assert.equal(await passed(withoutLines(['SET a = 0;', 'SET ü = 0;']), script, size), expected);
      }),
    );
  });

  test('whatever the first entry is', async () => {
    for (const first of ['-- Data for Name: t; Type: TABLE DATA', 'CREATE TABLE t ();']) {
      const rest = `${first}\nSET a = 0;\n`;
      assert.equal(await passed(withoutLines(['SET a = 0;']), `SET a = 0;\n${rest}`, 7), rest);
    }
  });

  test('and a script of nothing but them becomes empty', async () => {
    assert.equal(await passed(withoutLines(['SET a = 0;']), 'SET a = 0;\n', 3), '');
  });
});

describe('the last COMMIT is taken out of a script', () => {
  test('and no other one, wherever the chunks end', async () => {
    const rows = `COMMIT;\n${'x'.repeat(9000)}\nCOMMIT;\n`;
    for (const size of [1, 100, 4096, 5000, 20_000]) {
      assert.equal(await passed(withoutCommit(), `${rows}\n\nCOMMIT;\n${END}`, size), `${rows}\n\n${END}`);
    }
  });

  for (const [what, script] of [
    ['that was cut', 'COPY t FROM stdin;\n1\n'],
    ['that was cut behind a COMMIT', `${'x'.repeat(5000)}\nCOMMIT;\n`],
    ['that is empty', ''],
  ] as const) {
    test(`but a script ${what} is refused`, async () => {
      await assert.rejects(passed(withoutCommit(), script, 1000), /has no end/);
    });
  }
});

test('the constraints that go with those of their parents are known by their attachments', () => {
  const drop = (table: string, name: string) =>
    `ALTER TABLE ONLY public."${table}" DROP CONSTRAINT ${name};\n`;
  const toc = tocOf([
    { kind: 'CONSTRAINT', tag: 'parted parted_pkey', dropStatement: drop('parted', 'parted_pkey') },
    { kind: 'CONSTRAINT', tag: 'part part_pkey', dropStatement: drop('part', 'part_pkey') },
    { kind: 'INDEX', tag: 'part_idx', dropStatement: 'DROP INDEX part_idx;\n' },
    { kind: 'INDEX ATTACH', tag: 'part_pkey', dependencies: [2, 1, 2] },
    { kind: 'INDEX ATTACH', tag: 'part_idx', dependencies: [3] },
  ]);
  assert.deepEqual(dropsOfAttachedConstraints(toc), [
    'ALTER TABLE IF EXISTS ONLY public."part" DROP CONSTRAINT IF EXISTS part_pkey;',
  ]);
});

function passed(filter: Transform, script: string, chunkBytes: number): Promise<string> {
  const bytes = Buffer.from(script);
  const chunks = [];
  for (let start = 0; start < bytes.length; start += chunkBytes)
    chunks.push(bytes.subarray(start, start + chunkBytes));
  const source = Readable.from(chunks);
  return text(source.pipe(filter));
}
