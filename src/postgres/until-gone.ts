import { setTimeout } from 'node:timers/promises';
import type { Session } from './session.ts';

const POLL_MILLISECONDS = 10;

/**
 * Waits until the server process `pid` of a connection that was closed has left its place; no longer than for `polls` looks, some 10 ms apart,
 * because behind a pooler it stays. Never rejects: the next one that needs the session tells what has become of it.
 */
export async function untilGone(session: Session, pid: number, polls: number): Promise<void> {
  for (let poll = 0; poll < polls; poll += 1) {
    const rows = await session
      .query(
        `SELECT FROM pg_catalog.pg_stat_get_backend_idset() AS id
          WHERE pg_catalog.pg_stat_get_backend_pid(id) = ${pid} AND pg_catalog.pg_backend_pid() <> ${pid}`,
      )
      .catch(() => []);
    if (rows.length === 0) return;
    await setTimeout(POLL_MILLISECONDS);
  }
}
