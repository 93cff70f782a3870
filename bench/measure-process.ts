import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { childrenOf } from '../test/harness/process-tree.ts';
import { cpuOf, ticksOf, type Watched, watchProcess } from './process-figures.ts';

/** One command of a side; the commands of a side run one after the other. */
export interface Step {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to the environment of the side. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where its standard output goes; nowhere unless given. */
  readonly outputFile?: string;
}

/** Processes that run all the time, whose CPU time is counted apart. */
export interface Beside {
  /** The database server. */
  readonly databasePid: number;
  /** The object stores. */
  readonly storePids: readonly number[];
}

export interface Measured {
  readonly wallSeconds: number;
  /** User and system time of the commands and all that they started. */
  readonly cpuSeconds: number;
  /** Of it the first process of each step, which is the program itself. */
  readonly ownCpuSeconds: number;
  /** The same of the database server. */
  readonly databaseCpuSeconds: number;
  /** The same of the object store, which elsewhere would be another machine. */
  readonly storeCpuSeconds: number;
  /** Highest resident memory of the program itself. */
  readonly ownMegabytes: number;
  /** Highest sum over the process tree, shared pages counted once; looked at every 200 ms. */
  readonly allMegabytes: number;
}

const KILL_AFTER_MILLISECONDS = 20_000;
const KEPT_CHARACTERS = 4_000;

/**
 * Runs the steps to their end and says what they cost. Their CPU time is what the kernel adds up for ended children (proc(5), cutime), so
 * nothing else may end as a child of this process meanwhile. Throws an Error with the end of stderr where a step fails, and what
 * `signal` was aborted with once its processes are gone.
 */
export async function measure(
  steps: readonly Step[],
  environment: Readonly<Record<string, string>>,
  beside: Beside,
  signal: AbortSignal,
): Promise<Measured> {
  const sessions = childrenOf(beside.databasePid).length;
  const before = readClocks(beside);
  const begin = performance.now();
  const watched: Watched[] = [];
  for (const step of steps) watched.push(await runStep(step, environment, signal));
  const wallSeconds = (performance.now() - begin) / 1000;
  // The CPU time of a session counts once its backend is gone.
  while (childrenOf(beside.databasePid).length > sessions) await setTimeout(5, undefined, { signal });
  const after = readClocks(beside);
  return {
    wallSeconds,
    cpuSeconds: after.own - before.own,
    databaseCpuSeconds: after.database - before.database,
    storeCpuSeconds: after.store - before.store,
    ownCpuSeconds: watched.reduce((sum, { ownCpuSeconds }) => sum + ownCpuSeconds, 0),
    ownMegabytes: Math.max(...watched.map(({ ownMegabytes }) => ownMegabytes)),
    allMegabytes: Math.max(...watched.map(({ allMegabytes }) => allMegabytes)),
  };
}

async function runStep(
  step: Step,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Watched> {
  signal.throwIfAborted();
  const output = step.outputFile === undefined ? 'ignore' : openSync(step.outputFile, 'w');
  const child = spawn(step.file, step.args, {
    env: { ...environment, ...step.environment },
    stdio: ['ignore', output, 'pipe'],
  });
  if (typeof output === 'number') closeSync(output);
  const stop = (): void => void end(child);
  signal.addEventListener('abort', stop);
  try {
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-KEPT_CHARACTERS);
    });
    const closed = once(child, 'close');
    const watch = watchProcess(child.pid);
    const [exitCode, killed] = await closed.finally(() => watch.stop());
    signal.throwIfAborted();
    if (exitCode !== 0)
      throw new Error(`${step.file} ${step.args.join(' ')} ended with ${exitCode ?? killed}:\n${errors}`);
    return watch.figures();
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  const timer = globalThis.setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MILLISECONDS);
  await once(child, 'close');
  clearTimeout(timer);
}

function readClocks({ databasePid, storePids }: Beside): { own: number; database: number; store: number } {
  return {
    own: ticksOf(process.pid).childSeconds,
    database: cpuOf(databasePid),
    store: storePids.reduce((sum, pid) => sum + cpuOf(pid), 0),
  };
}
