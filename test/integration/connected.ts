import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { clientFor } from './client-program.ts';
import { until } from './until.ts';

/** Somebody who is connected to a database and does nothing, until killed or the end of the test. */
export function connect(
  t: TestContext,
  server: PostgresServer,
  database: string,
  applicationName: string,
): ChildProcess {
  const psql = spawn(join(clientFor(server.major).directory, 'psql'), ['--no-psqlrc', '--quiet'], {
    env: {
      PGHOST: server.host,
      PGPORT: String(server.port),
      PGUSER: server.user,
      PGPASSWORD: server.password,
      PGDATABASE: database,
      PGAPPNAME: applicationName,
    },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  t.after(async () => {
    if (psql.exitCode !== null || psql.signalCode !== null) return;
    psql.kill();
    await once(psql, 'exit');
  });
  return psql;
}

/** Waits until so many sessions of a server meet a condition on pg_stat_activity. */
export async function untilConnected(
  server: PostgresServer,
  condition: string,
  count: number,
): Promise<void> {
  const sql = `SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ${condition}`;
  await until(() => server.psql(sql), String(count));
}
