import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';

/** A new empty directory (mode 0700), removed after the test `t`; without `t`, after the test or file that runs. */
export function temporaryDirectory(t?: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'pg-backup-test-'));
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  if (t) t.after(remove);
  else after(remove);
  return directory;
}
