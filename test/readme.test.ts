import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, copyFile, readdir, readFile, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ageKey } from './encryption/keys.ts';
import { clientDirectories, missing, ossutilPath, projectDirectory } from './harness/parts.ts';
import { freePort, startPostgres } from './harness/postgres-server.ts';
import { reachableDirectory, reachableServerPrograms } from './harness/server-programs.ts';
import { temporaryDirectory } from './harness/temporary-directory.ts';
import { startOssBucket } from './integration/oss-bucket.ts';

const runFile = promisify(execFile);

async function shellBlocks(file: string): Promise<string[]> {
  const text = await readFile(join(projectDirectory, file), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? '');
}

test('both READMEs give the same commands', async () => {
  assert.deepEqual(await shellBlocks('README.zh-CN.md'), await shellBlocks('README.md'));
});

test('the commands of the README back up, restore and drill', {
  skip: missing('ossutil', 'age'),
}, async (t) => {
  const blocks = await shellBlocks('README.md');
  // Those of the quick start are run elsewhere: test/docs/quick-start.test.ts.
  const [
    ,
    ,
    ,
    ,
    copyExample = '',
    useIt = '',
    restore = '',
    byHand = '',
    drill = '',
    years = '',
    see = '',
    decrypt = '',
  ] = blocks;
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
  const shell = (script: string, cwd: string) => runFile('bash', ['-euc', script], { cwd, env: environment });

  await shell(copyExample, checkout);
  await appendFile(
    join(checkout, 'my.env'),
    [
      `PG_HOST=${server.host}`,
      `PG_PORT=${server.port}`,
      `PG_USER=${server.user}`,
      `BACKUP_BASE_DIR=${base}`,
      `BACKUP_LOG_DIR=${join(checkout, 'log')}`,
      // Root's working copy and temporary directory may be out of the reach of the drill's server.
      `DRILL_PG_BIN_DIR='${(await reachableServerPrograms(server.major)).directory}'`,
      `DRILL_DIRECTORY='${reachableDirectory(t)}'`,
      ...Object.entries(bucket.settings('postgres/backups')).map(([name, value]) => `${name}='${value}'`),
      '',
    ].join('\n'),
  );
  await shell(useIt, checkout);

  const data = join(base, 'data');
  const run = (await readdir(data)).find((name) => name.endsWith('.dump'))?.slice(0, -'.dump'.length) ?? '';
  const fill = (commands: string, name: string, database = ''): string =>
    commands
      .replaceAll('<run>', name)
      .replaceAll('<host>', server.host)
      .replaceAll('<user>', server.user)
      .replaceAll('<database>', database);
  const notes = (database: string): Promise<string> => server.psql('SELECT text FROM notes', { database });
  assert.match((await shell(restore, checkout)).stdout, /^Restore plan$/m);
  assert.equal(await notes('community_restored'), 'from the readme');
  await shell(fill(byHand, run, 'restored'), data);
  assert.equal(await notes('restored'), 'from the readme');
  assert.match(
    (await shell(drill, checkout)).stdout,
    /result +restored; everything that was compared is equal/,
  );
  const { stdout: health } = await shell(years, checkout);
  assert.match(health, /^✓ /m);
  assert.match(health, /^healthy: community /m);

  const port = await freePort();
  await appendFile(join(checkout, 'my.env'), `REPORT_HOST=127.0.0.1\nREPORT_PORT=${port}\n`);
  const serving = spawn('bash', ['-euc', see], { cwd: checkout, env: environment, detached: true });
  t.after(() => {
    if (serving.exitCode === null && serving.signalCode === null)
      process.kill(-(serving.pid ?? 0), 'SIGKILL');
  });
  serving.stderr.setEncoding('utf8');
  while (!/http:/.test(String(await once(serving.stderr, 'data'))));
  const page = await fetch(`http://127.0.0.1:${port}/`);
  assert.match(await page.text(), /community/);
  process.kill(-(serving.pid ?? 0), 'SIGTERM');
  await once(serving, 'close');

  const key = await ageKey(t);
  await appendFile(
    join(checkout, 'my.env'),
    `BACKUP_ENCRYPTION=age\nBACKUP_ENCRYPTION_RECIPIENTS=${key.recipient}\n`,
  );
  await shell(useIt, checkout);
  const encrypted = (await readdir(data)).find((name) => name.endsWith('.dump.age')) ?? '';
  const encryptedRun = encrypted.slice(0, -'.dump.age'.length);
  await copyFile(key.identityFile, join(data, 'key.txt'));
  await shell(fill(decrypt, encryptedRun), data);
  const [, ...createAndRestore] = byHand.split('\n');
  await shell(fill(createAndRestore.join('\n'), encryptedRun, 'decrypted'), data);
  assert.equal(await notes('decrypted'), 'from the readme');
});
