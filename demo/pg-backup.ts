import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Language } from '../src/language.ts';
import type { PostgresServer } from '../test/harness/postgres-server.ts';
import type { Bucket } from './bucket.ts';
import { demoClient } from './client.ts';
import { SAMPLE_DATABASE } from './sample-database.ts';

const PROGRAM = fileURLToPath(new URL('../bin/pg-backup.js', import.meta.url));

export interface DemoInstallation {
  readonly directory: string;
  readonly database: PostgresServer;
  readonly bucket: Bucket;
  /** The path of the real one; without it the uploads go through the SDK. */
  readonly ossutil: string | undefined;
  /** Where initdb and postgres are, for the drill. */
  readonly serverPrograms: string;
  readonly language: Language;
  readonly signal: AbortSignal;
}

/** Runs a real pg-backup command with its output on this terminal. Throws unless it succeeds. */
export async function runPgBackup(args: readonly string[], installation: DemoInstallation): Promise<void> {
  const { directory, database, bucket, ossutil, serverPrograms, language, signal } = installation;
  const searchPath = [ossutil && dirname(ossutil), process.env['PATH']].filter(Boolean).join(delimiter);
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: 'inherit',
    signal,
    env: {
      PATH: searchPath,
      HOME: directory,
      TMPDIR: directory,
      // The client may lie in the working copy, where the program itself does not look.
      PG_BIN_DIR: demoClient(database.major)[1],
      PG_HOST: database.host,
      PG_PORT: String(database.port),
      PG_USER: database.user,
      PGPASSWORD: database.password,
      PG_DATABASE: SAMPLE_DATABASE,
      BACKUP_BASE_DIR: join(directory, 'backups'),
      BACKUP_LOG_DIR: join(directory, 'log'),
      BACKUP_LOG_FORMAT: 'pretty',
      BACKUP_LANG: language,
      BACKUP_MODE: 'both',
      BACKUP_FINGERPRINT: 'content',
      DRILL_PG_BIN_DIR: serverPrograms,
      // For root, the drill's server runs as somebody who cannot enter the directory of the demo.
      DRILL_DIRECTORY: tmpdir(),
      BACKUP_UPLOAD_TOOL: ossutil ? 'ossutil' : 'sdk',
      OSS_BUCKET: bucket.name,
      OSS_PREFIX: 'postgres/backups',
      OSS_ENDPOINT: bucket.server.endpoint,
      OSS_REGION: bucket.region,
      OSS_ACCESS_KEY_ID: bucket.accessKeyId,
      OSS_ACCESS_KEY_SECRET: bucket.accessKeySecret,
    },
  });
  const [exitCode] = await once(child, 'exit');
  if (exitCode !== 0) throw new Error(`pg-backup ${args.join(' ')} ended with exit code ${exitCode}`);
}
