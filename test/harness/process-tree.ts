import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** SIGKILL for a running process and its direct children; resolves when the process has ended. */
export async function killProcessTree(parent: ChildProcess): Promise<void> {
  if (parent.pid === undefined) return;
  const ended = once(parent, 'exit');
  // Stopped first, so that it starts no new child while its children are looked up.
  parent.kill('SIGSTOP');
  for (const pid of childrenOf(parent.pid)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  parent.kill('SIGKILL');
  await ended;
}

/** The ids of the processes whose parent is `parentPid`. */
export function childrenOf(parentPid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parentPid);
}

/** From the line `pid (name) state ppid …` of proc(5); the name may contain anything. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
