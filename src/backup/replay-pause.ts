import { setTimeout } from 'node:timers/promises';
import { PgBackupError } from '../errors.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteIdentifier } from '../postgres/identifier.ts';
import {
  guardPause,
  mayPause,
  type ReplayState,
  replayState,
  resumeReplay,
  wantNoPause,
  wantPause,
} from '../postgres/replay-guard.ts';
import { openSession, QueryFailed, type Session } from '../postgres/session.ts';
import type { BackupContext } from './context.ts';
import type { DatabaseAccess } from './database-access.ts';

const LOOK_MILLISECONDS = 100;
/** The server sees within half a second that a pause is not wanted any more. */
const END_MILLISECONDS = 5_000;

/** Replay that stands still while a run works with a standby server. */
export interface ReplayPause {
  /** Lets replay go on, as far as it was this run that paused it, and says so. May be called again; never rejects. */
  end(): Promise<void>;
}

/**
 * Where BACKUP_PAUSE_REPLAY asks for it and the server is a standby: pauses replay, until `end` or until the session of `access` is gone, which the
 * server watches by itself. Undefined where there is nothing to pause.
 * @throws PgBackupError REPLAY_PAUSE_FAILED with what helps, or why there is no connection for it
 */
export async function pauseReplay(
  context: BackupContext,
  access: DatabaseAccess,
  { psql, isStandby }: { readonly psql: string; readonly isStandby: boolean },
): Promise<ReplayPause | undefined> {
  const { settings, log, hostname } = context;
  if (!settings.BACKUP_PAUSE_REPLAY) return undefined;
  if (!isStandby) {
    log('info', 'REPLAY_NOTHING_TO_PAUSE', placeOf(access));
    return undefined;
  }
  await refuseWithoutRights(access);
  const ending = new AbortController();
  const { target, environment, signal } = access;
  const applicationName = `pg-backup replay guard on ${hostname}`;
  const guard = openSession({
    ...{ psql, target, environment, applicationName },
    signal: AbortSignal.any([signal, ending.signal]),
  });
  try {
    const { state, guarding } = await startGuard(access, guard);
    log('info', state === 'paused' ? 'REPLAY_PAUSED' : 'REPLAY_FOUND_PAUSED', placeOf(access));
    return keepPause(context, access, { guard, guarding, state, ending });
  } catch (error) {
    ending.abort();
    await wantNoPause(access.session).catch(() => {});
    await guard.close();
    signal.throwIfAborted();
    throw error instanceof QueryFailed ? failed(access, error.message) : error;
  }
}

async function startGuard(
  access: DatabaseAccess,
  guard: Session,
): Promise<{ readonly state: ReplayState; readonly guarding: Promise<void> }> {
  const [row] = await guard.query('SELECT pg_backend_pid() AS pid');
  const wanting = await wantPause(access.session);
  if (!wanting) throw failed(access, LOCK_HELD);
  const guarding = guardPause(guard, wanting.processId);
  let isOver = false;
  const over = guarding.finally(() => {
    isOver = true;
  });
  // Whoever waits for it below, or keeps the pause, hears of it.
  over.catch(() => {});
  for (;;) {
    const state = await replayState(access.session, Number(row?.['pid']));
    if (state !== 'not yet') return { state, guarding };
    if (isOver) {
      await guarding;
      throw failed(access, PROMOTED);
    }
    await Promise.race([setTimeout(LOOK_MILLISECONDS), over]);
  }
}

interface Guarded {
  readonly guard: Session;
  readonly guarding: Promise<void>;
  readonly state: ReplayState;
  readonly ending: AbortController;
}

function keepPause(
  { log }: BackupContext,
  access: DatabaseAccess,
  { guard, guarding, state, ending }: Guarded,
): ReplayPause {
  const startedMilliseconds = performance.now();
  let isUnwanted = false;
  const over = guarding
    .catch(async () => {
      // It was ended on the server, perhaps in a way that left it no time to resume.
      const mayStandStill = state === 'paused' && !isUnwanted && !access.signal.aborted;
      if (mayStandStill) await resumeReplay(access.session).catch(() => {});
    })
    .then(() => {
      if (!isUnwanted && !access.signal.aborted) log('warn', 'REPLAY_RESUMED_EARLY', placeOf(access));
    });
  const end = async (): Promise<void> => {
    isUnwanted = true;
    if (!access.signal.aborted) await wantNoPause(access.session).catch(() => {});
    const isOver = await Promise.race([
      over.then(() => true),
      setTimeout(END_MILLISECONDS, false, { ref: false }),
    ]);
    ending.abort();
    await guard.close();
    if (state === 'found paused') return;
    const seconds = Math.round((performance.now() - startedMilliseconds) / 1000);
    const isSeen = isOver && !access.signal.aborted;
    log('info', isSeen ? 'REPLAY_RESUMED' : 'REPLAY_RESUMES_LATER', { ...placeOf(access), seconds });
  };
  let ended: Promise<void> | undefined;
  return {
    end: () => {
      ended ??= end();
      return ended;
    },
  };
}

async function refuseWithoutRights(access: DatabaseAccess): Promise<void> {
  const { mayCallFunctions, mayWriteStatement } = await mayPause(access.session);
  if (!mayWriteStatement) throw failed(access, NO_LANGUAGE);
  if (mayCallFunctions) return;
  const { user, database } = access.target;
  const remedy = fillIn(GRANT, { database, user: quoteIdentifier(user) });
  throw failed(access, fillIn(NO_RIGHT, { user }), remedy);
}

function placeOf({ target: { host, port } }: DatabaseAccess): { host: string; port: number } {
  return { host, port };
}

function failed(
  access: DatabaseAccess,
  detail: string | Text,
  remedy: string | Text = DO_WITHOUT,
): PgBackupError {
  return new PgBackupError('REPLAY_PAUSE_FAILED', { ...placeOf(access), detail, remedy });
}

const NO_RIGHT: Text = {
  en: 'the user "{user}" may not execute pg_wal_replay_pause() and pg_wal_replay_resume()',
  zh: '用户 "{user}" 无权执行 pg_wal_replay_pause() 与 pg_wal_replay_resume()',
};
const GRANT: Text = {
  en: 'Run as a superuser on the primary, in the database "{database}": GRANT EXECUTE ON FUNCTION pg_wal_replay_pause(), pg_wal_replay_resume() TO {user};',
  zh: '请在主库的数据库 "{database}" 中以超级用户执行：GRANT EXECUTE ON FUNCTION pg_wal_replay_pause(), pg_wal_replay_resume() TO {user};',
};
const NO_LANGUAGE: Text = {
  en: 'the database has no language plpgsql, or the user may not use it',
  zh: '数据库中没有 plpgsql 语言，或该用户无权使用',
};
const LOCK_HELD: Text = {
  en: 'somebody holds the advisory lock with which runs tell that they want it',
  zh: '有人持有各次运行用来声明需要暂停的咨询锁',
};
const PROMOTED: Text = {
  en: 'the server is no standby any more, or the connection was lost',
  zh: '该服务器已不再是备库，或连接已中断',
};
const DO_WITHOUT: Text = {
  en: 'Try again, or set BACKUP_PAUSE_REPLAY=false and see docs/standby.md for other ways.',
  zh: '请重试，或设置 BACKUP_PAUSE_REPLAY=false，其他办法见 docs/standby.zh-CN.md。',
};
