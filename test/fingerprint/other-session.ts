import type { TestContext } from 'node:test';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { until } from '../integration/until.ts';
import { sessionTo } from './fingerprint-of.ts';

export interface OtherSession {
  /** One statement more of its transaction. */
  run(statement: string): Promise<void>;
  /** Commits. */
  end(): Promise<void>;
}

/** A transaction of somebody else that has done something and stays open; at the latest it ends with the test. */
export async function holdTransaction(
  t: TestContext,
  server: PostgresServer,
  database: string,
  statement: string,
): Promise<OtherSession> {
  const session = sessionTo(server, database);
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await session.close();
    isOpen = false;
  };
  t.after(close);
  await session.execute('BEGIN');
  await session.execute(statement);
  return {
    run: (more) => session.execute(more),
    async end() {
      await session.execute('COMMIT');
      await close();
    },
  };
}

/** Waits until the query, of any columns, has a row. */
export async function untilOne(server: PostgresServer, query: string): Promise<void> {
  await until(() => server.psql(`SELECT EXISTS (${query})`), 't');
}
