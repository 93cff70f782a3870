import type { Session } from './session.ts';
import { untilGone } from './until-gone.ts';

/** A pooler may let nobody in beside the first one, and say so only after minutes. */
const PATIENCE_MILLISECONDS = 10_000;
const LEAVING_POLLS = 25;

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
    if (pid !== undefined) await untilGone(session, pid, LEAVING_POLLS);
  }
}
