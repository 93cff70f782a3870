import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startRecovery } from '../fingerprint/standby.ts';
import { serverDirectory } from '../harness/parts.ts';
import { freePort, type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { runPsql } from '../harness/psql.ts';
import type { FilesOfServer } from '../harness/start-on-files.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from './until.ts';

/** A primary, and a standby that replays what it does as it does it. */
export interface Replicated {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
  /** Resolves once the standby has replayed all that the primary has done so far. */
  caughtUp(): Promise<void>;
}

/** Starts both, with what `script` makes in the primary's database `postgres`; they end with the test. */
export async function startReplicated(
  t: TestContext,
  options: {
    readonly major?: number;
    readonly script?: string;
    /** Of the standby. */
    readonly files?: Partial<Pick<FilesOfServer, 'program' | 'settings' | 'environment'>>;
  } = {},
): Promise<Replicated> {
  const { major = 15, script = '', files = {} } = options;
  const primary = await startPostgres({ major, settings: { autovacuum: 'off' } });
  t.after(() => primary.stop());
  await primary.psql(`${script}; CHECKPOINT`);

  const directory = temporaryDirectory(t);
  // Nobody writes to it, so the files as they are, with the log behind the checkpoint, are a backup.
  execFileSync('cp', ['-a', join(primary.socketDirectory, 'data'), directory]);
  execFileSync('chown', ['--reference', join(directory, 'data'), directory]);
  rmSync(join(directory, 'data/postmaster.pid'));
  const { host, user, password } = primary;
  const port = await freePort();
  const source = `host=${host} port=${primary.port} user=${user} password=${password}`;
  await startRecovery(t, {
    program: join(serverDirectory(major) ?? '', 'postgres'),
    ...files,
    directory,
    settings: {
      ...{ port: String(port), primary_conninfo: source },
      ...{ max_standby_streaming_delay: '0', wal_receiver_status_interval: '1' },
      ...files.settings,
    },
  });
  const standby: PostgresServer = {
    ...{ host, port, user, password, major, socketDirectory: directory },
    psql: (sql, psqlOptions) => runPsql({ host, port, user, password }, sql, psqlOptions),
    createDatabase: () => Promise.reject(new Error('a standby cannot be written to')),
    killNow: () => Promise.reject(new Error('it ends with the test')),
    stop: () => Promise.reject(new Error('it ends with the test')),
  };
  return {
    primary,
    standby,
    async caughtUp() {
      const position = await primary.psql('SELECT pg_current_wal_insert_lsn()');
      await untilTrue(standby, `pg_last_wal_replay_lsn() >= '${position}'`);
    },
  };
}

/** Waits until a server says so of a condition. */
export async function untilTrue(server: PostgresServer, condition: string): Promise<void> {
  await until(() => server.psql(`SELECT ${condition}`), 't');
}
