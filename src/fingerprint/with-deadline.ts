import { QueryFailed, type Session } from '../postgres/session.ts';

const QUERY_CANCELED = '57014';

/** The same session, in which every query fails that is not answered at the deadline (of performance.now()); within a transaction only. */
export function withDeadline(session: Session, deadline: number): Session {
  return {
    ...session,
    async query(sql) {
      const left = Math.ceil(deadline - performance.now());
      if (left <= 0) throw new QueryFailed(QUERY_CANCELED, 'the time is over');
      await session.execute(`SET LOCAL statement_timeout = ${left}`);
      return session.query(sql);
    },
  };
}
