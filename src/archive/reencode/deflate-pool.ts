import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Deflated, DeflateJob } from './deflate.ts';

/** Of the same kind as this file, which may be compiled. */
const WORKER = new URL(`./deflate-worker${extname(import.meta.url)}`, import.meta.url);

/** It needs 10 where it takes the types out of its own source. */
const HEAP_MEGABYTES = 24;

/** A thread could not be started, or died: for want of memory, for example. */
export class ThreadFailed extends Error {
  override readonly name: string = 'ThreadFailed';
}

export interface DeflatePool {
  /** Jobs may end in another order than they began. @throws ThreadFailed also once any thread has failed before */
  deflate(job: DeflateJob): Promise<Deflated>;
  /** Ends the workers as soon as they have done what they were given; a second at most. */
  end(): Promise<void>;
}

interface BusyWorker {
  readonly worker: Worker;
  /** What it was given and has not done yet, in order. */
  readonly jobs: PromiseWithResolvers<Deflated>[];
  readonly ended: Promise<void>;
}

/** So many threads at most that deflate; each starts when there is something to do for it. */
export function createDeflatePool(threads: number): DeflatePool {
  const workers: BusyWorker[] = [];
  let failure: ThreadFailed | undefined;
  const start = (): BusyWorker => {
    const started = startWorker((error) => {
      failure ??= error;
    });
    workers.push(started);
    return started;
  };
  const leastBusy = (): BusyWorker | undefined =>
    workers.toSorted((a, b) => a.jobs.length - b.jobs.length)[0];
  const give = (job: DeflateJob): Promise<Deflated> => {
    // One that is gone would never answer.
    if (failure) return Promise.reject(failure);
    const found = leastBusy();
    const { worker, jobs } =
      found && (found.jobs.length === 0 || workers.length === threads) ? found : start();
    const result = Promise.withResolvers<Deflated>();
    jobs.push(result);
    worker.postMessage(job);
    return result.promise;
  };
  return {
    deflate(job) {
      const deflated = give(job);
      // Whoever waits for it may have given up by then.
      deflated.catch(() => {});
      return deflated;
    },
    async end() {
      // Not by terminate(): Node 24 crashes as a whole where that meets a deflate that is just beginning (node_zlib.cc, "close before init").
      for (const { worker } of workers) worker.postMessage(undefined);
      await Promise.all(workers.map(({ ended }) => ended));
    },
  };
}

function startWorker(onFailure: (failure: ThreadFailed) => void): BusyWorker {
  const worker = newWorker();
  const jobs: PromiseWithResolvers<Deflated>[] = [];
  const fail = (error: Error): void => {
    const failure = new ThreadFailed(error.message, { cause: error });
    onFailure(failure);
    for (const job of jobs.splice(0)) job.reject(failure);
  };
  worker.on('message', (deflated: Deflated) => jobs.shift()?.resolve(deflated));
  worker.on('messageerror', fail);
  worker.on('error', fail);
  const ended = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      fail(new Error('it ended early'));
      resolve();
    });
  });
  return { worker, jobs, ended };
}

/** @throws ThreadFailed where the system gives no thread */
function newWorker(): Worker {
  try {
    return new Worker(WORKER, {
      // What this process was started with, a debugger or a compiler, is not for it.
      execArgv: [],
      // Buffers lie outside the heap, but its limit decides how many of them may be garbage: tens of megabytes for each thread.
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
    });
  } catch (error) {
    throw new ThreadFailed((error as Error).message, { cause: error });
  }
}
