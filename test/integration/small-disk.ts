import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/**
 * A tmpfs of that size, mounted where nobody else sees it, and its path. It is gone after the test, however that ends: it belongs to a
 * process that lives as long as the pipe from us does. Needs root.
 */
export async function smallDisk(t: TestContext, sizeBytes: number): Promise<string> {
  const mount = `mount -t tmpfs -o size=${sizeBytes} tmpfs /mnt && echo mounted && exec cat`;
  const holder = spawn('unshare', ['--mount', 'sh', '-c', mount], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => holder.stdin.end());
  await once(holder.stdout, 'data');
  return join('/proc', String(holder.pid), 'root', 'mnt');
}

/** Takes away what `fill:<directory>` wrote. */
export function freeDisk(directory: string): void {
  rmSync(join(directory, 'filler'), { force: true });
}

export function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
