import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkCopy } from '../../src/storage/copy-check.ts';
import { openLocalStore } from '../../src/storage/local.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

test('a copy that has to be read back tells how far it is read', async (t) => {
  const directory = temporaryDirectory(t);
  const content = Buffer.alloc(3_000_000, 'x');
  writeFileSync(join(directory, 'x'), content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const told: number[] = [];
  const copy = await checkCopy(
    openLocalStore(directory),
    { name: 'x', sizeBytes: content.length, sha256 },
    new AbortController().signal,
    (read) => told.push(read),
  );
  assert.deepEqual(copy?.differences, []);
  assert.ok(told.length > 1, 'while it is read');
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  assert.equal(told.at(-1), content.length);
});
