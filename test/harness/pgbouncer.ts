import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pgbouncerPath } from './parts.ts';
import type { PostgresServer } from './postgres-server.ts';
import { asServerUser } from './server-user.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A PgBouncer before the server, which takes the server's own user and password, for every database; its port. It ends with the test. */
export async function startPgbouncer(
  t: TestContext,
  server: PostgresServer,
  settings: Readonly<Record<string, string | number>>,
): Promise<number> {
  const program = pgbouncerPath();
  if (!program) throw new Error('pgbouncer is missing; get it with: bash scripts/setup test');
  const directory = temporaryDirectory(t);
  await chmod(directory, 0o755);
  const users = join(directory, 'users');
  await writeFile(users, `"${server.user}" "${server.password}"\n`, { mode: 0o644 });
  const port = await freePort();
  const all = {
    ...{
      listen_addr: '127.0.0.1',
      listen_port: port,
      unix_socket_dir: '',
      auth_type: 'scram-sha-256',
      auth_file: users,
    },
    ...settings,
  };
  const lines = [
    '[databases]',
    `* = host=${server.host} port=${server.port}`,
    '[pgbouncer]',
    ...Object.entries(all).map(([name, value]) => `${name} = ${value}`),
  ];
  const file = join(directory, 'pgbouncer.ini');
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o644 });
  const pooler = asServerUser(program, [file]);
  t.after(async () => {
    if (pooler.exitCode !== null || pooler.signalCode !== null) return;
    pooler.kill('SIGKILL');
    await once(pooler, 'exit');
  });
  let log = '';
  await new Promise<void>((resolve, reject) => {
    pooler.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('process up')) resolve();
    });
    pooler.on('close', () => reject(new Error(log)));
  });
  return port;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no TCP port could be found');
  return address.port;
}
