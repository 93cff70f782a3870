import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { wrapClient } from '../harness/fake-bin.ts';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { clientFor } from './client-program.ts';
import { until } from './until.ts';

/** A client whose pg_dump stops before it begins, or in the midst of its work, until it is let go. */
export interface HeldDump {
  readonly settings: { readonly PG_BIN_DIR: string; readonly BACKUP_COMPRESS_THREADS: string };
  /** Resolves once it is held. */
  held(): Promise<void>;
  letGo(): void;
}

const WAIT = 'until [[ -e $0.go ]]; do sleep 0.05; done';
const SCRIPTS = {
  'before it begins': `touch "$0.held"; ${WAIT}; exec "$REAL" "$@"`,
  // Once the table of contents is there, the rows of the first table are on their way. Whoever looks comes before pg_dump at the CPU.
  'in the midst': `for word; do if [[ $word == --file=* ]]; then file=\${word#--file=}; fi; done
nice -n 5 "$REAL" "$@" & pid=$!
echo $pid > "$0.pid"
until [[ -s $file ]]; do :; done
kill -STOP $pid
touch "$0.held"
${WAIT}
kill -CONT $pid
wait $pid`,
};

export function holdDump(t: TestContext, server: PostgresServer, when: keyof typeof SCRIPTS): HeldDump {
  const directory = wrapClient(clientFor(server.major).directory, { pg_dump: SCRIPTS[when] }, t);
  const script = join(directory, 'pg_dump');
  t.after(() => {
    if (!existsSync(`${script}.pid`)) return;
    try {
      process.kill(Number(readFileSync(`${script}.pid`, 'utf8')), 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  });
  return {
    // What is held shows in its file only where it writes to that itself.
    settings: { PG_BIN_DIR: directory, BACKUP_COMPRESS_THREADS: '0' },
    held: () => until(() => existsSync(`${script}.held`), true),
    letGo: () => writeFileSync(`${script}.go`, ''),
  };
}
