import type { TargetContext } from '../backup/context.ts';
import { ensureLayout } from '../backup/open-run.ts';
import type { Environment } from '../config/load.ts';
import { describeError, PgBackupError } from '../errors.ts';
import { layoutOf } from '../files/layout.ts';
import type { Output } from '../logging.ts';
import { type Clock, systemClock } from './clock.ts';
import { type JobKind, KIND_NAMES, scheduleEntries } from './entries.ts';
import type { Job, JobEnd } from './lane.ts';
import { openLane } from './open-lane.ts';
import { readFreshness } from './read-freshness.ts';
import { runJob } from './run-job.ts';
import { runScheduler } from './scheduler.ts';
import { type OnStale, watchFreshness } from './watch-freshness.ts';

/** Called with a failure that only the scheduler can tell people of. */
export type OnJobFailed = (context: TargetContext, kind: JobKind, failure: unknown) => Promise<void>;

export interface ScheduleServices {
  /** Of the process, for the jobs. */
  readonly environment: Environment;
  /** Where the lines of the jobs go. */
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Mends at the start what killed runs have left; no job of the target begins before. */
  readonly repair: (context: TargetContext) => Promise<void>;
  readonly onStale: OnStale;
  readonly onJobFailed: OnJobFailed;
  readonly startJob?: (job: Job) => Promise<JobEnd>;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/**
 * Does for every target what is due, until the signal aborts. It ends normally where nothing was under way then.
 * @throws PgBackupError SETTINGS_INVALID, or what keeps the directories of all targets from being made, at the start; INTERRUPTED where a job was
 * broken off.
 */
export async function schedule(
  contexts: readonly TargetContext[],
  services: ScheduleServices,
): Promise<void> {
  const { clock = systemClock, random = Math.random, signal } = services;
  const entriesByContext = new Map(contexts.map((context) => [context, scheduleEntries(context)]));
  const unusable = await makeDirectories(contexts);
  const startJob = services.startJob ?? ((job: Job) => runJob(job, { ...services, clock }));

  const opened = [...entriesByContext].map(([context, entries]) => {
    const tell = (kind: JobKind, failure: unknown) =>
      tellLogged(context, kind, failure, services.onJobFailed);
    const problem = unusable.get(context);
    const watch = watchFreshness(context, clock, readFreshness, services.onStale);
    const ready = repairLogged(context, services.repair);
    const lanes = entries.map((entry) =>
      openLane(entry, {
        ...{ clock, signal, random, ready, startJob },
        tellFailure: (reason) =>
          tell(entry.kind, new PgBackupError('JOB_FAILED', { kind: KIND_NAMES[entry.kind], reason })),
        onJobEnd: watch.lookNow,
      }),
    );
    return { lanes, watch, told: problem && tell('backup', problem) };
  });
  const wasInterrupted = await runScheduler(
    opened.flatMap(({ lanes }) => lanes.map(({ lane }) => lane)),
    {
      ...{ clock, signal },
      watch: () => {
        for (const { watch } of opened) watch.tick();
      },
    },
  );
  await Promise.all(opened.flatMap(({ lanes, told }) => [told, ...lanes.map(({ caughtUp }) => caughtUp)]));
  for (const { log } of contexts.slice(0, 1)) log('info', 'SCHEDULE_ENDED');
  if (wasInterrupted) signal.throwIfAborted();
}

/**
 * What keeps targets from having their directories. A mistake at the very start is told at once, but that of one target is not that of the others.
 * @throws what keeps the first one from it, where it is all of them
 */
async function makeDirectories(contexts: readonly TargetContext[]): Promise<Map<TargetContext, unknown>> {
  const unusable = new Map<TargetContext, unknown>();
  for (const context of contexts) {
    try {
      await ensureLayout(layoutOf(context.settings.BACKUP_BASE_DIR));
    } catch (error) {
      unusable.set(context, error);
    }
  }
  const [first] = unusable.values();
  if (first !== undefined && unusable.size === contexts.length) throw first;
  for (const [{ log, language }, error] of unusable) {
    log('error', 'TARGET_UNUSABLE', { detail: describeError(error, language).message });
  }
  return unusable;
}

async function tellLogged(
  context: TargetContext,
  kind: JobKind,
  failure: unknown,
  onJobFailed: OnJobFailed,
): Promise<void> {
  try {
    await onJobFailed(context, kind, failure);
  } catch (error) {
    const detail = describeError(error, context.language).message;
    context.log('warn', 'NOTIFY_FAILED', { channel: '*', detail });
  }
}

async function repairLogged(
  context: TargetContext,
  repair: (context: TargetContext) => Promise<void>,
): Promise<void> {
  try {
    await repair(context);
  } catch (error) {
    if (context.signal.aborted) return;
    context.log('warn', 'REPAIR_FAILED', { detail: describeError(error, context.language).message });
  }
}
