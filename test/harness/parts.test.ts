import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { clientDirectories, missing, ossutilPath, type Part } from './parts.ts';
import { startPostgres } from './postgres-server.ts';

const nowhere: Part = 'postgres-server-99';

test('a missing part skips a test by name, and throws under CI', (t) => {
  const { CI } = process.env;
  t.after(() => {
    if (CI === undefined) delete process.env['CI'];
    else process.env['CI'] = CI;
  });
  process.env['CI'] = '';
  assert.equal(missing(nowhere), 'needs postgres-server-99, which this machine lacks');
  process.env['CI'] = 'true';
  assert.throws(() => missing(nowhere), /needs postgres-server-99.*no test may be skipped under CI=true/);
});

test('a part that is there never skips', { skip: missing('ossutil') }, () => {
  assert.equal(missing('ossutil'), false);
  assert.match(execFileSync(ossutilPath() ?? '', ['--version'], { encoding: 'utf8' }), /v1\.7\.19/);
});

for (const major of [15, 16, 17, 18]) {
  const skip = missing(`postgres-client-${major}`, `postgres-server-${major}`);
  test(`client and server ${major} work together`, { skip }, async (t) => {
    const server = await startPostgres({ major });
    t.after(() => server.stop());
    const bin = clientDirectories().get(major) ?? '';
    const run = (program: string, ...args: string[]) =>
      execFileSync(
        join(bin, program),
        ['-h', server.host, '-p', String(server.port), '-U', server.user, ...args],
        {
          env: { PGPASSWORD: server.password },
          encoding: 'utf8',
        },
      );

    run('createdb', 'shop');
    assert.equal(
      run('psql', '-AtX', '-c', 'CREATE TABLE item (id int); SELECT 42', 'shop'),
      'CREATE TABLE\n42\n',
    );
    assert.match(run('pg_dump', 'shop'), /CREATE TABLE public\.item/);
    // It starts the pg_dump beside it, and refuses one of another version.
    assert.match(run('pg_dumpall'), /CREATE TABLE public\.item/);
  });
}
