import type { TargetContext } from '../backup/context.ts';
import { describeError } from '../errors.ts';
import type { Clock } from './clock.ts';
import type { Verdict } from './freshness.ts';

/** Told once when backups of a target become stale, with all that are. */
export type OnStale = (context: TargetContext, verdicts: readonly Verdict[]) => Promise<void>;

export interface FreshnessWatch {
  /** Looks again where the last look is long enough ago. */
  tick(): void;
  /** Looks again, because something has changed. */
  lookNow(): void;
}

const INTERVAL_MILLISECONDS = 5 * 60_000;

/**
 * Watches the backups of one target beside everything else: a disk that hangs holds up nobody. A database that never had a backup is
 * overdue once a time has passed that this watch has seen.
 */
export function watchFreshness(
  context: TargetContext,
  clock: Clock,
  read: (context: TargetContext, now: Date) => Promise<readonly Verdict[]>,
  onStale: OnStale,
): FreshnessWatch {
  const startedAt = clock.now();
  let overdue = new Set<string | undefined>();
  let lookedAt: Date | undefined;
  let isLooking = false;
  let isAskedAgain = false;

  const isOverdue = ({ state, dueAt }: Verdict): boolean =>
    state === 'stale' || (state === 'none' && dueAt !== undefined && dueAt >= startedAt);

  const look = async (): Promise<void> => {
    const verdicts = await read(context, clock.now());
    const found = verdicts.filter(isOverdue);
    const isNew = found.some(({ database }) => !overdue.has(database));
    overdue = new Set(found.map(({ database }) => database));
    if (!isNew) return;
    for (const { reason } of found) context.log('warn', 'BACKUP_STALE', { reason });
    await onStale(context, found);
  };

  const lookNow = (): void => {
    isAskedAgain = true;
    if (isLooking) return;
    isLooking = true;
    void (async () => {
      while (isAskedAgain) {
        isAskedAgain = false;
        lookedAt = clock.now();
        await look().catch((error: unknown) =>
          context.log('warn', 'FRESHNESS_UNKNOWN', {
            detail: describeError(error, context.language).message,
          }),
        );
      }
      isLooking = false;
    })();
  };

  return {
    lookNow,
    tick() {
      const sinceMilliseconds = Math.abs(clock.now().getTime() - (lookedAt?.getTime() ?? 0));
      if (!isLooking && sinceMilliseconds >= INTERVAL_MILLISECONDS) lookNow();
    },
  };
}
