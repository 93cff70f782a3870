import { readTokens, type SqlToken } from './sql-statements.ts';

/** A statement that is not what was expected. It holds nothing of the statement, which may hold secrets. */
export class UnexpectedSql extends Error {
  override readonly name = 'UnexpectedSql';

  constructor() {
    super('not the SQL that was expected');
  }
}

/** Reads one statement from left to right. What is not as expected throws UnexpectedSql, but for `skip…` and `optional…`. */
export class SqlReader {
  readonly #tokens: readonly SqlToken[];
  #next = 0;

  constructor(statement: string) {
    this.#tokens = readTokens(statement);
  }

  get isAtEnd(): boolean {
    return this.#next === this.#tokens.length;
  }

  /** Goes past these key words where they come next. */
  skip(...words: string[]): boolean {
    if (!this.#standsAt(this.#next, words)) return false;
    this.#next += words.length;
    return true;
  }

  /** Goes past the first place from here on where these key words stand. */
  skipPast(...words: string[]): boolean {
    const place = this.#tokens.findIndex(
      (_token, index) => index >= this.#next && this.#standsAt(index, words),
    );
    if (place < 0) return false;
    this.#next = place + words.length;
    return true;
  }

  skipSign(sign: string): boolean {
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'other' || token.value !== sign) return false;
    this.#next += 1;
    return true;
  }

  expect(...words: string[]): void {
    if (!this.skip(...words)) throw new UnexpectedSql();
  }

  expectEnd(): void {
    if (!this.isAtEnd) throw new UnexpectedSql();
  }

  /** A name with or without quotes. */
  optionalName(): string | undefined {
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'word' && token?.kind !== 'name') return undefined;
    this.#next += 1;
    return token.kind === 'name' ? token.value : foldCase(token.value);
  }

  name(): string {
    const name = this.optionalName();
    if (name === undefined) throw new UnexpectedSql();
    return name;
  }

  /** The name of a setting: one name, or several with dots between them. */
  settingName(): string {
    const parts = [this.name()];
    while (this.skipSign('.')) parts.push(this.name());
    return parts.join('.');
  }

  string(): string {
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'string') throw new UnexpectedSql();
    this.#next += 1;
    return token.value;
  }

  integer(): number {
    const isNegative = this.skipSign('-');
    const value = Number(this.name());
    if (!Number.isInteger(value)) throw new UnexpectedSql();
    return isNegative ? -value : value;
  }

  /** All that comes before the first string, quoted name or sign. */
  leadingWords(): string {
    const end = this.#tokens.findIndex(({ kind }) => kind !== 'word');
    const words = end < 0 ? this.#tokens : this.#tokens.slice(0, end);
    return words.map(({ value }) => value).join(' ');
  }

  #standsAt(place: number, words: readonly string[]): boolean {
    return words.every((word, index) => {
      const token = this.#tokens[place + index];
      return token?.kind === 'word' && token.value.toUpperCase() === word;
    });
  }
}

/** As the server does with names that have no quotes, but for single-byte encodings. */
function foldCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
