import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { clientDirectories, missing, ossutilPath, projectDirectory } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { reachableDirectory, reachableServerPrograms } from '../harness/server-programs.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type Env, lifetime } from '../integration/installation.ts';
import { startOssBucket } from '../integration/oss-bucket.ts';
import { blocksOf, FENCES } from './pages.ts';

const PAGE = 'docs/docker-run.md';
const skip = missing('postgres-server-15', 'postgres-client-15', 'ossutil');
const runFile = promisify(execFile);

test('both languages give the same recipes', () => {
  for (const fence of FENCES)
    assert.deepEqual(blocksOf('docs/docker-run.zh-CN.md', fence), blocksOf(PAGE, fence));
});

test('every recipe mounts and names what its command needs', { skip }, async (t) => {
  const [names = '', ...recipes] = blocksOf(PAGE, 'sh');
  const here = temporaryDirectory(t);
  const server = await startPostgres();
  t.after(() => server.stop());
  await server.createDatabase('community');
  await server.psql('CREATE TABLE notes AS SELECT 1 AS id', { database: 'community' });
  const bucket = await startOssBucket();
  t.after(() => bucket.close());
  const programs = await reachableServerPrograms(server.major);
  const settings: Env = {
    PG_HOST: server.host,
    PG_PORT: String(server.port),
    PG_USER: server.user,
    PGPASSWORD: server.password,
    PG_DATABASE: 'community',
    BACKUP_MODE: 'local',
    DRILL_PG_BIN_DIR: programs.directory,
    DRILL_DIRECTORY: reachableDirectory(t),
  };
  const paths = { base: join(here, 'base'), logs: join(here, 'logs') };
  for (const path of Object.values(paths)) mkdirSync(path);
  const own = {
    ...paths,
    env_file: writeSettings(join(here, 'local.env'), settings),
    oss_env_file: writeSettings(join(here, 'oss.env'), { ...settings, ...bucket.settings('postgres') }),
  };
  for (const name of Object.keys(own)) assert.match(names, new RegExp(`^${name}=`, 'm'));
  const assignments = Object.entries(own).map(([name, value]) => `${name}='${value}'`);
  const bin = join(here, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'docker'), DOCKER);
  chmodSync(join(bin, 'docker'), 0o755);
  symlinkSync(join(projectDirectory, 'bin/pg-backup.js'), join(bin, 'pg-backup'));
  const directories = [
    bin,
    dirname(process.execPath),
    clientDirectories().get(15),
    dirname(ossutilPath() ?? ''),
  ];
  for (const recipe of recipes) {
    const script = [names, ...assignments, recipe].join('\n');
    await runFile('bash', ['-euo', 'pipefail', '-c', script], {
      env: { PATH: [...directories, process.env['PATH']].join(delimiter), HOME: here },
      signal: lifetime(t),
    });
  }
  for (const database of ['community_restored', 'community_from_oss'])
    assert.equal(await server.psql('SELECT id FROM notes', { database }), '1');
  assert.equal([...bucket.objects('postgres').keys()].filter((name) => name.endsWith('.dump')).length, 1);
});

/** Runs the program here, with what is mounted in the place of the image's directories; the image itself is tested by test/image/run. */
const DOCKER = `#!/usr/bin/env bash
set -euo pipefail
declare -A mounted
environment=()
[ "$1" = run ] && shift
while [[ $1 == -* ]]; do
  case $1 in
    --rm) shift ;;
    --user | --network) shift 2 ;;
    --volume) IFS=: read -r outside inside _ <<<"$2"; mounted[$inside]=$outside; shift 2 ;;
    --tmpfs) mounted[\${2%%:*}]=$(mktemp -d -p "$HOME"); shift 2 ;;
    --env) environment+=("\${2%%=*}=\${mounted[\${2#*=}]}"); shift 2 ;;
    *) echo "docker: $1" >&2; exit 125 ;;
  esac
done
case $1 in pg-backup) ;; pg-backup:drill) [ "$2" = drill ] ;; *) exit 125 ;; esac
shift
exec env "\${environment[@]}" BACKUP_BASE_DIR="\${mounted[/data/db-backups]}" BACKUP_LOG_DIR="\${mounted[/var/log/db-backup]}" pg-backup "$@"
`;

function writeSettings(path: string, settings: Env): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(path, lines.join(''), { mode: 0o600 });
  return path;
}
