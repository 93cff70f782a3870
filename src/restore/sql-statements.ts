/**
 * The statements of a script without their `;`, comments between them and lines of psql (`\restrict …`). A body of statements in
 * parentheses or `BEGIN ATOMIC … END` is not known here. Strings are read as with standard_conforming_strings.
 * @throws UnterminatedSql where the script ends inside a statement, a string, a name or a comment: nothing of it should be run then.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let begin: number | undefined;
  let end = 0;
  for (let offset = 0; offset < sql.length; ) {
    const piece = pieceAt(sql, offset);
    const isSign = piece.kind === 'sign';
    if (isSign && sql[offset] === '\\' && begin === undefined) {
      offset = endOfLine(sql, offset);
      continue;
    }
    if (isSign && sql[offset] === ';') {
      if (begin !== undefined) statements.push(sql.slice(begin, end));
      begin = undefined;
    } else if (piece.kind !== 'blank') {
      begin ??= offset;
      end = piece.end;
    }
    offset = piece.end;
  }
  if (begin !== undefined) throw new UnterminatedSql();
  return statements;
}

/** It holds nothing of the script, which may hold secrets. */
export class UnterminatedSql extends Error {
  override readonly name = 'UnterminatedSql';

  constructor() {
    super('the SQL ends before its last statement does');
  }
}

/** One piece of a statement (PostgreSQL manual, 4.1). */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'string' | 'other';
  /** A word as it is written; what a quoted name or a string stands for; of anything else its first character. */
  readonly value: string;
}

/**
 * The pieces of one statement without blanks and comments. A string with other escapes than `\\` and `\'` is `other`: pg_dumpall writes none.
 * @throws UnterminatedSql
 */
export function readTokens(statement: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (let offset = 0; offset < statement.length; ) {
    const { kind, end } = pieceAt(statement, offset);
    if (kind !== 'blank') tokens.push(tokenOf(kind, statement.slice(offset, end)));
    offset = end;
  }
  return tokens;
}

type Kind = 'blank' | 'word' | 'name' | 'string' | 'escaped' | 'dollar' | 'sign';

const BLANK = /[ \t\n\r\f\v]+|--[^\n\r]*/y;
const WORD = /[A-Za-z0-9_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;

function pieceAt(sql: string, start: number): { kind: Kind; end: number } {
  const blank = endOfMatch(BLANK, sql, start);
  if (blank !== undefined) return { kind: 'blank', end: blank };
  if (sql.startsWith('/*', start)) return { kind: 'blank', end: endOfComment(sql, start) };
  const first = sql.charAt(start);
  if (first === "'") return { kind: 'string', end: endOfQuoted(sql, start) };
  if (first === '"') return { kind: 'name', end: endOfQuoted(sql, start) };
  if (/[eE]/.test(first) && sql[start + 1] === "'") {
    return { kind: 'escaped', end: endOfQuoted(sql, start + 1, 'with backslashes') };
  }
  const tag = endOfMatch(DOLLAR_TAG, sql, start);
  if (tag !== undefined) return { kind: 'dollar', end: endOfDollarQuoted(sql, start, tag) };
  const word = endOfMatch(WORD, sql, start);
  return word === undefined ? { kind: 'sign', end: start + 1 } : { kind: 'word', end: word };
}

function tokenOf(kind: Exclude<Kind, 'blank'>, text: string): SqlToken {
  const other: SqlToken = { kind: 'other', value: text.charAt(0) };
  if (kind === 'sign') return other;
  if (kind === 'word') return { kind, value: text };
  if (kind === 'name') return { kind, value: text.slice(1, -1).replaceAll('""', '"') };
  if (kind === 'string') return { kind, value: text.slice(1, -1).replaceAll("''", "'") };
  if (kind === 'dollar') {
    const tag = text.slice(0, text.indexOf('$', 1) + 1);
    return { kind: 'string', value: text.slice(tag.length, -tag.length) };
  }
  const body = text.slice(2, -1);
  if (/\\[^\\']/.test(body.replaceAll('\\\\', ''))) return other;
  return { kind: 'string', value: body.replaceAll(/''|\\(['\\])/g, (_pair, sign = "'") => sign) };
}

function endOfMatch(pattern: RegExp, sql: string, start: number): number | undefined {
  pattern.lastIndex = start;
  return pattern.test(sql) ? pattern.lastIndex : undefined;
}

function endOfLine(sql: string, start: number): number {
  const end = sql.indexOf('\n', start);
  return end < 0 ? sql.length : end;
}

/** No pattern, because one would need a stack as deep as the string is long. */
function endOfQuoted(sql: string, opening: number, escapes?: 'with backslashes'): number {
  const quote = sql.charAt(opening);
  for (let index = opening + 1; index < sql.length; index += 1) {
    if (escapes && sql[index] === '\\') index += 1;
    else if (sql[index] === quote) {
      if (sql[index + 1] !== quote) return index + 1;
      index += 1;
    }
  }
  throw new UnterminatedSql();
}

/** Unlike in C they may stand in each other. */
function endOfComment(sql: string, start: number): number {
  let depth = 1;
  for (let index = start + 2; index < sql.length; index += 1) {
    const isOpening = sql.startsWith('/*', index);
    if (!isOpening && !sql.startsWith('*/', index)) continue;
    depth += isOpening ? 1 : -1;
    index += 1;
    if (depth === 0) return index + 1;
  }
  throw new UnterminatedSql();
}

function endOfDollarQuoted(sql: string, start: number, endOfTag: number): number {
  const tag = sql.slice(start, endOfTag);
  const closing = sql.indexOf(tag, endOfTag);
  if (closing < 0) throw new UnterminatedSql();
  return closing + tag.length;
}
