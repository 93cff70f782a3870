import { setTimeout } from 'node:timers/promises';
import type { Session } from './session.ts';

/** A pooler may let nobody in beside the first one, and say so only after minutes. */
const PATIENCE_MILLISECONDS = 10_000;
const LEAVING_POLLS = 25;
const LEAVING_POLL_MILLISECONDS = 10;

/**
 * Runs `action` with a second connection beside `session`, for questions whose failure must not end that one; undefined where there is none in
 * time, or a question failed. When this resolves it is gone from the server: it must not take the place of one that is needed.
 */
export async function withSecondSession<T>(
  session: Session,
  open: (signal: AbortSignal) => Session,
  signal: AbortSignal,
  action: (second: Session) => Promise<T>,
): Promise<T | undefined> {
  const second = open(AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MILLISECONDS)]));
  let pid: number | undefined;
  try {
    const [row] = await second.query('SELECT pg_catalog.pg_backend_pid() AS pid');
    pid = Number(row?.['pid']);
    return await action(second);
  } catch {
    signal.throwIfAborted();
    return undefined;
  } finally {
    await second.close();
    if (pid !== undefined) await untilGone(session, pid);
  }
}

/**
 * Waits until the server process `pid` of a connection that was closed has left its place; no longer than for `polls` looks, because behind a
 * pooler it stays.
 */
export async function untilGone(session: Session, pid: number, polls = LEAVING_POLLS): Promise<void> {
  for (let poll = 0; poll < polls; poll += 1) {
    const rows = await session
      .query(
        `SELECT FROM pg_catalog.pg_stat_get_backend_idset() AS id
          WHERE pg_catalog.pg_stat_get_backend_pid(id) = ${pid} AND pg_catalog.pg_backend_pid() <> ${pid}`,
      )
      // The next one that needs the session tells what has become of it.
      .catch(() => []);
    if (rows.length === 0) return;
    await setTimeout(LEAVING_POLL_MILLISECONDS);
  }
}
