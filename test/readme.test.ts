import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, readdir, readFile, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { clientDirectories, missing, ossutilPath, projectDirectory } from './harness/parts.ts';
import { startPostgres } from './harness/postgres-server.ts';
import { temporaryDirectory } from './harness/temporary-directory.ts';
import { startOssBucket } from './integration/oss-bucket.ts';

const run = promisify(execFile);

async function shellBlocks(file: string): Promise<string[]> {
  const text = await readFile(join(projectDirectory, file), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? '');
}

test('both READMEs give the same commands', async () => {
  assert.deepEqual(await shellBlocks('README.zh-CN.md'), await shellBlocks('README.md'));
});

test('the commands of the README back up and restore', { skip: missing('ossutil') }, async (t) => {
  const [, copyExample = '', useIt = '', restore = ''] = await shellBlocks('README.md');
  const server = await startPostgres();
  t.after(() => server.stop());
  await server.createDatabase('community');
  await server.psql(`CREATE TABLE notes AS SELECT 'from the readme' AS text`, { database: 'community' });
  const bucket = await startOssBucket();
  t.after(() => bucket.close());

  const checkout = temporaryDirectory(t);
  for (const name of ['bin', 'src', 'package.json', 'node_modules', '.env.backup.example']) {
    await symlink(join(projectDirectory, name), join(checkout, name));
  }
  const base = join(checkout, 'base');
  const environment = {
    PATH: [clientDirectories().get(15), dirname(ossutilPath() ?? ''), process.env['PATH']].join(delimiter),
    HOME: checkout,
    PGPASSWORD: server.password,
    PGPORT: String(server.port),
  };
  const shell = (script: string, cwd: string) => run('bash', ['-euc', script], { cwd, env: environment });

  await shell(copyExample, checkout);
  await appendFile(
    join(checkout, 'my.env'),
    [
      `PG_HOST=${server.host}`,
      `PG_PORT=${server.port}`,
      `PG_USER=${server.user}`,
      `BACKUP_BASE_DIR=${base}`,
      `BACKUP_LOG_DIR=${join(checkout, 'log')}`,
      ...Object.entries(bucket.settings('postgres/backups')).map(([name, value]) => `${name}='${value}'`),
      '',
    ].join('\n'),
  );
  await shell(useIt, checkout);

  const data = join(base, 'data');
  const dump = (await readdir(data)).find((name) => name.endsWith('.dump')) ?? '';
  await shell(
    restore
      .replaceAll('<run>', dump.slice(0, -'.dump'.length))
      .replaceAll('<host>', server.host)
      .replaceAll('<user>', server.user)
      .replaceAll('<database>', 'restored'),
    data,
  );
  assert.equal(await server.psql('SELECT text FROM notes', { database: 'restored' }), 'from the readme');
});
