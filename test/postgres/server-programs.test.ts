import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { describeError, PgBackupError } from '../../src/errors.ts';
import {
  chooseServerPrograms,
  findServerPrograms,
  type ServerPrograms,
} from '../../src/postgres/server-programs.ts';
import { missing, serverDirectory } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

for (const major of [14, 15, 16, 17, 18]) {
  test(`a real server ${major} is found with its version and its programs`, {
    skip: missing(`postgres-server-${major}`),
  }, async () => {
    const directory = serverDirectory(major) ?? '';
    const [programs, ...more] = await findServerPrograms(directory, process.env['PATH']);
    assert.equal(more.length, 0);
    assert.match(programs?.version ?? '', new RegExp(`^${major}\\.\\d+$`));
    assert.deepEqual(programs, {
      ...{ major, version: programs?.version, directory },
      ...{ initdb: join(directory, 'initdb'), postgres: join(directory, 'postgres') },
    });
  });
}

// From here on the servers are scripts: what counts is where they lie and what they say their version is.

test('servers on PATH are found, the oldest first, and incomplete ones passed over', async (t) => {
  const [future, old] = [fakeDirectory(t, '99.1'), fakeDirectory(t, '12.3')];
  const clientOnly = fakeDirectory(t, '98.0', ['postgres']);
  const found = await findServerPrograms(undefined, `${future}:${clientOnly}:${old}:${future}:/nowhere`);
  const versions = found.map(({ version }) => version);
  assert.deepEqual([versions[0], versions.at(-1)], ['12.3', '99.1']);
  assert.ok(!versions.includes('98.0'));
  assert.equal(versions.filter((version) => version === '99.1').length, 1, 'a directory counts once');
});

test('no server at all is an empty list', async (t) => {
  const empty = temporaryDirectory(t);
  const found = await findServerPrograms(undefined, empty);
  assert.deepEqual(
    found.filter(({ directory }) => !directory.startsWith('/usr/lib/postgresql/')),
    [],
  );
});

test('DRILL_PG_BIN_DIR alone counts where it is given', async (t) => {
  const found = await findServerPrograms(fakeDirectory(t, '14.2 (Debian 14.2-1)'), fakeDirectory(t, '99.1'));
  assert.deepEqual(
    found.map(({ major, version }) => [major, version]),
    [[14, '14.2']],
  );
});

test('a DRILL_PG_BIN_DIR that is incomplete or does not work is an error that names it', async (t) => {
  const mute = fakeDirectory(t, '15.1');
  writeScript(join(mute, 'postgres'), 'echo "error while loading shared libraries" >&2; exit 127');
  const cases: readonly (readonly [directory: string, program: string])[] = [
    [temporaryDirectory(t), 'initdb'],
    [fakeDirectory(t, '15.1', ['postgres']), 'initdb'],
    [fakeDirectory(t, '15.1', ['initdb']), 'postgres'],
    [mute, 'postgres'],
  ];
  for (const [directory, program] of cases) {
    await assert.rejects(findServerPrograms(directory, process.env['PATH']), {
      code: 'COMMAND_MISSING',
      message: new RegExp(`^Missing command: ${program} \\(looked in ${directory}\\)`),
    });
  }
});

test('the smallest major that is not older than the source is chosen', () => {
  const table: readonly (readonly [installed: number[], source: number, chosen: number])[] = [
    [[15, 17, 18], 15, 15],
    [[15, 17, 18], 16, 17],
    [[18, 17, 15], 16, 17],
    [[15, 18], 9, 15],
  ];
  for (const [installed, source, chosen] of table) {
    const { major } = chooseServerPrograms(installed.map(fakePrograms), source);
    assert.equal(major, chosen, `${installed} for ${source}`);
  }
});

test('where all are older, or there is none, the error says in both languages what to install', () => {
  const choose = (installed: number[]): unknown => {
    try {
      return chooseServerPrograms(installed.map(fakePrograms), 17);
    } catch (error) {
      return error;
    }
  };
  const older = choose([15, 16]);
  assert.ok(older instanceof PgBackupError);
  assert.equal(older.code, 'COMMAND_MISSING');
  const { message, hint } = describeError(older, 'en');
  assert.equal(
    message,
    'Missing command: initdb and postgres of major 17 or newer (looked in /pg/15 (15.1), /pg/16 (16.1))',
  );
  assert.match(hint, /^Install it: apt-get install postgresql-17; or set DRILL_PG_HOST/);
  assert.match(describeError(older, 'zh').hint, /^请安装：apt-get install postgresql-17；.*DRILL_PG_HOST/);
  assert.match(describeError(choose([]), 'zh').message, /主版本 17 .*\/usr\/lib\/postgresql, PATH/);
});

function fakePrograms(major: number): ServerPrograms {
  return { major, version: `${major}.1`, directory: `/pg/${major}`, initdb: '', postgres: '' };
}

function fakeDirectory(t: TestContext, version: string, programs = ['initdb', 'postgres']): string {
  const directory = temporaryDirectory(t);
  for (const program of programs) {
    writeScript(join(directory, program), `echo "${program} (PostgreSQL) ${version}"`);
  }
  return directory;
}

function writeScript(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
}
