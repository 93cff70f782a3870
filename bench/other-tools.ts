import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathDirectories } from '../src/exec.ts';
import { ossutilPath } from '../test/harness/parts.ts';
import { DATABASE } from './make-database.ts';
import type { Step } from './measure-process.ts';
import type { Run } from './side.ts';
import type { Site } from './site.ts';
import { S3_BUCKET } from './stores.ts';

/** libpq's environment, and a PATH. */
export function clientEnvironment({ server }: Site): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGPASSWORD: server.password,
    PGDATABASE: DATABASE,
  };
}

/** `pg_dump -Fc --file`, with that compression; with `around` before it, such as taskset. */
export function rawDump(compression: string, around: readonly string[] = []) {
  return async (site: Site): Promise<Run> => {
    const directory = site.newDirectory('raw');
    const isZstd = compression.startsWith('zstd');
    const pgDump = join(isZstd ? site.zstdClientDirectory : site.clientDirectory, 'pg_dump');
    const [file = pgDump, ...args] = [
      ...around,
      ...[
        pgDump,
        '--format=custom',
        `--compress=${compression}`,
        `--file=${join(directory, 'database.dump')}`,
      ],
    ];
    return { steps: [{ file, args }], environment: clientEnvironment(site), directory, dumps: true };
  };
}

/** What the handbook's script does, one after the other: dump, sha256sum, globals, and a copy of each file by ossutil. */
export async function handbook(site: Site): Promise<Run> {
  const directory = site.newDirectory('handbook');
  const dump = join(directory, 'database.dump');
  const globals = join(directory, 'database_globals.sql');
  const { settings } = site.oss;
  const copy = (file: string): Step => ({
    file: ossutilPath() ?? 'ossutil',
    args: [
      ...['cp', file, `oss://${settings['OSS_BUCKET']}/${settings['OSS_PREFIX']}/`, '--force'],
      ...['-e', settings['OSS_ENDPOINT'] ?? ''],
      ...['-i', settings['OSS_ACCESS_KEY_ID'] ?? '', '-k', settings['OSS_ACCESS_KEY_SECRET'] ?? ''],
      // Otherwise it leaves both where it was started.
      ...['--output-dir', join(directory, 'output'), '--checkpoint-dir', join(directory, 'checkpoint')],
    ],
  });
  const steps: Step[] = [
    { file: join(site.clientDirectory, 'pg_dump'), args: ['-Fc', '-Z', '9', '-f', dump] },
    { file: 'sha256sum', args: [dump], outputFile: `${dump}.sha256` },
    { file: join(site.clientDirectory, 'pg_dumpall'), args: ['--globals-only', '-f', globals] },
    ...[dump, `${dump}.sha256`, globals].map(copy),
  ];
  const environment = { ...clientEnvironment(site), HOME: directory };
  return { steps, environment, directory, dumps: true, store: 'oss' };
}

/** The path of pg_back (https://github.com/orgrim/pg_back), or undefined. */
export function pgBackPath(): string | undefined {
  return pathDirectories(process.env['PATH'])
    .map((directory) => join(directory, 'pg_back'))
    .find((path) => existsSync(path));
}

/** pg_back with the same format and level, a sha256 of each file, and an upload to S3. */
export async function pgBack(site: Site): Promise<Run> {
  const directory = site.newDirectory('pg_back');
  const endpoint = site.s3?.settings['S3_ENDPOINT'] ?? '';
  const step: Step = {
    file: pgBackPath() ?? 'pg_back',
    args: [
      ...['--no-config-file', '--bin-directory', site.clientDirectory, '--backup-directory', directory],
      ...['--format', 'custom', '--compress', '9', '--checksum-algo', 'sha256'],
      ...['--upload', 's3', '--s3-region', 'us-east-1', '--s3-bucket', S3_BUCKET, '--s3-endpoint', endpoint],
      ...['--s3-force-path', 'yes', '--s3-tls', 'no', DATABASE],
    ],
  };
  const environment = { ...clientEnvironment(site), ...site.s3?.settings, HOME: directory };
  return { steps: [step], environment, directory, dumps: true, store: 's3' };
}

/** `pg_restore -j2` of pg-backup's archive into a new database of the same server. */
export async function parallelRestore(site: Site): Promise<Run> {
  const database = 'restored';
  await site.server.createDatabase(database);
  const data = join(await site.keptBackup(), 'data');
  const archive = join(data, readdirSync(data).find((name) => name.endsWith('.dump')) ?? '');
  return {
    steps: [
      { file: join(site.clientDirectory, 'pg_restore'), args: ['--jobs=2', `--dbname=${database}`, archive] },
    ],
    environment: clientEnvironment(site),
    directory: site.newDirectory('restore'),
    dumps: false,
    cleanUp: async () => {
      await site.server.psql(`DROP DATABASE ${database}; CHECKPOINT;`);
    },
  };
}
