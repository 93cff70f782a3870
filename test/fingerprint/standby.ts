import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { serverDirectory } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { runPsql } from '../harness/psql.ts';
import { serverUserId } from '../harness/server-user.ts';
import { type FilesOfServer, startOnFiles } from '../harness/start-on-files.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

/** A server in recovery, which can only be read, with what the scripts made in its database `postgres` before. */
export async function startStandby(
  t: TestContext,
  major: number,
  ...scripts: string[]
): Promise<PostgresServer> {
  const directory = temporaryDirectory(t);
  const primary = await startPostgres({ major, directory });
  for (const script of scripts) await primary.psql(script);
  // What unlogged tables hold is lost in recovery, as it is on any standby.
  await primary.psql('CHECKPOINT');
  await primary.killNow();
  const program = join(serverDirectory(major) ?? '', 'postgres');
  await startRecovery(t, { program, directory, settings: { port: String(primary.port) } });
  const { host, port, user, password } = primary;
  return { ...primary, psql: (sql, options) => runPsql({ host, port, user, password }, sql, options) };
}

/** Starts the cluster that is in `directory` as a standby server, which ends with the test. */
export async function startRecovery(t: TestContext, files: FilesOfServer): Promise<void> {
  const readable = serverUserId === undefined ? {} : { mode: 0o644 };
  await writeFile(join(files.directory, 'data/standby.signal'), '', readable);
  await startOnFiles(t, files);
}
