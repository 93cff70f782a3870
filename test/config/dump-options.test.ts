import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkDumpOptions } from '../../src/config/dump-options.ts';
import { clientDirectories, missing } from '../harness/parts.ts';

/** Each makes pg_dump exit 0 with a useless, partial or foreign result, or without one. */
const REFUSED: readonly (readonly [string[], RegExp])[] = [
  [['-s'], /whole backup/],
  [['--schema-only'], /whole backup/],
  [['-a'], /whole backup/],
  [['--data-only'], /whole backup/],
  [['--section=pre-data'], /whole backup/],
  [['--section', 'data'], /whole backup/],
  [['--no-data'], /whole backup/],
  [['--no-schema'], /whole backup/],
  [['--statistics-only'], /whole backup/],
  [['-t', 'orders'], /leaves out everything else/],
  [['-norders'], /leaves out everything else/],
  [['--filter=/tmp/list'], /leaves out everything else/],
  [['-Fp'], /belong to pg-backup/],
  [['-Ft'], /belong to pg-backup/],
  [['-F', 'd'], /belong to pg-backup/],
  [['--format=plain'], /belong to pg-backup/],
  [['-f', '/tmp/x'], /belong to pg-backup/],
  [['--file=/tmp/x'], /belong to pg-backup/],
  [['-d', 'other'], /belong to pg-backup/],
  [['--dbname=postgresql://h/other'], /belong to pg-backup/],
  [['-h', 'elsewhere'], /belong to pg-backup/],
  [['-Usomebody'], /belong to pg-backup/],
  [['-p', '5433'], /belong to pg-backup/],
  [['-W'], /belong to pg-backup/],
  [['-j4'], /belong to pg-backup/],
  [['-Z0'], /BACKUP_COMPRESS/],
  [['--compress=0'], /BACKUP_COMPRESS/],
  [['--enable-row-security'], /hides/],
  [['--help'], /without a dump/],
  [['-?'], /without a dump/],
  [['--version'], /without a dump/],
  [['-V'], /without a dump/],
  [['other_database'], /only options/],
  [['postgresql://host/other'], /only options/],
  [['--'], /only options/],
  [['-'], /only options/],
  [[''], /only options/],
];
for (const [words, reason] of REFUSED) {
  test(`${JSON.stringify(words.join(' '))} is refused with its reason`, () => {
    const { problems } = checkDumpOptions(words);
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.word, words[0]);
    assert.match(problems[0]?.reason.en ?? '', reason);
  });
}

test('a refused option is found inside a cluster of short ones', () => {
  for (const words of [['-sT', 'x'], ['-Os'], ['-vxs'], ['-OFp'], ['-vsTlogs']]) {
    assert.equal(checkDumpOptions(words).problems.length, 1, words.join(' '));
  }
});

test('letters behind a short option that takes a value are its value, not options', () => {
  assert.deepEqual(checkDumpOptions(['-Tsessions']), { problems: [], leavesOut: ['-T=sessions'] });
  assert.deepEqual(checkDumpOptions(['-OTa*s']), { problems: [], leavesOut: ['-O', '-T=a*s'] });
});

test('the word behind an option that takes a value is its value, whatever it looks like', () => {
  assert.deepEqual(checkDumpOptions(['--exclude-table', '-s']), {
    problems: [],
    leavesOut: ['--exclude-table=-s'],
  });
  assert.deepEqual(checkDumpOptions(['-T', 'orders']).problems, []);
});

test('an abbreviation, which getopt_long would complete, is refused', () => {
  for (const word of ['--schema-o', '--form=p', '--fil=/tmp/x', '--exclude-table-d=x', '--no-o']) {
    assert.match(checkDumpOptions([word]).problems[0]?.reason.en ?? '', /write it in full/, word);
  }
});

test('a missing value is told, also in a cluster', () => {
  for (const words of [['--exclude-table'], ['-T'], ['-OT']]) {
    assert.match(checkDumpOptions(words).problems[0]?.reason.en ?? '', /needs a value/, words.join(' '));
  }
});

test('a value for an option that takes none is refused', () => {
  assert.equal(checkDumpOptions(['--no-owner=yes']).problems.length, 1);
});

test('every problem is told, not only the first', () => {
  const { problems } = checkDumpOptions(['-s', '--no-owner', 'x', '--bogus']);
  assert.deepEqual(
    problems.map(({ word }) => word),
    ['-s', 'x', '--bogus'],
  );
});

test("the handbook's example is allowed, and what it leaves out is said", () => {
  assert.deepEqual(checkDumpOptions(['--exclude-table-data=large_audit_table']), {
    problems: [],
    leavesOut: ['--exclude-table-data=large_audit_table'],
  });
});

test('options that change nothing that matters are allowed without a remark', () => {
  const words = ['-v', '--lock-wait-timeout=10s', '-E', 'UTF8', '--serializable-deferrable'];
  assert.deepEqual(checkDumpOptions(words), { problems: [], leavesOut: [] });
});

for (const major of [15, 16, 17, 18]) {
  const skip = missing(`postgres-client-${major}`);
  test(`every option in the help of pg_dump ${major} is known, and whether it takes a value`, {
    skip,
  }, () => {
    const options = optionsInHelp(join(clientDirectories().get(major) ?? '', 'pg_dump'));
    assert.ok(options.length > 80, 'the help was understood');
    for (const { name, takesValue } of options) {
      const { problems } = checkDumpOptions([name, 'word']);
      for (const { word, reason } of problems) {
        assert.doesNotMatch(reason.en, /that pg-backup knows/, `${word} of pg_dump ${major}`);
      }
      const wordIsValue = !problems.some(({ word }) => word === 'word');
      assert.equal(wordIsValue, takesValue, `pg_dump ${major} ${name} takes a value: ${takesValue}`);
    }
  });
}

/** From lines such as `  -T, --exclude-table=PATTERN   do NOT …` and `  --inserts   …`. */
function optionsInHelp(pgDump: string): { name: string; takesValue: boolean }[] {
  const help = execFileSync(pgDump, ['--help'], { encoding: 'utf8', env: { LC_ALL: 'C' } });
  return help.split('\n').flatMap((line) => {
    const [, short, long, value] = /^ {2}(?:(-[^-]), )?(--[a-z][a-z-]+)(=\S+)?/.exec(line) ?? [];
    const names = [short, long].filter((name) => name !== undefined);
    return names.map((name) => ({ name, takesValue: value !== undefined }));
  });
}
