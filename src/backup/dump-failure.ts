import { setTimeout } from 'node:timers/promises';
import { PgBackupError } from '../errors.ts';
import { type CommandResult, describeOutcome } from '../exec.ts';
import { lastLines, recogniseFailure, replayConflict } from '../postgres/failures.ts';
import { findHolderOf, findLockWait, type LockWait } from '../postgres/lock-waits.ts';
import { missingRights } from '../postgres/permissions.ts';
import { countReplayConflicts, type ReplayConflicts } from '../postgres/replay-conflicts.ts';
import type { DatabaseAccess } from './database-access.ts';

const NAMED_OBJECTS = 5;
/** A server may speak another language than English. */
const MAY_BE_RIGHTS = /permission denied|row-level security|[^\u0000-\u007f]/;
/** What pg_dump shows of the statement that failed (pg_dump.c, warn_or_exit_horribly and getTables), whatever language the server speaks. */
const LOCK_STATEMENT = /Query was: (LOCK TABLE .*)/s;
/** pg_dump limits the wait by the time of the statement. */
const SAYS_TIMEOUT = /canceling statement due to (statement|lock) timeout/;
const LOOK_MILLISECONDS = 1_000;
/** A server counts a conflict when the session that it ended has gone. */
const COUNTING_MILLISECONDS = 3_000;

/** Looks at the server while pg_dump works, so that it can tell why that failed. */
export interface DumpWatch {
  /** Undefined for an end that was good. To be asked before `end`. */
  explain(result: CommandResult): Promise<PgBackupError | undefined>;
  end(): void;
}

export interface DumpWatchOptions {
  /** What pg_dump was told; undefined where it waits for ever. */
  readonly lockWaitSeconds: number | undefined;
  readonly onLockWait?: ((wait: LockWait) => void) | undefined;
}

/** Begins to look; `onLockWait` is told of each wait once. */
export async function watchDump(
  access: DatabaseAccess,
  { lockWaitSeconds, onLockWait }: DumpWatchOptions,
): Promise<DumpWatch> {
  const { session } = access;
  const before = await countReplayConflicts(session);
  let seen: LockWait | undefined;
  const look = async (): Promise<void> => {
    const wait = await findLockWait(session);
    if (wait && (wait.object !== seen?.object || wait.holder !== seen.holder)) onLockWait?.(wait);
    if (wait) seen = wait;
  };
  // At least twice within the time that pg_dump waits.
  const pace = Math.min(LOOK_MILLISECONDS, (lockWaitSeconds ?? Infinity) * (LOOK_MILLISECONDS / 3));
  const timer = setInterval(() => {
    look().catch(() => clearInterval(timer));
  }, pace);
  timer.unref();
  return {
    async explain(result) {
      if (result.exitCode === 0) return undefined;
      const known = recogniseFailure(result.stderr, access.target);
      if (known && known.code !== 'CONNECTION_LOST') return known;
      const rights = MAY_BE_RIGHTS.test(result.stderr) ? await explainByRights(access) : undefined;
      return (
        rights ??
        (await explainByLock(access, result, { seen, lockWaitSeconds, before })) ??
        (await explainByConflict(access, result, before)) ??
        known ??
        new PgBackupError('DUMP_FAILED', {
          outcome: describeOutcome(result),
          detail: lastLines(result.stderr),
        })
      );
    },
    end: () => clearInterval(timer),
  };
}

/** Asks the server instead of reading pg_dump's text: that may be in any language. */
async function explainByRights(access: DatabaseAccess): Promise<PgBackupError | undefined> {
  const missing = await missingRights(access.session).catch(() => []);
  if (missing.length === 0) return undefined;
  const named = missing.slice(0, NAMED_OBJECTS);
  const more = missing.length > named.length ? ` (+${missing.length - named.length})` : '';
  return new PgBackupError('PERMISSION_DENIED', {
    user: access.target.user,
    database: access.target.database,
    objects: named.map(({ object }) => object).join(', ') + more,
    remedy: named.map(({ remedy }) => remedy).join(' ') + more,
  });
}

async function explainByLock(
  { session }: DatabaseAccess,
  { stderr }: CommandResult,
  {
    seen,
    lockWaitSeconds,
    before,
  }: {
    readonly seen: LockWait | undefined;
    readonly lockWaitSeconds: number | undefined;
    readonly before: ReplayConflicts;
  },
): Promise<PgBackupError | undefined> {
  const statement = LOCK_STATEMENT.exec(stderr)?.[1];
  if (statement === undefined || lockWaitSeconds === undefined) return undefined;
  // In another language, what was seen has to do: pg_dump failed where it waited.
  const isTimeout = SAYS_TIMEOUT.test(stderr) || (!before.isEnglish && seen !== undefined);
  if (!isTimeout) return undefined;
  const wait = seen ?? (await findHolderOf(session, statement).catch(() => undefined));
  const { object = lastLines(statement), holder = UNKNOWN_HOLDER } = wait ?? {};
  return new PgBackupError('LOCK_TIMEOUT', { seconds: lockWaitSeconds, object, holder });
}

const UNKNOWN_HOLDER = {
  en: 'a session that was gone when it was looked for',
  zh: '查找时已结束的会话',
};

/** Where words do not tell, the server's own count does. */
async function explainByConflict(
  access: DatabaseAccess,
  { stderr }: CommandResult,
  { count, isEnglish }: ReplayConflicts,
): Promise<PgBackupError | undefined> {
  if (count === undefined || isEnglish) return undefined;
  const deadline = performance.now() + COUNTING_MILLISECONDS;
  do {
    const now = await countReplayConflicts(access.session).catch(() => undefined);
    if (now?.count === undefined) return undefined;
    if (now.count > count) return replayConflict(lastLines(stderr), access.target);
    await setTimeout(LOOK_MILLISECONDS / 10);
  } while (performance.now() < deadline);
  return undefined;
}
