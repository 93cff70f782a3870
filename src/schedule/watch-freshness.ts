import type { TargetContext } from '../backup/context.ts';
import { describeError } from '../errors.ts';
import type { Clock } from './clock.ts';
import type { Verdict } from './freshness.ts';

/** Told when backups of a target become stale, with all that are, until it resolves to true: somebody knows, or there is nobody to tell. */
export type OnStale = (context: TargetContext, verdicts: readonly Verdict[]) => Promise<boolean>;

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
  let logged = new Set<string | undefined>();
  let told = new Set<string | undefined>();
  let lookedAt: Date | undefined;
  let isLooking = false;
  let isAskedAgain = false;

  const isOverdue = ({ state, dueAt }: Verdict): boolean =>
    state === 'stale' || (state === 'none' && dueAt !== undefined && dueAt >= startedAt);

  const look = async (): Promise<void> => {
    const verdicts = await read(context, clock.now());
    const found = verdicts.filter(isOverdue);
    const names = new Set(found.map(({ database }) => database));
    if (!names.isSubsetOf(logged)) {
      for (const { reason } of found) context.log('warn', 'BACKUP_STALE', { reason });
    }
    logged = names;
    // What was fresh in between is news again.
    told = told.intersection(names);
    if (!names.isSubsetOf(told) && (await onStale(context, found))) told = names;
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
