import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RunRecord } from '../../src/report/record.ts';
import type { Report } from '../../src/report/report.ts';
import { ossutilPath } from '../harness/parts.ts';
import { type PgBackupResult, type RunningPgBackup, startPgBackup } from '../harness/pg-backup.ts';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { processesThatMention } from './processes.ts';

const RUN_LIMIT_MILLISECONDS = 180_000;

export type Env = Record<string, string>;

/** One imagined installation of pg-backup: its directories, its settings, and what can be seen of its runs. */
export interface Installation {
  /** Everything lies below it. */
  readonly directory: string;
  readonly base: string;
  readonly data: string;
  readonly logs: string;
  readonly env: Env;
  /** Runs the command to its end; `changes` are laid over the settings. */
  run(args: string[], changes?: Env): Promise<PgBackupResult>;
  start(args: string[], changes?: Env): RunningPgBackup;
  /** By run name, in the order of time. */
  reports(): { name: string; report: Report }[];
  records(): { name: string; record: RunRecord }[];
  /** The newest run's. */
  newest(): { name: string; report: Report; record: RunRecord };
  /** The names below data/, hidden ones not included. */
  files(): string[];
  /** The text of all day logs. */
  log(): string;
  /** What no run may leave once it is over: unfinished files, marks, temporary directories, processes. */
  leftovers(): string[];
}

/** Settings for the server's database in local mode, with directories of its own that go with the test. */
export function install(
  t: TestContext,
  server: PostgresServer,
  database: string,
  changes: Env = {},
): Installation {
  const directory = temporaryDirectory(t);
  const base = changes['BACKUP_BASE_DIR'] ?? join(directory, 'base');
  const logs = changes['BACKUP_LOG_DIR'] ?? join(directory, 'log');
  const temporary = join(directory, 'tmp');
  const home = join(directory, 'home');
  for (const path of [temporary, home]) mkdirSync(path);
  const env: Env = {
    PATH: searchPath(),
    HOME: home,
    TMPDIR: temporary,
    PG_HOST: server.host,
    PG_PORT: String(server.port),
    PG_USER: server.user,
    PGPASSWORD: server.password,
    PG_DATABASE: database,
    BACKUP_MODE: 'local',
    BACKUP_BASE_DIR: base,
    BACKUP_LOG_DIR: logs,
    ...changes,
  };
  const start = (args: string[], more: Env = {}): RunningPgBackup =>
    startPgBackup(args, { env: { ...env, ...more }, cwd: directory, signal: lifetime(t) });
  const reports = () =>
    readJson<Report>(join(base, 'reports')).map(({ name, value }) => ({ name, report: value }));
  const records = () =>
    readJson<RunRecord>(join(base, 'records')).map(({ name, value }) => ({ name, record: value }));

  return {
    directory,
    base,
    data: join(base, 'data'),
    logs,
    env,
    start,
    run: (args, more) => {
      const run = (): Promise<PgBackupResult> => start(args, more).finished;
      return args[0] === 'backup' ? inTurn({ ...env, ...more }, run) : run();
    },
    reports,
    records,
    newest() {
      const last = reports().at(-1);
      const record = records().find(({ name }) => name === last?.name)?.record;
      if (!last || !record) throw new Error('there is no run with a report and a record');
      return { ...last, record };
    },
    files: () => namesIn(join(base, 'data')).filter((name) => !name.startsWith('.')),
    log: () =>
      namesIn(logs)
        .map((name) => readFileSync(join(logs, name), 'utf8'))
        .join(''),
    leftovers: () => [
      ...namesIn(join(base, 'data')).filter((name) => name.startsWith('.')),
      ...['reports', 'records'].flatMap((name) =>
        namesIn(join(base, name)).filter((file) => !file.endsWith('.json')),
      ),
      ...namesIn(join(base, 'running')).map((name) => `running/${name}`),
      ...namesIn(temporary)
        .filter((name) => name.startsWith('pg-backup-'))
        .map((name) => `tmp/${name}`),
      ...processesThatMention(directory),
    ],
  };
}

/** By server and database. */
const turns = new Map<string, Promise<unknown>>();

/** Tests run side by side, and of two backups of one database the later one would be refused. Those that want that use `start`. */
function inTurn<T>({ PG_PORT, PG_DATABASE }: Env, run: () => Promise<T>): Promise<T> {
  const key = `${PG_PORT}/${PG_DATABASE}`;
  const result = (turns.get(key) ?? Promise.resolve()).then(run);
  turns.set(
    key,
    result.catch(() => {}),
  );
  return result;
}

/** Ends with the test, and early enough that a program that hangs fails its test instead of stopping all others. */
export function lifetime(t: TestContext): AbortSignal {
  return AbortSignal.any([t.signal, AbortSignal.timeout(RUN_LIMIT_MILLISECONDS)]);
}

/** PATH with the real ossutil on it, wherever that is. */
export function searchPath(): string {
  const ossutil = ossutilPath();
  const path = process.env['PATH'] ?? '';
  return ossutil ? [dirname(ossutil), path].join(delimiter) : path;
}

/** The names in a directory in ascending order; none where there is no directory. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function readJson<T>(directory: string): { name: string; value: T }[] {
  return namesIn(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({
      name: name.slice(0, -'.json'.length),
      value: JSON.parse(readFileSync(join(directory, name), 'utf8')) as T,
    }));
}
