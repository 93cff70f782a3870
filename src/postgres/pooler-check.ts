import type { Check } from '../check.ts';
import type { Session } from './session.ts';

/** With a pool of several idle server connections that take turns, each round is another chance to see one twice. */
const ROUNDS = 3;

/**
 * Whether two sessions that are open at the same time are served by one server process, or one of them by several: something in between then
 * gives server connections out by the transaction. Sessions of a server, or through a pooler in session mode, never do so.
 */
export async function sharesServerProcesses(first: Session, second: Session): Promise<boolean> {
  const [ofFirst, ofSecond] = [new Set<string>(), new Set<string>()];
  for (let round = 0; round < ROUNDS; round += 1) {
    ofFirst.add(await serverProcess(first));
    ofSecond.add(await serverProcess(second));
    if (ofFirst.size > 1 || ofSecond.size > 1 || !ofFirst.isDisjointFrom(ofSecond)) return true;
  }
  return false;
}

export const TRANSACTION_POOLER: Check = {
  id: 'pooler',
  state: 'bad',
  text: {
    en: 'a connection pooler in transaction mode stands before the server: the lock that keeps two backups apart does not hold, and settings of pg_dump reach the sessions of others',
    zh: '服务器前面有事务模式的连接池：防止两个备份同时进行的锁不起作用，且 pg_dump 的会话设置会影响其他会话',
  },
  remedy: {
    en: 'set PG_HOST and PG_PORT to the server itself, or to a pool of session mode (PgBouncer: pool_mode = session)',
    zh: '让 PG_HOST 与 PG_PORT 直接指向服务器，或使用会话模式的连接池（PgBouncer：pool_mode = session）',
  },
};

/** The number alone may be the same on two servers that a balancer leads to. */
async function serverProcess(session: Session): Promise<string> {
  const [row] = await session.query(
    `SELECT pg_catalog.pg_backend_pid() || ' ' || pg_catalog.pg_postmaster_start_time() AS process`,
  );
  return String(row?.['process']);
}
