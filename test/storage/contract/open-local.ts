import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { openLocalStore } from '../../../src/storage/local.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import type { StoreUnderTest } from './store-under-test.ts';

/** A local store in a directory of its own. */
export async function openLocal(t: TestContext): Promise<StoreUnderTest> {
  const directory = temporaryDirectory(t);
  return { store: openLocalStore(directory), ...filesIn(directory) };
}

/** What lies in a directory, where each object is a file. */
export function filesIn(directory: string): Pick<StoreUnderTest, 'objectFile' | 'seed'> {
  return {
    objectFile: (name) => (existsSync(join(directory, name)) ? join(directory, name) : undefined),
    async seed(names) {
      for (const name of names) {
        mkdirSync(dirname(join(directory, name)), { recursive: true });
        writeFileSync(join(directory, name), name);
      }
    },
  };
}
