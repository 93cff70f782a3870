import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DrillRecord } from '../../src/report/drill-record.ts';
import type { RunRecord } from '../../src/report/record.ts';
import { artifactsOf } from '../backup/past-run.ts';
import { type PgBackupResult, runPgBackup } from '../harness/pg-backup.ts';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { reachableDirectory, reachableServerPrograms } from '../harness/server-programs.ts';
import { type Env, type Installation, install, searchPath } from './installation.ts';
import { processesThatMention } from './processes.ts';

/** An installation that drills in throw-away servers, and what can be seen of its drills. */
export interface DrillInstallation extends Installation {
  /** DRILL_DIRECTORY. */
  readonly place: string;
  /** In the order of time. */
  drills(): DrillRecord[];
  newestDrill(): DrillRecord;
  /** What no drill may leave once it is over: all that no run may leave, servers and their files. */
  remains(): string[];
}

/** An installation for the server's database; its throw-away servers are of the same major unless `changes` name another DRILL_PG_BIN_DIR. */
export async function installDrills(
  t: TestContext,
  server: PostgresServer,
  database: string,
  changes: Env = {},
): Promise<DrillInstallation> {
  const { directory } = await reachableServerPrograms(server.major);
  const place = changes['DRILL_DIRECTORY'] ?? reachableDirectory(t);
  const here = install(t, server, database, {
    ...(changes['DRILL_PG_HOST'] ? {} : { DRILL_PG_BIN_DIR: directory, DRILL_DIRECTORY: place }),
    ...changes,
  });
  const drills = (): DrillRecord[] => drillsIn(here.base);
  return {
    ...here,
    place,
    drills,
    newestDrill() {
      const newest = drills().at(-1);
      if (!newest) throw new Error('there is no drill');
      return newest;
    },
    remains: () => [
      ...here.leftovers(),
      ...filesIn(place).filter((name) => name.startsWith('pg-backup-')),
      ...processesThatMention(place),
      ...filesIn(join(here.base, 'drills')).filter((name) => !name.endsWith('.json')),
      ...filesIn(join(here.base, 'downloads')),
    ],
  };
}

/** Backups that were made once, for tests that each drill a copy of them. */
export interface Backups {
  readonly base: string;
  /** Oldest first. */
  readonly runs: readonly string[];
}

/**
 * Makes backups of the database below `directory`, as many as there are `changes`, each with these settings; to be called in a `before`, which has no
 * directory of its own.
 */
export async function makeBackups(
  directory: string,
  server: PostgresServer,
  database: string,
  ...changes: readonly Env[]
): Promise<Backups> {
  const base = mkdtempSync(join(directory, 'backups-'));
  for (const some of changes) {
    const env = {
      ...{ PATH: searchPath(), PG_HOST: server.host, PG_PORT: String(server.port), PG_USER: server.user },
      ...{ PGPASSWORD: server.password, PG_DATABASE: database, BACKUP_MODE: 'local', BACKUP_BASE_DIR: base },
      ...{ BACKUP_LOG_DIR: join(base, 'log'), ...some },
    };
    const { exitCode, stderr } = await runPgBackup(['backup'], { env });
    assert.equal(exitCode, 0, stderr);
  }
  const runs = filesIn(join(base, 'records')).map((name) => name.replace(/\.json$/, ''));
  return { base, runs };
}

/** Puts a copy of the backups into an installation that has none yet. */
export function addBackups(here: DrillInstallation, { base }: Backups): void {
  cpSync(base, here.base, { recursive: true });
}

/** Changes one file of a backup, and the record with it, so that every checksum fits. */
export function replaceArtifact(base: string, run: string, name: string, content: string | Buffer): void {
  const path = join(base, 'data', name);
  writeFileSync(path, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  changeRecord(base, run, (record) => ({
    ...record,
    artifacts: record.artifacts.map((artifact) =>
      artifact.name === name ? { ...artifact, sha256, sizeBytes: statSync(path).size } : artifact,
    ),
  }));
}

/** Changes a dump, and everything that tells what it must be. */
export function forge(base: string, run: string, change: (bytes: Buffer) => Buffer): void {
  const [dump, checksum, , fingerprint] = artifactsOf(run);
  const bytes = change(readFileSync(join(base, 'data', dump)));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  replaceArtifact(base, run, dump, bytes);
  replaceArtifact(base, run, checksum, `${sha256}  ${dump}\n`);
  const text = readFileSync(join(base, 'data', fingerprint), 'utf8');
  replaceArtifact(base, run, fingerprint, text.replace(/"dumpSha256":"\w+"/, `"dumpSha256":"${sha256}"`));
}

/** One place, by something of the same length. */
export function replaceBytes(bytes: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(bytes);
  const position = copy.indexOf(from);
  assert.notEqual(position, -1);
  copy.write(to, position);
  return copy;
}

export function changeRecord(base: string, run: string, change: (record: RunRecord) => RunRecord): void {
  const path = join(base, 'records', `${run}.json`);
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')) as RunRecord)));
}

/** The drill went to its end, found everything equal, and says so everywhere. */
export function assertEqual(here: DrillInstallation, { exitCode, stdout, stderr }: PgBackupResult): void {
  assert.equal(exitCode, 0, stdout + stderr);
  const drill = here.newestDrill();
  assert.deepEqual(
    [drill.outcome, drill.differences, drill.omissions, drill.error],
    ['equal', [], [], undefined],
  );
  assert.equal(proofOf(here, drill.run), 'restored');
  assert.deepEqual(here.remains(), []);
}

/** The drill did not find everything equal: the exit code, no proof, nothing left. Returns its record. */
export function assertNotEqual(
  here: DrillInstallation,
  { exitCode, stdout, stderr }: PgBackupResult,
  expected: { readonly exitCode: number; readonly outcome: DrillRecord['outcome'] },
): DrillRecord {
  assert.equal(exitCode, expected.exitCode, stdout + stderr);
  const drill = here.newestDrill();
  assert.equal(drill.outcome, expected.outcome, stdout + stderr);
  assert.doesNotMatch(stdout, /restored, and equal|everything that was compared is equal/);
  assert.deepEqual(here.remains(), []);
  return drill;
}

/** A script in place of pg_restore: it restores, and then does something more to the database. */
export function afterRestore(sql: string): string {
  return `"$REAL" "$@" || exit
    for argument; do case $argument in --dbname=*) database=\${argument#--dbname=} ;; esac; done
    "$(dirname "$REAL")/psql" --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --dbname="$database" --file=- <<'END' || exit 77
${sql};
END`;
}

export function proofOf(here: Installation, run: string): string | undefined {
  return here.records().find(({ name }) => name === run)?.record.proof;
}

/** `kind: object` of each, in their order. */
export function differencesOf({ differences }: DrillRecord): string[] {
  return differences.map(({ kind, object }) => `${kind}: ${object}`);
}

function drillsIn(base: string): DrillRecord[] {
  const directory = join(base, 'drills');
  return filesIn(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as DrillRecord)
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
