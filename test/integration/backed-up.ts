import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { byHand } from './client-program.ts';
import { type Env, searchPath } from './installation.ts';
import { runInProcess } from './run-in-process.ts';

/** A backup for all tests of a file, in a BACKUP_BASE_DIR of its own. */
export interface BackedUp {
  readonly base: string;
  readonly run: string;
  readonly dump: string;
  /** What made it, for an installation that works with the same directory. */
  readonly env: Env;
  remove(): void;
}

/** Backs a database up, until `remove`; `changes` are laid over the settings, among them BACKUP_BASE_DIR for one more run beside another. */
export async function backUp(server: PostgresServer, database: string, changes: Env = {}): Promise<BackedUp> {
  const directory = mkdtempSync(join(tmpdir(), 'pg-backup-made-'));
  const base = changes['BACKUP_BASE_DIR'] ?? join(directory, 'base');
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const before = dumpsIn(base);
  const env: Env = { BACKUP_MODE: 'local', PG_DATABASE: database, ...changes, BACKUP_BASE_DIR: base };
  const { exitCode, stderr } = await runInProcess(['backup'], {
    PATH: searchPath(),
    HOME: directory,
    PG_HOST: server.host,
    PG_PORT: String(server.port),
    PG_USER: server.user,
    PGPASSWORD: server.password,
    ...env,
  });
  assert.equal(exitCode, 0, stderr);
  const [name = ''] = dumpsIn(base).filter((dump) => !before.includes(dump));
  return { base, run: name.replace(/\.dump.*$/, ''), dump: join(base, 'data', name), env, remove };
}

function dumpsIn(base: string): string[] {
  try {
    return readdirSync(join(base, 'reports')).map((name) => `${name.slice(0, -'.json'.length)}.dump`);
  } catch {
    return [];
  }
}

/** The names of the databases of a server, but for those that every server has. */
export async function databasesOf(server: PostgresServer): Promise<string[]> {
  const sql = `SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1') ORDER BY datname COLLATE "C"`;
  return (await server.psql(sql)).split('\n').filter((name) => name !== '');
}

/** The number of the next transaction that writes: where it is the same as before, nothing on the server was changed meanwhile. */
export async function nextTransaction(server: PostgresServer): Promise<string> {
  return server.psql('SELECT pg_snapshot_xmax(pg_current_snapshot())');
}

/**
 * Definitions and rows of a database as the lines of a script, sorted: objects that depend on nothing of each other may change places. Without what
 * depends on the client and the random keys of psql's restricted mode.
 */
export async function scriptOf(
  server: PostgresServer,
  database: string,
  ...flags: string[]
): Promise<string[]> {
  const conninfo = `dbname='${database.replaceAll(/[\\']/g, '\\$&')}'`;
  const script = await byHand(server, 'pg_dump', ...flags, conninfo);
  return script
    .split('\n')
    .filter((line) => !/^(\\(un)?restrict |-- Dumped |SET transaction_timeout )/.test(line))
    .sort();
}
