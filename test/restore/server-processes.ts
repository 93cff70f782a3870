import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { processesThatMention } from '../integration/processes.ts';

/** The server of the only drill below a directory. */
export function postmasterOf(parent: string): number {
  const [name = ''] = readdirSync(parent);
  return Number.parseInt(readFileSync(join(parent, name, 'server/data/postmaster.pid'), 'utf8'), 10);
}

/** The process that watches over it. */
export function keeperOf(parent: string): number {
  const [name = ''] = readdirSync(parent);
  const keeper = processesThatMention(join(parent, name)).find((line) => /: \/bin\/sh -c /.test(line));
  return Number(/\d+/.exec(keeper ?? '')?.[0]);
}

/** Neither gone, nor waiting for its parent, nor stopped. */
export function isAtWork(pid: number): boolean {
  try {
    return !/\) [ZXT] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
