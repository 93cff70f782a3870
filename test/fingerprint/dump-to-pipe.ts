import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { collectHead } from '../../src/archive/collect-head.ts';
import { parseToc, type Toc } from '../../src/archive/toc.ts';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { clientFor } from '../integration/client-program.ts';

/** What a pg_dump in the custom format writes; it waits for whoever reads it. */
export function startDump(server: PostgresServer, database: string, ...args: string[]): Readable {
  const { host, port, user, password } = server;
  const pgDump = spawn(
    join(clientFor(server.major).directory, 'pg_dump'),
    ['--format=custom', ...args, `--dbname=${database}`],
    {
      env: { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  return pgDump.stdout;
}

/** Reads no more of it than the table of contents needs. */
export async function readTocOfPipe(pipe: Readable): Promise<Toc> {
  const collect = collectHead();
  return new Promise((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      const collected = collect(chunk);
      const toc = collected && parseToc(collected.head);
      if (!toc) return;
      pipe.off('data', look);
      pipe.pause();
      resolve(toc);
    };
    pipe.on('data', look);
    pipe.on('end', () => reject(new Error('pg_dump ended without a table of contents')));
  });
}
