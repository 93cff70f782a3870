import { describeError } from '../errors.ts';
import { type Language, render, type Text } from '../language.ts';
import type { Copies } from './copies.ts';
import type { CheckResult } from './verify-result.ts';

const NAMED_FOREIGN = 20;

/** True where a copy is not as it was. */
function isDamaged({ findings }: CheckResult): boolean {
  return findings.some(({ kind }) => kind === 'fault');
}

/** All that was found about a run, in one word. */
export function verdictOf(results: readonly CheckResult[]): 'ok' | 'damaged' | 'unchecked' {
  if (results.some(isDamaged)) return 'damaged';
  const isChecked = results.some(({ findings }) => findings.some(({ kind }) => kind === 'proof'));
  const isCut = results.some(({ failure, gap }) => failure || gap);
  return isChecked && !isCut ? 'ok' : 'unchecked';
}

/** One line that says of a run what is proven, what is not, and why. */
export function describeVerdict(
  run: string,
  places: { readonly local: CheckResult; readonly remote: CheckResult | undefined },
  language: Language,
): string {
  const results = [places.local, ...(places.remote ? [places.remote] : [])];
  const verdict = VERDICTS[verdictOf(results)];
  const details = [describePlace(PLACES.local, places.local, language)];
  if (places.remote) details.push(describePlace(PLACES.remote, places.remote, language));
  return `${render(verdict, language)}  ${run}  ${details.join('; ')}\n`;
}

/** What lies beside our copies and is not ours, as a notice; empty where there is nothing. */
export function describeForeign(copies: Copies, language: Language): string {
  return [
    ...describeNames(FOREIGN_FILES, copies.foreignFiles, language),
    ...describeNames(FOREIGN_OBJECTS, copies.foreignObjects, language),
  ].join('');
}

function describePlace(place: Text, { findings, failure }: CheckResult, language: Language): string {
  const said = findings.map(({ text, parameters }) => render(text, language, parameters));
  if (failure) said.push(describeError(failure, language).message);
  return `${render(place, language)}: ${said.join(', ')}`;
}

function describeNames(text: Text, names: readonly string[], language: Language): string[] {
  if (names.length === 0) return [];
  const more = names.length > NAMED_FOREIGN ? ` (+${names.length - NAMED_FOREIGN})` : '';
  const shown = names.slice(0, NAMED_FOREIGN).map(printable).join(', ') + more;
  return [`${render(text, language, { count: names.length, names: shown })}\n`];
}

/** Others chose these names: nothing in them may steer a terminal. */
function printable(name: string): string {
  return name.replaceAll(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

const VERDICTS = {
  ok: { en: 'ok       ', zh: '完好  ' },
  damaged: { en: 'damaged  ', zh: '损坏  ' },
  unchecked: { en: 'unchecked', zh: '未检查' },
} as const satisfies Record<string, Text>;
const PLACES = {
  local: { en: 'local', zh: '本地' },
  remote: { en: 'remote', zh: '远端' },
} as const satisfies Record<string, Text>;
const FOREIGN_FILES: Text = {
  en: 'Not ours, below data/ ({count}): {names}',
  zh: 'data/ 下不属于本程序的文件（{count}）：{names}',
};
const FOREIGN_OBJECTS: Text = {
  en: 'Not ours, in the store ({count}): {names}',
  zh: '远端不属于本程序的对象（{count}）：{names}',
};
