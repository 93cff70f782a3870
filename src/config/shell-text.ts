import type { Text } from '../language.ts';

export interface ShellRemark {
  readonly line: number;
  readonly text: Text;
}

const COMMAND_SUBSTITUTION: Text = {
  en: 'command substitution is not run; put the value in single quotes if it is meant literally',
  zh: '不会执行命令替换；若是字面值请用单引号括起来',
};
const OPEN_QUOTE: Text = { en: 'a quote is opened here and never closed', zh: '此处的引号没有闭合' };
const UNQUOTED_OPERATOR: Text = {
  en: 'a shell would not read this as part of the value; quote the value',
  zh: 'shell 不会把该字符当作值的一部分；请给值加引号',
};
const DOLLAR_QUOTE: Text = {
  en: 'shells differ in how they read $\'…\' and $"…"; use plain single quotes',
  zh: '各种 shell 对 $\'…\' 与 $"…" 的读法不同；请用普通单引号',
};
const LITERAL_TILDE: Text = {
  en: 'a leading ~ is not expanded: write the whole path',
  zh: '不展开开头的 ~：请写完整路径',
};
const LITERAL_VARIABLE: Text = {
  en: 'a $variable is not expanded: it stays as it is written',
  zh: '不展开 $变量：按原样保留',
};

/** A cursor over text with the quoting of a POSIX shell (POSIX.1-2024, XCU 2.2): nothing is expanded, nothing is run. */
export class ShellText {
  readonly errors: ShellRemark[] = [];
  readonly warnings: ShellRemark[] = [];
  line = 1;
  #position = 0;
  readonly #content: string;

  readonly #endsWord: RegExp;
  readonly #operators: 'refused' | 'literal';

  constructor(content: string, operators: 'refused' | 'literal') {
    this.#content = content;
    this.#operators = operators;
    this.#endsWord = operators === 'refused' ? /[ \t\n;]/ : /[ \t\n]/;
  }

  atEnd(): boolean {
    return this.#position >= this.#content.length;
  }

  fail(line: number, text: Text): void {
    this.errors.push({ line, text });
  }

  /** Steps over what the pattern matches here; true if it moved. */
  skip(pattern: RegExp): boolean {
    const length = pattern.exec(this.#rest())?.[0].length ?? 0;
    this.#advance(length);
    return length > 0;
  }

  /** Steps over what the pattern matches here and returns its first group. */
  match(pattern: RegExp): string | undefined {
    const match = pattern.exec(this.#rest());
    this.#advance(match?.[0].length ?? 0);
    return match?.[1];
  }

  skipLine(): void {
    const end = this.#content.indexOf('\n', this.#position);
    this.#advance((end === -1 ? this.#content.length : end) - this.#position);
  }

  /** The word that starts here with its quotes removed, up to a blank, a line's end or `;`; undefined after an error. */
  word(): string | undefined {
    let value = '';
    if (this.#content[this.#position] === '~') this.warnings.push({ line: this.line, text: LITERAL_TILDE });
    for (;;) {
      const character = this.#content[this.#position];
      if (character === undefined || this.#endsWord.test(character)) return value;
      const piece =
        character === "'"
          ? this.#singleQuoted()
          : character === '"'
            ? this.#doubleQuoted()
            : this.#unquoted();
      if (piece === undefined) return undefined;
      value += piece;
    }
  }

  #singleQuoted(): string | undefined {
    const end = this.#content.indexOf("'", this.#position + 1);
    if (end === -1) {
      this.fail(this.line, OPEN_QUOTE);
      return undefined;
    }
    const text = this.#content.slice(this.#position + 1, end);
    this.#advance(text.length + 2);
    return text;
  }

  #doubleQuoted(): string | undefined {
    const openedOn = this.line;
    this.#advance(1);
    let text = '';
    for (;;) {
      const rest = this.#rest();
      if (rest === '') {
        this.fail(openedOn, OPEN_QUOTE);
        return undefined;
      }
      if (rest[0] === '"') {
        this.#advance(1);
        return text;
      }
      const escaped = /^\\([$`"\\\n])/.exec(rest);
      if (escaped) text += escaped[1] === '\n' ? '' : escaped[1];
      else if (!this.#isLiteral(rest)) return undefined;
      else text += rest[0];
      this.#advance(escaped ? 2 : 1);
    }
  }

  #unquoted(): string | undefined {
    const rest = this.#rest();
    if (rest[0] === '\\') {
      this.#advance(Math.min(2, rest.length));
      return rest[1] === '\n' ? '' : (rest[1] ?? '\\');
    }
    if (!this.#isLiteral(rest)) return undefined;
    if (/^\$['"]/.test(rest)) {
      this.fail(this.line, DOLLAR_QUOTE);
      return undefined;
    }
    if (this.#operators === 'refused' && /^[&|<>()]/.test(rest)) {
      this.fail(this.line, UNQUOTED_OPERATOR);
      return undefined;
    }
    this.#advance(1);
    return rest[0];
  }

  #isLiteral(rest: string): boolean {
    if (rest.startsWith('`') || rest.startsWith('$(')) {
      this.fail(this.line, COMMAND_SUBSTITUTION);
      return false;
    }
    if (/^\$[\w{$?!#@*-]/.test(rest)) this.warnings.push({ line: this.line, text: LITERAL_VARIABLE });
    return true;
  }

  #rest(): string {
    return this.#content.slice(this.#position);
  }

  #advance(count: number): void {
    this.line += this.#content.slice(this.#position, this.#position + count).split('\n').length - 1;
    this.#position += count;
  }
}

/** Splits a text into words as a shell does; undefined words never occur, an unclosed quote or a command substitution is in `errors`. */
export function splitWords(text: string): { words: string[]; errors: readonly ShellRemark[] } {
  const reader = new ShellText(text, 'literal');
  const words: string[] = [];
  while (!reader.atEnd()) {
    if (reader.skip(/^(?:[ \t\n]|\\\n)+/)) continue;
    const word = reader.word();
    if (word === undefined) break;
    words.push(word);
  }
  return { words, errors: reader.errors };
}
