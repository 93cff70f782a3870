import type { TargetContext } from '../backup/context.ts';
import { ensureLayout } from '../backup/open-run.ts';
import type { Environment } from '../config/load.ts';
import { describeError } from '../errors.ts';
import { layoutOf } from '../files/layout.ts';
import type { Output } from '../logging.ts';
import { type Clock, systemClock } from './clock.ts';
import { noteDrillAttempt } from './drill-attempts.ts';
import { KIND_NAMES, type ScheduleEntry, scheduleEntries } from './entries.ts';
import { createLane, type Job, type JobEnd, type Lane } from './lane.ts';
import { readFreshness } from './read-freshness.ts';
import { readMissed } from './read-missed.ts';
import { runJob } from './run-job.ts';
import { runScheduler } from './scheduler.ts';
import { localTime, utcText } from './time-text.ts';
import { type FreshnessWatch, type OnStale, watchFreshness } from './watch-freshness.ts';

export interface ScheduleServices {
  /** Of the process, for the jobs. */
  readonly environment: Environment;
  /** Where the lines of the jobs go. */
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Mends at the start what killed runs have left. */
  readonly repair: (context: TargetContext) => Promise<void>;
  readonly onStale: OnStale;
  readonly startJob?: (job: Job) => Promise<JobEnd>;
  readonly clock?: Clock;
  readonly random?: () => number;
}

const HOUR = 60 * 60 * 1000;

/**
 * Does for every target what is due, until the signal aborts. It ends normally where nothing was under way then.
 * @throws PgBackupError SETTINGS_INVALID, or what keeps the directories from being made, at the start; INTERRUPTED where a job was broken off.
 */
export async function schedule(
  contexts: readonly TargetContext[],
  services: ScheduleServices,
): Promise<void> {
  const { clock = systemClock, signal, repair } = services;
  const entriesByContext = new Map(contexts.map((context) => [context, scheduleEntries(context)]));
  for (const { settings } of contexts) await ensureLayout(layoutOf(settings.BACKUP_BASE_DIR));
  for (const context of contexts) await repairLogged(context, repair);

  const lanes: Lane[] = [];
  const watches: FreshnessWatch[] = [];
  for (const [context, entries] of entriesByContext) {
    const watch = watchFreshness(context, clock, readFreshness, services.onStale);
    watches.push(watch);
    for (const entry of entries) lanes.push(await openLane(entry, watch, services));
  }
  const watch = (): void => {
    for (const one of watches) one.tick();
  };
  const wasInterrupted = await runScheduler(lanes, { clock, signal, watch });
  for (const { log } of contexts.slice(0, 1)) log('info', 'SCHEDULE_ENDED');
  if (wasInterrupted) signal.throwIfAborted();
}

async function repairLogged(
  context: TargetContext,
  repair: (context: TargetContext) => Promise<void>,
): Promise<void> {
  try {
    await repair(context);
  } catch (error) {
    context.log('warn', 'REPAIR_FAILED', { detail: describeError(error, context.language).message });
  }
}

/** Tells when the entry is due, and begins what was missed or is wanted at the start. */
async function openLane(
  entry: ScheduleEntry,
  watch: FreshnessWatch,
  services: ScheduleServices,
): Promise<Lane> {
  const { clock = systemClock, random = Math.random, signal } = services;
  const { context, kind, pattern, zone, cron } = entry;
  const now = clock.now();
  const next = cron.next(now);
  const local = next === undefined ? utcText(next) : localTime(next, zone);
  context.log('info', 'SCHEDULED', { kind: KIND_NAMES[kind], pattern, zone, local, utc: utcText(next) });

  const start = services.startJob ?? ((job: Job) => runJob(job, { ...services, clock }));
  const lane = createLane(entry, {
    ...{ clock, signal, random },
    startJob: async (job) => {
      if (kind === 'drill' && job.dueAt) await noteAttempt(entry, job.dueAt);
      return start(job);
    },
    onJobEnd: watch.lookNow,
  });
  const missedAt = await whatToCatchUp(entry, now);
  const isWantedNow = kind === 'backup' && context.settings.BACKUP_ON_START;
  if (missedAt || isWantedNow) lane.begin(missedAt, isWantedNow ? 'at once' : 'with jitter');
  return lane;
}

async function whatToCatchUp(entry: ScheduleEntry, now: Date): Promise<Date | undefined> {
  const { context, kind, cron } = entry;
  const { BACKUP_CATCH_UP_HOURS, BACKUP_ON_START } = context.settings;
  const parameters = { kind: KIND_NAMES[kind], hours: BACKUP_CATCH_UP_HOURS, next: utcText(cron.next(now)) };
  try {
    const { hasHistory, dueAt } = await readMissed(entry, now);
    const isNew = kind === 'backup' && !hasHistory && !BACKUP_ON_START;
    if (isNew) context.log('info', 'SCHEDULE_NO_HISTORY', { due: parameters.next });
    if (!dueAt) return undefined;
    const isTooLate = now.getTime() - dueAt.getTime() > BACKUP_CATCH_UP_HOURS * HOUR;
    context.log('warn', isTooLate ? 'TOO_LATE' : 'CATCHING_UP', { ...parameters, due: utcText(dueAt) });
    return isTooLate ? undefined : dueAt;
  } catch (error) {
    const { message } = describeError(error, context.language);
    context.log('warn', 'MISSED_UNKNOWN', { ...parameters, detail: message });
    return undefined;
  }
}

async function noteAttempt({ context }: ScheduleEntry, dueAt: Date): Promise<void> {
  try {
    await noteDrillAttempt(layoutOf(context.settings.BACKUP_BASE_DIR), context.target, dueAt);
  } catch (error) {
    context.log('warn', 'SKIP_UNWRITABLE', { detail: describeError(error, context.language).message });
  }
}
