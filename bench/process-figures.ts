import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** The longer a process runs, the longer between two looks, up to this. */
const LONGEST_PAUSE_MILLISECONDS = 200;
const SHORTEST_PAUSE_MILLISECONDS = 10;
const MEGABYTE_KIB = 1e6 / 1024;

/** User and system time of a process and of its ended children, from proc(5). */
export function ticksOf(pid: number): { ownSeconds: number; childSeconds: number } {
  const fields = statOf(pid);
  const seconds = (index: number): number =>
    (Number(fields[index] ?? 0) + Number(fields[index + 1] ?? 0)) / TICKS_PER_SECOND;
  return { ownSeconds: seconds(11), childSeconds: seconds(13) };
}

/** CPU seconds of a process with its ended children. */
export function cpuOf(pid: number): number {
  const { ownSeconds, childSeconds } = ticksOf(pid);
  return ownSeconds + childSeconds;
}

export interface Watched {
  /** Highest resident memory of the process. */
  readonly ownMegabytes: number;
  /** Highest sum over it and all that descends from it, shared pages counted once. */
  readonly allMegabytes: number;
  /** Its user and system time when it was last seen. */
  readonly ownCpuSeconds: number;
}

/** Watches a process and all that descends from it, until `stop`. */
export function watchProcess(pid: number | undefined): { stop(): void; figures(): Watched } {
  let own = 0;
  let all = 0;
  let ownCpuSeconds = 0;
  const look = (): void => {
    if (pid === undefined) return;
    own = Math.max(own, kibibytes(`/proc/${pid}/status`, 'VmHWM'));
    ownCpuSeconds = Math.max(ownCpuSeconds, ticksOf(pid).ownSeconds);
    const sum = treeOf(pid).reduce(
      (total, member) => total + kibibytes(`/proc/${member}/smaps_rollup`, 'Pss'),
      0,
    );
    all = Math.max(all, sum);
  };
  const begin = performance.now();
  let timer: NodeJS.Timeout;
  const watch = (): void => {
    look();
    const pause = Math.max(SHORTEST_PAUSE_MILLISECONDS, (performance.now() - begin) / 10);
    timer = setTimeout(watch, Math.min(LONGEST_PAUSE_MILLISECONDS, pause));
  };
  watch();
  return {
    stop: () => clearTimeout(timer),
    figures: () => ({
      ownMegabytes: own / MEGABYTE_KIB,
      allMegabytes: Math.max(own, all) / MEGABYTE_KIB,
      ownCpuSeconds,
    }),
  };
}

/** The process and its descendants. */
function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statOf(Number(name))[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** The fields of /proc/PID/stat from the third on, the name may contain anything; none of a process that is gone. */
function statOf(pid: number): string[] {
  const text = contentOf(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function kibibytes(path: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(contentOf(path))?.[1] ?? 0);
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
