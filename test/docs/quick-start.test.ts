import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocksOf } from './pages.ts';

const [, compose = '', kubernetes = '', dockerRun = ''] = blocksOf('README.md', 'sh');

test('the quick start with compose is what test/image/run brings up', () => {
  const [secrets = '', up = ''] = blocksOf('compose/README.md', 'sh');
  assert.equal(compose, secrets + up);
});

test('the quick start on Kubernetes is what test/k8s/readme.test.ts sends', () => {
  const [secrets = '', , apply = ''] = blocksOf('k8s/README.md', 'sh');
  const [, applied = assert.fail('nothing is applied')] = apply.split('\n');
  assert.equal(kubernetes, `${secrets}${applied}\n`);
});

// test/image/run runs it.
test('the quick start with docker run mounts the settings, as the page on docker run has it', () => {
  assert.match(dockerRun, /^docker build .*\n(install .*\n)+docker run .*\\\n.* pg-backup backup\n$/);
  const mount = / --volume \S+:\/run\/backup\.env:ro --env BACKUP_ENV_FILE=\/run\/backup\.env /;
  assert.match(dockerRun, mount);
  for (const recipe of [dockerRun, ...blocksOf('docs/docker-run.md', 'sh')])
    assert.doesNotMatch(recipe, /--env-file|PGPASSWORD/);
});
