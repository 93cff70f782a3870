import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { ageKey } from '../encryption/keys.ts';
import { clientDirectories, projectDirectory } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { reachableDirectory, reachableServerPrograms } from '../harness/server-programs.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type Env, lifetime } from '../integration/installation.ts';
import { type OssServer, startOssServer } from '../oss-server/server.ts';
import { settingsIn } from './pages.ts';

/** The names that the pages use. */
export const DATABASE = 'community';
export const BUCKET = 'your-oss-bucket';
const REGION = 'cn-hangzhou';
const KEY = { accessKeyId: 'LTAI5tDocumented', accessKeySecret: 'documented/secret' };
export const ORDERS = 1000;

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine on which the commands of the pages work as they stand there, after two backups: a plain one and, older, an encrypted one. */
export interface Documented {
  readonly server: PostgresServer;
  readonly oss: OssServer;
  readonly run: string;
  readonly encryptedRun: string;
  readonly base: string;
  readonly identityFile: string;
  /**
   * Runs a block in the directory with the files; what it asks is answered with `answer`. `changes` are laid over the settings,
   * `password` is what PostgreSQL's own programs get.
   */
  shell(
    block: string,
    options?: { readonly answer?: string; readonly changes?: Env; readonly password?: string },
  ): Promise<Outcome>;
  /** The database as it was backed up, and no other. */
  reset(): Promise<void>;
  databases(): Promise<string[]>;
  /** Rows of shop.orders. */
  orders(database: string): Promise<number>;
}

export async function documented(t: TestContext): Promise<Documented> {
  const directory = temporaryDirectory(t);
  const server = await startPostgres();
  t.after(() => server.stop());
  await fillDatabase(server);
  const oss = await startOssServer({
    dataDirectory: join(directory, 'oss'),
    region: REGION,
    credentials: [KEY],
    buckets: [BUCKET],
  });
  t.after(() => oss.close());
  const key = await ageKey(t);
  const settings = await settingsFor(t, directory, server, oss);
  const base = settings['BACKUP_BASE_DIR'] ?? '';
  const data = join(base, 'data');
  const envFile = join(directory, 'my.env');
  const programs = commands(directory);

  const shell: Documented['shell'] = (block, { answer, changes = {}, password = server.password } = {}) => {
    writeSettings(envFile, { ...settings, ...changes });
    const script = join(directory, 'block.sh');
    writeFileSync(script, block);
    const environment = {
      PATH: [programs, dirname(process.execPath), clientDirectories().get(15), process.env['PATH']].join(
        delimiter,
      ),
      HOME: directory,
      BACKUP_ENV_FILE: envFile,
      PGPASSWORD: password,
      PGPORT: String(server.port),
    };
    return runScript(script, { environment, cwd: data, answer, signal: lifetime(t) });
  };
  mkdirSync(data, { recursive: true });
  const backUp = async (changes: Env = {}): Promise<string> => {
    const before = readdirSync(data);
    const { exitCode, stderr } = await shell('pg-backup backup', { changes });
    assert.equal(exitCode, 0, stderr);
    const made = readdirSync(data).find((name) => /\.dump(\.age)?$/.test(name) && !before.includes(name));
    return made?.replace(/\.dump(\.age)?$/, '') ?? '';
  };
  const encryptedRun = await backUp({
    BACKUP_ENCRYPTION: 'age',
    BACKUP_ENCRYPTION_RECIPIENTS: key.recipient,
  });
  const run = await backUp();
  copyFileSync(key.identityFile, join(data, 'key.txt'));
  const databases = async (): Promise<string[]> =>
    (await server.psql(`SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'`))
      .split('\n')
      .filter((name) => name !== '');
  return {
    ...{ server, oss, run, encryptedRun, base, shell, databases },
    identityFile: key.identityFile,
    async reset() {
      for (const name of await databases()) await server.psql(`DROP DATABASE "${name}" WITH (FORCE)`);
      await server.psql(`CREATE DATABASE ${DATABASE} TEMPLATE pristine`);
    },
    orders: async (database) => Number(await server.psql('SELECT count(*) FROM shop.orders', { database })),
  };
}

/** What a bucket's settings are here, for one who has such a key. */
export function bucketSettings(oss: OssServer, key = KEY): Env {
  return {
    OSS_ENDPOINT: oss.endpoint,
    // The stand-in's address names none.
    OSS_REGION: REGION,
    OSS_ACCESS_KEY_ID: key.accessKeyId,
    OSS_ACCESS_KEY_SECRET: key.accessKeySecret,
  };
}

/** The settings of a block, with the real values in the place of those that it leaves open. */
export function filledIn(block: string, values: Env): Env {
  const given = settingsIn(block);
  const open = Object.entries(given).filter(([, value]) => value.startsWith('<'));
  for (const [name] of open) assert.ok(name in values, `${name} is left open`);
  return { ...given, ...values };
}

async function fillDatabase(server: PostgresServer): Promise<void> {
  await server.createDatabase(DATABASE);
  await server.psql(
    `CREATE ROLE shop_owner; CREATE ROLE shop_reader;
     CREATE SCHEMA shop AUTHORIZATION shop_owner;
     CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL);
     ALTER TABLE shop.orders OWNER TO shop_owner;
     GRANT SELECT ON shop.orders TO shop_reader;
     INSERT INTO shop.orders (item) SELECT 'item ' || n FROM generate_series(1, ${ORDERS}) n;
     -- More than a pipe holds.
     CREATE TABLE shop.pictures AS SELECT n AS id, sha512(n::text::bytea) AS bytes FROM generate_series(1, 20000) n;`,
    { database: DATABASE },
  );
  await server.psql(`CREATE DATABASE pristine TEMPLATE ${DATABASE} IS_TEMPLATE true`);
}

async function settingsFor(
  t: TestContext,
  directory: string,
  server: PostgresServer,
  oss: OssServer,
): Promise<Env> {
  const { directory: serverPrograms } = await reachableServerPrograms(server.major);
  return {
    PG_HOST: server.host,
    PG_PORT: String(server.port),
    PG_USER: server.user,
    PGPASSWORD: server.password,
    PG_DATABASE: DATABASE,
    BACKUP_BASE_DIR: join(directory, 'base'),
    BACKUP_LOG_DIR: join(directory, 'log'),
    BACKUP_FINGERPRINT: 'content',
    BACKUP_UPLOAD_TOOL: 'sdk',
    OSS_BUCKET: BUCKET,
    OSS_PREFIX: 'postgres/backups',
    ...bucketSettings(oss),
    DRILL_PG_BIN_DIR: serverPrograms,
    DRILL_DIRECTORY: reachableDirectory(t),
  };
}

/** A directory for PATH in which there is a pg-backup, as in the image. */
function commands(directory: string): string {
  const programs = join(directory, 'bin');
  mkdirSync(programs);
  symlinkSync(join(projectDirectory, 'bin/pg-backup.js'), join(programs, 'pg-backup'));
  return programs;
}

function writeSettings(file: string, settings: Env): void {
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

const QUESTION = /Type its name/;

/** Somebody who is asked sits at a terminal, which script(1) makes. */
function runScript(
  script: string,
  options: {
    readonly environment: Env;
    readonly cwd: string;
    readonly answer: string | undefined;
    readonly signal: AbortSignal;
  },
): Promise<Outcome> {
  const { environment, cwd, answer, signal } = options;
  const bash = ['bash', '-euo', 'pipefail', script];
  const [file = '', ...args] =
    answer === undefined ? bash : ['script', '--quiet', '--return', '--command', bash.join(' '), '/dev/null'];
  const child = spawn(file, args, { env: environment, cwd, signal, killSignal: 'SIGKILL' });
  const said = { stdout: '', stderr: '' };
  if (answer === undefined) child.stdin.end();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const wasAsked = QUESTION.test(said.stdout);
    said.stdout += text;
    if (answer !== undefined && !wasAsked && QUESTION.test(said.stdout)) child.stdin.write(`${answer}\n`);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, ...said }));
  });
}
