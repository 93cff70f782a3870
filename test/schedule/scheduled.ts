import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { TargetContext } from '../../src/backup/context.ts';
import { describeError, PgBackupError } from '../../src/errors.ts';
import { type Layout, layoutOf } from '../../src/files/layout.ts';
import type { Text } from '../../src/language.ts';
import type { Verdict } from '../../src/schedule/freshness.ts';
import type { Job, JobEnd } from '../../src/schedule/lane.ts';
import { type ScheduleServices, schedule } from '../../src/schedule/schedule.ts';
import { type Logged, recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';

const QUIET_TURNS = 20;
const AT_THE_DISK = /^(FSReq|CloseReq)/;

export interface Begun {
  readonly kind: Job['entry']['kind'];
  readonly target: string | undefined;
  readonly dueAt: string | undefined;
  readonly at: string;
  readonly databases?: readonly string[];
  /** Ends the job; without a failure it was a success. */
  end(failure?: string, untold?: Text): void;
}

export interface Scheduled {
  readonly layout: Layout;
  readonly clock: FakeClock;
  readonly logged: readonly Logged[];
  readonly jobs: readonly Begun[];
  /** What the scheduler told of jobs, as `<target> <kind>: <message>`. */
  readonly told: readonly string[];
  readonly stale: readonly { readonly target: string | undefined; readonly verdicts: readonly Verdict[] }[];
  /** Starts the scheduler; a second one after `stop` is a restart. */
  start(changes?: ScheduleChanges): Promise<void>;
  /** Aborts, and says what came of it: undefined for a normal end. */
  stop(): Promise<unknown>;
}

export interface ScheduleChanges {
  readonly settings?: Partial<TargetContext['settings']>;
  readonly environment?: TargetContext['environment'];
  readonly targets?: readonly string[];
  /** Targets with directories of their own. */
  readonly directories?: Readonly<Record<string, string>>;
  readonly services?: Partial<ScheduleServices>;
  /** What each job does on its own; otherwise it lasts until the test ends it. */
  readonly job?: (begun: Begun) => JobEnd | Promise<JobEnd>;
}

/** A scheduler for the database `community` with a clock that the test moves. */
export function scheduled(t: TestContext, startsAt: string): Scheduled {
  const directory = temporaryDirectory(t);
  const clock = fakeClock(startsAt);
  const { context: recording, logged } = recordingContext(directory, { clock: clock.now });
  const jobs: Begun[] = [];
  const told: string[] = [];
  const stale: { target: string | undefined; verdicts: readonly Verdict[] }[] = [];
  let controller = new AbortController();
  let ended: Promise<unknown> = Promise.resolve();
  t.after(() => controller.abort());

  return {
    layout: layoutOf(directory),
    clock,
    logged,
    jobs,
    told,
    stale,
    async start({ settings, environment, targets = [], directories = {}, services, job } = {}) {
      controller = new AbortController();
      const { signal } = controller;
      const context: TargetContext = {
        ...recording,
        signal,
        settings: { ...recording.settings, ...settings },
        environment: environment ?? recording.environment,
      };
      const named = [
        ...targets.map((target) => ({ ...context, target })),
        ...Object.entries(directories).map(([target, BACKUP_BASE_DIR]) => ({
          ...{ ...context, target },
          settings: { ...context.settings, BACKUP_BASE_DIR },
        })),
      ];
      const contexts = named.length === 0 ? [context] : named;
      const result = schedule(contexts, {
        ...{ environment: {}, output: { write: () => {} }, signal, clock, random: () => 0.5 },
        repair: async () => {},
        onStale: async ({ target }, verdicts) => {
          stale.push({ target, verdicts });
          return true;
        },
        onJobFailed: async ({ target }, kind, failure) => {
          told.push(`${target ?? '-'} ${kind}: ${describeError(failure, 'en').message}`);
        },
        startJob: ({ entry, dueAt, databases }) =>
          new Promise<JobEnd>((resolve) => {
            const begun: Begun = {
              ...{ kind: entry.kind, target: entry.context.target, dueAt: dueAt?.toISOString() },
              at: clock.now().toISOString(),
              ...(databases && { databases }),
              end: (failure, untold) => resolve({ failure, ...(untold && { untold }) }),
            };
            jobs.push(begun);
            if (job) resolve(Promise.resolve().then(() => job(begun)));
          }),
        ...services,
      });
      ended = result.then(
        () => undefined,
        (error: unknown) => error,
      );
      // Where it fails at once, nothing is going to be waited for.
      let hasEnded = false;
      void ended.then(() => {
        hasEnded = true;
      });
      await Promise.race([result, waitForTheLoop(clock, () => hasEnded)]);
    },
    async stop() {
      controller.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' }));
      return ended;
    },
  };
}

/** The start reads files: nobody may move the clock, or look at what came of it, before it has come to its first wait and everything is read. */
async function waitForTheLoop(clock: FakeClock, hasEnded: () => boolean): Promise<void> {
  while (clock.waiting() === 0 && !hasEnded()) await setImmediate();
  await waitForTheDisk();
}

/** Ends when nothing has been reading or writing for some turns of the loop. */
export async function waitForTheDisk(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
    await setImmediate();
    if (process.getActiveResourcesInfo().some((name) => AT_THE_DISK.test(name))) quiet = 0;
  }
}
