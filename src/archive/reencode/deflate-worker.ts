import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { type DeflateJob, deflate } from './deflate.ts';

lowerPriority();
parentPort?.on('message', (job: DeflateJob | undefined) => {
  if (!job) {
    parentPort?.close();
    return;
  }
  const deflated = deflate(job);
  parentPort?.postMessage(deflated, [deflated.output.buffer]);
});

/** What else the container does, its database before all, comes first. Linux has a priority for each thread (setpriority(2)). */
function lowerPriority(): void {
  try {
    setPriority(
      Number(basename(readlinkSync('/proc/thread-self'))),
      constants.priority.PRIORITY_BELOW_NORMAL,
    );
  } catch {
    // Where that is not possible, it works at the priority of all.
  }
}
