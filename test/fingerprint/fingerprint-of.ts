import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { type CompareOptions, type Comparison, compare } from '../../src/fingerprint/compare.ts';
import type { Fingerprint, Measured, Taken } from '../../src/fingerprint/fingerprint.ts';
import { measureDatabase } from '../../src/fingerprint/measure-database.ts';
import { startFingerprint } from '../../src/fingerprint/take.ts';
import { openSession, type Session } from '../../src/postgres/session.ts';
import type { FingerprintLevel } from '../../src/report/record.ts';
import { databaseStatements } from '../../src/restore/database-options.ts';
import { tocOfFile } from '../archive/dump.ts';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { clientFor } from '../integration/client-program.ts';

export type Login = { readonly user: string; readonly password: string };

const MINUTE_MILLISECONDS = 60_000;

/** A session as the program opens it, with the oldest client that can. */
export function sessionTo(server: PostgresServer, database: string, login: Login = server): Session {
  return openSession({
    psql: join(clientFor(server.major).directory, 'psql'),
    target: { host: server.host, port: server.port, user: login.user, database },
    environment: { PGPASSWORD: login.password, LC_ALL: 'C' },
    applicationName: 'fingerprint test',
    signal: new AbortController().signal,
  });
}

export interface DumpOptions {
  readonly level?: FingerprintLevel;
  /** Options of pg_dump that leave something out, each with its value behind `=`. */
  readonly leftOut?: readonly string[];
  readonly otherOptions?: readonly string[];
  readonly login?: Login;
  readonly timeoutMilliseconds?: number;
  /** Called when there is a snapshot, and pg_dump does not run yet. */
  readonly beforeDump?: () => Promise<void>;
  /** Called when pg_dump has ended, before anything is measured. */
  readonly afterDump?: () => Promise<void>;
}

/** Dumps a database to a file and takes its fingerprint, under one snapshot. */
export async function dumpWithFingerprint(
  t: TestContext,
  server: PostgresServer,
  database: string,
  options: DumpOptions = {},
): Promise<{ archive: string; fingerprint: Fingerprint }> {
  const { level = 'content', leftOut = [], otherOptions = [], login = server } = options;
  const { timeoutMilliseconds = 10 * MINUTE_MILLISECONDS } = options;
  const archive = join(temporaryDirectory(t), 'archive.dump');
  const session = sessionTo(server, database, login);
  try {
    const taking = await startFingerprint({
      ...{ session, level, leftOut, timeoutMilliseconds },
      clock: () => new Date(),
    });
    await options.beforeDump?.();
    const flags = leftOut.map((option) => option.replace(/^(-[^-])=/, '$1'));
    await runClient(
      ...([server, 'pg_dump', login, '--format=custom', `--snapshot=${taking.snapshot}`] as const),
      ...['--compress=1', `--file=${archive}`, `--dbname=${database}`, ...flags, ...otherOptions],
    );
    await options.afterDump?.();
    taking.begin(tocOfFile(archive));
    return { archive, fingerprint: asFingerprint(await taking.taken) };
  } finally {
    await session.close();
  }
}

export function asFingerprint(taken: Taken): Fingerprint {
  return { ...taken, version: 1, run: 'a run', dumpSha256: '0'.repeat(64) };
}

/** Restores into a new database, as a superuser, with what is set for it as a whole; throws where pg_restore reports anything that is not tolerated. */
export async function restore(
  server: PostgresServer,
  archive: string,
  database: string,
  tolerated?: RegExp,
): Promise<void> {
  await restoreObjects(server, archive, database, tolerated);
  const statements = databaseStatements(tocOfFile(archive), database);
  await server.psql(statements.map(({ sql }) => `${sql};`).join('\n'));
}

async function restoreObjects(
  server: PostgresServer,
  archive: string,
  database: string,
  tolerated: RegExp | undefined,
): Promise<void> {
  await server.createDatabase(database);
  const client = clientFor(server.major);
  if (client.major === server.major) {
    try {
      await runClient(server, 'pg_restore', server, `--dbname=${database}`, archive);
    } catch (error) {
      const errors = [...String(error).matchAll(/^pg_restore: error: .*$/gm)].map(([line]) => line);
      if (!tolerated || errors.length === 0 || errors.some((line) => !tolerated.test(line))) throw error;
    }
    return;
  }
  // A newer pg_restore begins with a setting that an older server does not know.
  const script = await runClient(server, 'pg_restore', server, '--file=-', archive);
  await server.psql(script.replace('SET transaction_timeout = 0;', ''), { database });
}

export function measure(
  server: PostgresServer,
  database: string,
  { level = 'content', leftOut = [] }: Pick<DumpOptions, 'level' | 'leftOut'> = {},
): Promise<Measured> {
  return measureDatabase({ openSession: () => sessionTo(server, database), level, leftOut });
}

export const EVERYTHING: CompareOptions = { owners: true, grants: true, collation: true };

/** Each difference as one line, `kind: object`, in ascending order. */
export function differencesOf(
  expected: Fingerprint,
  found: Measured,
  options: CompareOptions = EVERYTHING,
): string[] {
  return linesOf(compare(expected, found, options));
}

export function linesOf({ differences }: Comparison): string[] {
  return differences.map(({ kind, object }) => `${kind}: ${object}`).sort();
}

/** Runs a program of the client that fits the server; returns what it prints. Throws where it fails. */
async function runClient(
  server: PostgresServer,
  program: 'pg_dump' | 'pg_restore',
  login: Login,
  ...args: string[]
): Promise<string> {
  const { stdout } = await promisify(execFile)(join(clientFor(server.major).directory, program), args, {
    env: {
      ...{ PGHOST: server.host, PGPORT: String(server.port) },
      ...{ PGUSER: login.user, PGPASSWORD: login.password, LC_ALL: 'C' },
    },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** What a fingerprint would say of a database that was measured. */
export function fingerprintFrom(measured: Measured, changes: Partial<Fingerprint> = {}): Fingerprint {
  return {
    ...{
      version: 1,
      run: 'a run',
      dumpSha256: '0'.repeat(64),
      level: 'content',
      status: 'complete',
      leftOut: [],
    },
    ...{ takenAt: '2024-02-29T00:00:00.000Z', durationSeconds: 0 },
    ...measured,
    ...changes,
  };
}

/** A session that measures what its own open transaction sees, instead of beginning another. */
export function withinTransaction(session: Session): Session {
  return {
    ...session,
    execute: (sql) => (sql.startsWith('BEGIN') ? Promise.resolve() : session.execute(sql)),
    close: () => Promise.resolve(),
  };
}
