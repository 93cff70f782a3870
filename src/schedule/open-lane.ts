import { describeError } from '../errors.ts';
import { noteBegun, noteServed } from './attempts.ts';
import { KIND_NAMES, type ScheduleEntry } from './entries.ts';
import { createLane, type Job, type JobEnd, type Lane, type LaneServices } from './lane.ts';
import { type MissedWork, readMissed } from './read-missed.ts';
import { writeSkipNoteOnce } from './skip-notes.ts';
import { localTime, utcText } from './time-text.ts';

export interface OpenLane {
  readonly lane: Lane;
  /** Ends when it is decided whether anything is caught up; never rejects. */
  readonly caughtUp: Promise<void>;
}

const HOUR = 60 * 60 * 1000;

/** Tells when the entry is due, and begins what was missed or is wanted at the start, as soon as the lane is ready for jobs. */
export function openLane(entry: ScheduleEntry, services: LaneServices): OpenLane {
  const { context, kind, pattern, zone, cron } = entry;
  const now = services.clock.now();
  const next = cron.next(now);
  const local = next === undefined ? utcText(next) : localTime(next, zone);
  context.log('info', 'SCHEDULED', { kind: KIND_NAMES[kind], pattern, zone, local, utc: utcText(next) });
  const lane = createLane(entry, now, { ...services, startJob: (job) => startNoted(job, services) });
  return { lane, caughtUp: beginMissed(entry, lane, now, services) };
}

async function beginMissed(
  entry: ScheduleEntry,
  lane: Lane,
  now: Date,
  { ready }: LaneServices,
): Promise<void> {
  // What a killed run was is known when it is repaired.
  await ready;
  const { dueAt, databases } = await whatToCatchUp(entry, now);
  const isWantedNow = entry.kind === 'backup' && entry.context.settings.BACKUP_ON_START;
  // What has become due meanwhile serves for what was missed before.
  if (lane.hasBegun() || !(dueAt || isWantedNow)) return;
  lane.begin(isWantedNow ? { dueAt } : { dueAt, databases }, isWantedNow ? 'at once' : 'with jitter');
}

async function whatToCatchUp(entry: ScheduleEntry, now: Date): Promise<Partial<MissedWork>> {
  const { context, kind, cron } = entry;
  const { BACKUP_CATCH_UP_HOURS: hours, BACKUP_ON_START } = context.settings;
  const parameters = { kind: KIND_NAMES[kind], hours, next: utcText(cron.next(now)) };
  try {
    const missed = await readMissed(entry, now);
    const { hasHistory, dueAt, databases } = missed;
    const isNew = kind === 'backup' && !hasHistory && !BACKUP_ON_START;
    if (isNew) context.log('info', 'SCHEDULE_NO_HISTORY', { due: parameters.next });
    if (!dueAt) return {};
    const due = utcText(dueAt);
    if (now.getTime() - dueAt.getTime() > hours * HOUR) {
      context.log('warn', 'TOO_LATE', { ...parameters, due });
      const detail = 'nobody was there, and it is older than is caught up';
      await writeSkipNoteOnce(entry, { dueAt, skippedAt: now, reason: 'missed', detail });
      return {};
    }
    context.log('warn', 'CATCHING_UP', { ...parameters, due });
    if (databases) context.log('info', 'CATCHING_UP_SOME', { databases: databases.join(', ') });
    return missed;
  } catch (error) {
    const { message } = describeError(error, context.language);
    context.log('warn', 'MISSED_UNKNOWN', { ...parameters, detail: message });
    return {};
  }
}

/** Work that leaves no record is noted, or it could not be caught up, or would be for ever. */
async function startNoted(job: Job, { startJob, signal }: LaneServices): Promise<JobEnd> {
  const { entry, dueAt } = job;
  if (entry.kind === 'backup' || !dueAt) return startJob(job);
  await noted(entry, () => noteBegun(entry, dueAt));
  const end = await startJob(job);
  const isBrokenOff = end.failure !== undefined && signal.aborted;
  if (!isBrokenOff) await noted(entry, () => noteServed(entry, dueAt));
  return end;
}

async function noted({ context, kind }: ScheduleEntry, note: () => Promise<void>): Promise<void> {
  try {
    await note();
  } catch (error) {
    const detail = describeError(error, context.language).message;
    context.log('warn', 'ATTEMPT_UNWRITABLE', { kind: KIND_NAMES[kind], detail });
  }
}
