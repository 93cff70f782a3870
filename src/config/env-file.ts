import type { Text } from '../language.ts';
import { type ShellRemark, ShellText } from './shell-text.ts';

export interface EnvAssignment {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

export interface EnvFile {
  readonly assignments: readonly EnvAssignment[];
  readonly errors: readonly ShellRemark[];
  readonly warnings: readonly ShellRemark[];
}

/**
 * Reads `KEY=value` lines as a POSIX shell reads plain assignments (POSIX.1-2024, XCU 2.2 Quoting), without any expansion.
 * Never throws: what a shell would run or expand is listed in `errors`, what stays literal although it looks like an expansion in `warnings`.
 */
export function parseEnvFile(content: string): EnvFile {
  const reader = new ShellText(content.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'), 'refused');
  const assignments: EnvAssignment[] = [];
  while (!reader.atEnd()) {
    if (reader.skip(BETWEEN_ASSIGNMENTS)) continue;
    const line = reader.line;
    const name = reader.match(ASSIGNED_NAME);
    if (name === undefined) {
      if (!reader.errors.some((error) => error.line === line)) reader.fail(line, NOT_AN_ASSIGNMENT);
      reader.skipLine();
      continue;
    }
    const value = reader.word();
    if (value === undefined) reader.skipLine();
    else assignments.push({ name, value, line });
  }
  return { assignments, errors: reader.errors, warnings: reader.warnings };
}

/** White space, continued lines, separators, comments, and `export` with the names that it only marks. */
const BETWEEN_ASSIGNMENTS =
  /^(?:[ \t\n;]+|\\\n|#[^\n]*|export(?:[ \t]+[A-Za-z_]\w*(?![\w=]))+|export[ \t]+(?=[A-Za-z_]))/;
const ASSIGNED_NAME = /^([A-Za-z_][A-Za-z0-9_]*)=/;

const NOT_AN_ASSIGNMENT: Text = {
  en: 'expected KEY=value (only plain assignments are read, nothing is run)',
  zh: '应为 KEY=value（只读取普通赋值，不执行任何命令）',
};
