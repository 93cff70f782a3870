import { type Language, render, type Text } from './language.ts';

/** What was looked at, how it is, and what mends it. */
export interface Check {
  /** Stable, for machines: `client`, `rights`, … */
  readonly id: string;
  /** `warning`: it works, and should be mended all the same. */
  readonly state: 'good' | 'warning' | 'bad';
  readonly text: Text;
  /** The exact command, or what to set. */
  readonly remedy?: Text | string;
}

/** One line for a person, with the remedy below it. */
export function describeCheck({ state, text, remedy }: Check, language: Language): string {
  return `${SIGNS[state]} ${render(text, language)}\n${remedy === undefined ? '' : `    ${remedyText(remedy, language)}\n`}`;
}

export function remedyText(remedy: Text | string, language: Language): string {
  return typeof remedy === 'string' ? remedy : render(remedy, language);
}

const SIGNS: Readonly<Record<Check['state'], string>> = { good: '✓', warning: '!', bad: '✗' };
