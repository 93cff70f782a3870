import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseEnvFile } from '../../src/config/env-file.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const NAMES = ['A0', 'A1', 'A2', '_b', 'C_c'];

const PLAIN = 'aZ09_./:@%+,=-#!^]*?é中😀';
const plain = fc.string({ unit: fc.constantFrom(...PLAIN, '$.', '$%'), minLength: 1, maxLength: 8 });
const escaped = fc.constantFrom(...'$`"\'\\ #;&|<>()*aé中\t', '\n', '😀').map((text) => `\\${text}`);
const singleQuoted = fc
  .string({ unit: fc.constantFrom(...PLAIN, ...' "\\`;&|<>()~\t', '\n', '$(', '${', '$a', '$$') })
  .map((text) => `'${text}'`);
const doubleQuoted = fc
  .string({
    unit: fc.constantFrom(
      ...PLAIN,
      ..." ';&|<>()~\t",
      ...['\n', '\\$', '\\`', '\\"', '\\\\', '\\\n', '\\a', "\\'", '\\ ', '$.', '\\中'],
    ),
  })
  .map((text) => `"${text}"`);

const word = fc
  .array(fc.oneof(plain, escaped, singleQuoted, doubleQuoted), { maxLength: 4 })
  .map((pieces) => pieces.join(''))
  // A lone `(` behind `$` would be a substitution, however it came about.
  .filter((text) => !/\$$/.test(text));
const assignment = fc.tuple(fc.constantFrom(...NAMES), word).map(([name, value]) => `${name}=${value}`);
const statement = fc
  .tuple(
    fc.constantFrom('', '', 'export ', 'export\t '),
    fc.array(fc.tuple(assignment, fc.constantFrom(' ', '\t ', ' \\\n ')), { minLength: 1, maxLength: 3 }),
  )
  .map(([prefix, assignments]) => prefix + assignments.flat().slice(0, -1).join(''));
const separator = fc.constantFrom(
  '\n',
  '\n\n',
  ' \n',
  '\n\t ',
  ' # it\'s "a" comment $(x) \\\n',
  '\n#c\n',
  '; ',
);
const plainFile = fc
  .tuple(fc.constantFrom('', '\n', '# first\n', '  '), fc.array(fc.tuple(statement, separator)))
  .map(([start, parts]) => start + parts.flat().join(''));

for (const shell of ['bash', 'sh']) {
  test(`any file of plain assignments has the values that ${shell} has after sourcing it`, (t) => {
    const directory = temporaryDirectory(t);
    fc.assert(
      fc.property(plainFile, (content) => {
        const { assignments, errors } = parseEnvFile(content);
        assert.deepEqual(errors, []);
        const ours = Object.fromEntries(assignments.map(({ name, value }) => [name, value]));
        assert.deepEqual(ours, sourced(shell, directory, content));
      }),
      { numRuns: 250 },
    );
  });
}

test('a file as people write it for a shell is read: comments, export, quotes, CRLF, a byte order mark', () => {
  const content = [
    '\uFEFF# /etc/db-backup.env',
    '',
    'PG_HOST=127.0.0.1   # the host',
    "export PGPASSWORD='p#a$(s)s\"w`d'",
    '  PG_DUMP_EXTRA_OPTS="--exclude-table-data=\\"Big\\" -T logs#1"',
    'OSS_PREFIX=a/"b c"/\'d\'',
    'PG_DATABASE=社区',
    'EMPTY=',
  ];
  const expected = {
    PG_HOST: '127.0.0.1',
    PGPASSWORD: 'p#a$(s)s"w`d',
    PG_DUMP_EXTRA_OPTS: '--exclude-table-data="Big" -T logs#1',
    OSS_PREFIX: 'a/b c/d',
    PG_DATABASE: '社区',
    EMPTY: '',
  };
  for (const lineEnd of ['\n', '\r\n']) {
    const { assignments, errors, warnings } = parseEnvFile(content.join(lineEnd) + lineEnd);
    assert.deepEqual(errors, []);
    assert.deepEqual(warnings, []);
    assert.deepEqual(Object.fromEntries(assignments.map(({ name, value }) => [name, value])), expected);
    assert.deepEqual(
      assignments.map(({ line }) => line),
      [3, 4, 5, 6, 7, 8],
    );
  }
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['A=$(date)', /command substitution/],
  ['A="x $(date)"', /command substitution/],
  ['A=`date`', /command substitution/],
  ['A="`date`"', /command substitution/],
  ['A=$((1+1))', /command substitution/],
  ["A='open", /never closed/],
  ['A="open', /never closed/],
  ['A=a&b', /quote the value/],
  ['A=a|b', /quote the value/],
  ['A=a>b', /quote the value/],
  ['A=(a b)', /quote the value/],
  ['A = a', /KEY=value/],
  ['A=a b', /KEY=value/],
  ['1A=a', /KEY=value/],
  ['A-B=a', /KEY=value/],
  ['echo hello', /KEY=value/],
  ['source /etc/other.env', /KEY=value/],
];
for (const [text, reason] of REFUSED) {
  test(`${JSON.stringify(text)} is refused with its line, and the other lines are read`, () => {
    const { assignments, errors } = parseEnvFile(`BEFORE='two\nlines'\n\n${text}\nAFTER=1\n`);
    assert.deepEqual(
      errors.map(({ line }) => line),
      [4],
    );
    assert.match(errors[0]?.text.en ?? '', reason);
    assert.equal(assignments[0]?.value, 'two\nlines');
    // An open double quote swallows the rest of the file, as in a shell.
    if (text !== 'A="open') assert.equal(assignments.at(-1)?.name, 'AFTER');
  });
}

test('every refused line of a file is named, not only the first', () => {
  const { errors } = parseEnvFile('A=$(x)\nB=1\nC=a|b\nnonsense\n');
  assert.deepEqual(
    errors.map(({ line }) => line),
    [1, 3, 4],
  );
});

test('what a shell would expand stays literal with a warning that names the line: $name, ${name}, $1, $$, $?', () => {
  for (const expansion of ['$HOME', '${HOME}', '$1', '$$', '$?', '$#', '$@', '$*', '$!', '$-']) {
    for (const quote of ['', '"']) {
      const { assignments, errors, warnings } = parseEnvFile(`X=1\nA=${quote}a${expansion}${quote}\n`);
      assert.deepEqual(errors, [], expansion);
      assert.equal(assignments[1]?.value, `a${expansion}`);
      assert.deepEqual(
        warnings.map(({ line }) => line),
        [2],
        expansion,
      );
    }
    assert.deepEqual(parseEnvFile(`A='a${expansion}'`).warnings, [], 'single quotes mean it literally');
    assert.deepEqual(parseEnvFile(`A="a\\${expansion}"`).warnings, [], 'a backslash means it literally');
  }
});

test('$\'…\' and $"…", which shells read differently, are refused', () => {
  for (const text of ["A=$'a\\nb'", 'A=$"a"', "A=x$'a'"]) {
    assert.deepEqual(
      parseEnvFile(`X=1\n${text}\n`).errors.map(({ line }) => line),
      [2],
      text,
    );
  }
  assert.equal(parseEnvFile('A="costs 5$"').assignments[0]?.value, 'costs 5$');
  assert.equal(parseEnvFile(`A="$'"`).assignments[0]?.value, "$'");
});

/** The names that a shell has after it sourced the text, with their values. */
function sourced(shell: string, directory: string, content: string): Record<string, string> {
  const file = join(directory, 'plain.env');
  writeFileSync(file, content);
  const print = NAMES.map((name) => `[ "\${${name}+set}" ] && printf '%s=%s\\0' ${name} "$${name}"`);
  const output = execFileSync(shell, ['-c', `. "$0" || exit; ${print.join('; ')}; true`, file], {
    encoding: 'utf8',
    // bash takes a socket as its input for a remote login, and reads ~/.bashrc.
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: directory,
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
  });
  const values: Record<string, string> = {};
  for (const entry of output.split('\0').slice(0, -1)) {
    const equals = entry.indexOf('=');
    values[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  return values;
}
