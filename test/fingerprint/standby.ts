import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { serverDirectory } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { runPsql } from '../harness/psql.ts';
import { asServerUser, serverUserId } from '../harness/server-user.ts';
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
  await writeFile(
    join(directory, 'data/standby.signal'),
    '',
    serverUserId === undefined ? {} : { mode: 0o644 },
  );
  const flags = {
    listen_addresses: '127.0.0.1',
    port: String(primary.port),
    unix_socket_directories: directory,
  };
  const standby = asServerUser(join(serverDirectory(major) ?? '', 'postgres'), [
    ...['-D', join(directory, 'data')],
    ...Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  t.after(async () => {
    if (standby.exitCode !== null) return;
    standby.kill('SIGQUIT');
    await once(standby, 'exit');
  });
  let log = '';
  await new Promise<void>((resolve, reject) => {
    standby.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('ready to accept read-only connections')) resolve();
    });
    standby.on('close', () => reject(new Error(log)));
  });
  const { host, port, user, password } = primary;
  return { ...primary, psql: (sql, options) => runPsql({ host, port, user, password }, sql, options) };
}
