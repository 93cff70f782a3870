import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { quoteIdentifier, quoteLiteral } from '../../src/postgres/identifier.ts';
import { readTokens, splitStatements, UnterminatedSql } from '../../src/restore/sql-statements.ts';

describe('splitting a script', () => {
  const examples: readonly (readonly [name: string, sql: string, statements: readonly string[]])[] = [
    ['nothing', '', []],
    ['blanks and comments', ' \n-- a; b\n/* c; */\n;;', []],
    ['two statements on a line', 'SELECT 1;SELECT 2;', ['SELECT 1', 'SELECT 2']],
    ['a semicolon in a string', "SELECT 'a;''b;';", ["SELECT 'a;''b;'"]],
    ['a backslash at the end of a string', "SELECT 'a\\'; SELECT 2;", ["SELECT 'a\\'", 'SELECT 2']],
    [
      'a backslash in an escape string',
      "SELECT E'a\\';b\\\\'; SELECT 2;",
      ["SELECT E'a\\';b\\\\'", 'SELECT 2'],
    ],
    ['an E that ends a word', "SELECT nameE'a\\'; SELECT 2;", ["SELECT nameE'a\\'", 'SELECT 2']],
    ['a semicolon in a name', 'DROP ROLE "a;""b;";', ['DROP ROLE "a;""b;"']],
    ['a quote in a comment', "SELECT 1 -- it's;\n + 2; SELECT 3;", ["SELECT 1 -- it's;\n + 2", 'SELECT 3']],
    [
      'comments in comments',
      'SELECT /* a /* b; */ c; */ 1; SELECT 2;',
      ['SELECT /* a /* b; */ c; */ 1', 'SELECT 2'],
    ],
    ['comments around a statement', '-- a\nSELECT 1 -- b\n; -- c\n', ['SELECT 1']],
    ['dollar quotes', 'DO $$a;$b$;$$; DO $b$;$$;$b$;', ['DO $$a;$b$;$$', 'DO $b$;$$;$b$']],
    ['dollars in words and parameters', 'SELECT a$$, $1; SELECT $2;', ['SELECT a$$, $1', 'SELECT $2']],
    ['lines of psql', "\\restrict a'b;\nSELECT 1;\n\\unrestrict a'b;\n", ['SELECT 1']],
    ['a backslash within a statement', 'SELECT 1 \\g;', ['SELECT 1 \\g']],
    ['a blank of Unicode', 'SELECT 1 AS \u00a0;', ['SELECT 1 AS \u00a0']],
  ];
  for (const [name, sql, statements] of examples) {
    test(name, () => assert.deepEqual(splitStatements(sql), statements));
  }

  for (const sql of [
    'SELECT 1',
    "SELECT 'a;",
    "SELECT E'a\\';",
    'DROP ROLE "a;',
    '/* a /* b */;',
    'DO $a$;$b$;',
  ]) {
    test(`refuses what ends too early: ${sql}`, () => {
      assert.throws(() => splitStatements(`SELECT 0; ${sql}`), UnterminatedSql);
    });
  }

  test('a long string needs no deep stack', () => {
    const statement = `SELECT ${quoteLiteral("''\\".repeat(300_000))}`;
    assert.equal(splitStatements(`${statement};`)[0]?.length, statement.length);
  });

  test('finds the statements that a script was made of', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(between, statement)), between, (parts, last) => {
        const sql = parts.map(([before, text]) => `${before}${text};`).join('') + last;
        assert.deepEqual(
          splitStatements(sql),
          parts.map(([, text]) => text),
        );
      }),
    );
  });

  test('finds of a script that was cut only whole statements, or refuses it', () => {
    fc.assert(
      fc.property(
        fc.array(statement, { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, share) => {
          const sql = all.map((text) => `${text};\n`).join('');
          const cut = sql.slice(0, Math.floor(share * sql.length));
          try {
            const found = splitStatements(cut);
            assert.deepEqual(found, all.slice(0, found.length));
          } catch (error) {
            assert.ok(error instanceof UnterminatedSql);
          }
        },
      ),
    );
  });
});

describe('the pieces of a statement', () => {
  test('are words, names, strings and others', () => {
    assert.deepEqual(
      readTokens(`ALTER role "a""b" /* c */ SET d.e TO 'f''g', E'h\\\\i\\'''j' -- k\n = $l$m'$l$ \\`),
      [
        { kind: 'word', value: 'ALTER' },
        { kind: 'word', value: 'role' },
        { kind: 'name', value: 'a"b' },
        { kind: 'word', value: 'SET' },
        { kind: 'word', value: 'd' },
        { kind: 'other', value: '.' },
        { kind: 'word', value: 'e' },
        { kind: 'word', value: 'TO' },
        { kind: 'string', value: "f'g" },
        { kind: 'other', value: ',' },
        { kind: 'string', value: "h\\i''j" },
        { kind: 'other', value: '=' },
        { kind: 'string', value: "m'" },
        { kind: 'other', value: '\\' },
      ],
    );
  });

  for (const literal of ["E'a\\nb'", "E'\\\\\\x41'", "E'\\u0041'"]) {
    test(`a string is not guessed: ${literal}`, () => {
      assert.deepEqual(readTokens(literal), [{ kind: 'other', value: 'E' }]);
    });
  }

  test('stand for what was quoted', () => {
    fc.assert(
      fc.property(anyText, anyText, (name, value) => {
        assert.deepEqual(readTokens(`${quoteIdentifier(name)} ${quoteLiteral(value)}`), [
          { kind: 'name', value: name },
          { kind: 'string', value },
        ]);
      }),
    );
  });
});

/** With all that has a meaning more often than by chance. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom("'", '"', '\\', ';', '$', '-', '/', '*', '\n', 'E', ' '),
    fc.string({ unit: 'binary', maxLength: 1 }),
  ),
});

const comment = fc.oneof(
  anyText.map((text) => `--${text.replaceAll(/[\n\r]/g, '')}\n`),
  anyText.map((text) => `/*${text.replaceAll(/[*/]/g, '')}/* ; */*/`),
);

const piece = fc.oneof(
  fc.constantFrom('SELECT', 'größe', 'a$b', '1.5', '(', ',', '$1', '=', '::'),
  anyText.map(quoteIdentifier),
  anyText.map(quoteLiteral),
  anyText.map((text) => `'${text.replaceAll("'", "''")}'`),
  anyText.map((text) => `$tag$${text.replaceAll('$', '')}$tag$`),
);

const statement = fc
  .tuple(piece, fc.array(fc.tuple(fc.oneof(fc.constantFrom(' ', '\n'), comment), piece)))
  .map(([first, rest]) => first + rest.map(([blank, text]) => ` ${blank} ${text}`).join(''));

/** What may stand between two statements. */
const between = fc
  .array(fc.oneof(fc.constantFrom(' ', '\n', ';', "\n\\restrict it's\n"), comment))
  .map((parts) => parts.join(' '));
