import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { findServerPrograms, type ServerPrograms } from '../../src/postgres/server-programs.ts';
import { serverDirectory } from './parts.ts';
import { serverUserId } from './server-user.ts';

const copies = new Map<string, string>();

/**
 * The programs of a major where the unprivileged user that servers run as can start them. Root's working copy may lie below directories
 * that others cannot enter: then they are copied, once in this process, and removed when it exits.
 */
export async function reachableServerPrograms(major: number): Promise<ServerPrograms> {
  const directory = serverDirectory(major);
  if (!directory) throw new Error(`postgres ${major} is missing; get it with: bash scripts/setup test`);
  const installation = dirname(directory);
  const reachable = isReachable(installation) ? installation : copyOf(installation);
  const [programs] = await findServerPrograms(join(reachable, 'bin'), process.env['PATH']);
  if (!programs) throw new Error(`${reachable} holds no server`);
  return programs;
}

/** A new empty directory that every user can enter, whatever TMPDIR is; removed after the test. */
export function reachableDirectory(t: TestContext): string {
  const directory = mkdtempSync('/tmp/pg-backup-test-');
  chmodSync(directory, 0o755);
  t.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}

/** Whether the user of the servers can read all of it. */
export function isReachable(directory: string): boolean {
  if (serverUserId === undefined) return true;
  const find = ['find', directory, '(', '!', '-readable', '-o', '-type', 'd', '!', '-executable', ')'];
  const { status, stdout } = spawnSync(
    'setpriv',
    [`--reuid=${serverUserId}`, `--regid=${serverUserId}`, '--clear-groups', '--', ...find],
    { cwd: '/', encoding: 'utf8' },
  );
  return status === 0 && stdout === '';
}

function copyOf(installation: string): string {
  const known = copies.get(installation);
  if (known !== undefined) return known;
  const copy = mkdtempSync('/tmp/pg-backup-programs-');
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  cpSync(installation, copy, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', copy]);
  copies.set(installation, copy);
  return copy;
}
