import { readFile } from 'node:fs/promises';
import { type PostgresServer, startPostgres } from '../test/harness/postgres-server.ts';

export const SAMPLE_DATABASE = 'community';

/** Starts a server of the major that the demo's client knows and fills the sample database. */
export async function startSampleDatabase(
  directory: string,
  cleanUp: AsyncDisposableStack,
): Promise<PostgresServer> {
  const server = await startPostgres({ major: 15, directory });
  cleanUp.defer(() => server.stop());
  await server.createDatabase(SAMPLE_DATABASE);
  const sql = await readFile(new URL('sample-database.sql', import.meta.url), 'utf8');
  await server.psql(sql, { database: SAMPLE_DATABASE });
  return server;
}
