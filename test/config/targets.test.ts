import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTargets } from '../../src/config/targets.ts';

const COMMON = { PG_HOST: 'db', PG_USER: 'backup', BACKUP_MODE: 'local', BACKUP_ENV_FILE: '/targets' };

test('each file of the directory is a target, over the environment, in the order of their names', () => {
  const targets = load({ 'shop.env': 'PG_DATABASE=shop\nPG_HOST=db2', 'forum.env': 'PG_DATABASE=forum' });
  assert.deepEqual(
    targets.map(({ name, loaded }) => [name, loaded.settings.PG_DATABASE, loaded.settings.PG_HOST]),
    [
      ['forum', 'forum', 'db'],
      ['shop', 'shop', 'db2'],
    ],
  );
});

test('hidden files and those with other names are none', () => {
  const targets = load({ 'a.env': 'PG_DATABASE=a', '.b.env': 'PG_DATABASE=b', 'c.env~': 'x', README: 'x' });
  assert.deepEqual(
    targets.map(({ name }) => name),
    ['a'],
  );
});

test('a file that is no directory is the one target there is, without a name', () => {
  const files = { readFile: () => 'PG_DATABASE=one', listDirectory: () => undefined };
  const [target, ...others] = loadTargets({ ...COMMON, BACKUP_ENV_FILE: '/my.env' }, files, 'en');
  assert.deepEqual([target?.name, target?.loaded.settings.PG_DATABASE], [undefined, 'one']);
  assert.deepEqual(others, []);
});

test('the mistakes of all files are told together, each with its file', () => {
  assert.throws(
    () =>
      load({ 'a.env': 'PG_DATABASE=a\nPG_PORT=x', 'b.env': 'PG_DATABASE=b', 'c.env': 'RETENTION_DAYS=-1' }),
    (error: Error) => {
      assert.match(error.message, /^Settings to correct \(3\):/);
      assert.match(error.message, /^ {2}- a\.env: PG_PORT=x/m);
      assert.match(error.message, /^ {2}- c\.env: PG_DATABASE \(not set\)/m);
      assert.match(error.message, /^ {2}- c\.env: RETENTION_DAYS=-1/m);
      return true;
    },
  );
  assert.throws(() => load({}), /the directory \/targets has no file NAME\.env/);
});

function load(files: Readonly<Record<string, string>>) {
  return loadTargets(
    COMMON,
    {
      readFile: (path) => files[path.slice('/targets/'.length)] ?? assert.fail(path),
      listDirectory: (path) => (path === '/targets' ? Object.keys(files) : undefined),
    },
    'en',
  );
}
