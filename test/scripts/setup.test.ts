import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectDirectory } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

test('a purpose that is none is refused', () => {
  const { status, stderr } = spawnSync('bash', [join(projectDirectory, 'scripts/setup'), 'tests'], {
    encoding: 'utf8',
  });
  assert.equal(status, 2);
  assert.match(stderr, /usage: .*demo\|test/);
});

test('without the npm packages, and npm out of reach, it ends with 1 and names the command that helps', (t) => {
  const clone = temporaryDirectory(t);
  for (const file of ['scripts', 'package.json', 'package-lock.json']) {
    cpSync(join(projectDirectory, file), join(clone, file), { recursive: true });
  }
  const { status, stdout } = spawnSync('bash', ['scripts/setup', 'demo'], {
    cwd: clone,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      HOME: clone,
      npm_config_registry: 'http://127.0.0.1:1',
      npm_config_fetch_retries: '0',
    },
  });
  assert.match(stdout, /^setup: installing node-modules: .*Node 24/);
  assert.match(stdout, /nothing here can run\. What helps: npm ci/);
  assert.doesNotMatch(stdout, /postgres/);
  assert.equal(status, 1);
});

test('a part that is there is not mentioned', (t) => {
  assert.equal(get(t, 'thing_is_there() { true; }; install_thing() { echo no >&2; exit 1; }'), '');
});

test('a part that is not there is installed, with a word about it', (t) => {
  const output = get(t, 'thing_is_there() { [[ -e made ]]; }; install_thing() { touch made; echo noise; }');
  assert.equal(output, 'setup: installing thing: what it is\n');
});

test('a part that cannot be installed is explained, and the next one comes', (t) => {
  const output = get(
    t,
    'thing_is_there() { [[ -e unreachable ]]; }; install_thing() { echo the reason; false; touch unreachable; }',
  );
  assert.equal(
    output,
    `setup: installing thing: what it is
setup: thing could not be installed, so less works. What helps: a command
setup:   the end of .parts/log/thing.log: the reason${' '}
`,
  );
});

test('a slow failure is not tried again at once', (t) => {
  const slow = 'thing_is_there() { false; }; install_thing() { false; }; touch .parts/failed/thing';
  const output = get(t, slow);
  assert.match(output, /^setup: thing is missing, so less works\. What helps: a command\n/);
  assert.match(get(t, `${slow}; touch -d '61 minutes ago' .parts/failed/thing`), /^setup: installing thing/);
});

/** What `get` prints for the part `thing`. */
function get(t: Parameters<typeof temporaryDirectory>[0], part: string): string {
  const cwd = temporaryDirectory(t);
  mkdirSync(join(cwd, '.parts/log'), { recursive: true });
  mkdirSync(join(cwd, '.parts/failed'));
  const script = `set -euo pipefail
source ${join(projectDirectory, 'scripts/setup.d/part.sh')}
${part}
get thing 'what it is' 'less works' 'a command'`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout;
}
