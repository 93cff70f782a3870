import { ERRORS, type ErrorCode } from '../../error-table.ts';
import { type Language, render, type Text } from '../../language.ts';
import { type Given, textIn } from './given.ts';

export interface ToldError {
  readonly code: string | undefined;
  readonly stage: string | undefined;
  readonly message: string;
  readonly hint: string | undefined;
}

/** A longer text is not searched for its parameters. */
const LONGEST_TEXT = 4096;

/** An error as it was written down, in the language of whoever reads it now, as far as its code is known here. */
export function tellError(error: Given, language: Language): ToldError {
  const code = textIn(error['code']);
  const message = textIn(error['message']) ?? '';
  const hint = textIn(error['hint']);
  const stage = textIn(error['stage']) ?? textIn(error['phase']);
  if (code === undefined || !Object.hasOwn(ERRORS, code)) return { code, stage, message, hint };
  const kind = ERRORS[code as ErrorCode];
  return {
    code,
    stage,
    message: retell(message, kind.message, language) ?? message,
    hint: hint === undefined ? plain(kind.hint, language) : (retell(hint, kind.hint, language) ?? hint),
  };
}

/** Finds the parameters in a text that was made from this one in either language; undefined where it was not. */
function retell(written: string, text: Text, language: Language): string | undefined {
  if (written === '') return plain(text, language);
  if (written.length > LONGEST_TEXT) return undefined;
  for (const source of [text.en, text.zh]) {
    const found = parametersIn(written, source);
    if (found) return render(text, language, found);
  }
  return undefined;
}

/** What needs no parameter. */
function plain(text: Text, language: Language): string | undefined {
  return text[language].includes('{') ? undefined : text[language];
}

function parametersIn(written: string, source: string): Record<string, string> | undefined {
  const parts = source.split(/\{(\w+)\}/);
  const found: Record<string, string> = {};
  let rest = written;
  for (let index = 0; index < parts.length; index += 2) {
    const fixed = parts[index] ?? '';
    const isLast = index === parts.length - 1;
    const at =
      index === 0 ? (rest.startsWith(fixed) ? 0 : -1) : isLast ? lastPlace(rest, fixed) : rest.indexOf(fixed);
    if (at < 0) return undefined;
    const name = parts[index - 1];
    if (name !== undefined) found[name] = rest.slice(0, at);
    rest = rest.slice(at + fixed.length);
  }
  return rest === '' ? found : undefined;
}

function lastPlace(text: string, end: string): number {
  return text.endsWith(end) ? text.length - end.length : -1;
}
