import { remedyText } from '../check.ts';
import { type Language, render, type Text } from '../language.ts';
import { utcSecond } from '../report/report.ts';

/** The chapters of the operations handbook that ask for something. */
export type Chapter = 'go-live' | 'daily' | 'faults' | 'security' | 'change';

/** `open`: not seen, or seen to be wrong. */
export type ItemState = 'done' | 'open' | 'not-applicable';

/** One line of the checklist. */
export interface Item {
  /** Stable, for machines: `backup`, `drill`, … */
  readonly id: string;
  readonly chapter: Chapter;
  readonly title: Text;
  readonly state: ItemState;
  /** What was seen, or why it does not apply. */
  readonly observed: Text;
  /** When that was so: of a run or a drill its end, of everything else now. */
  readonly observedAt?: Date;
  /** Only of open items: the exact commands, or what to set. */
  readonly remedies?: readonly (Text | string)[];
}

/** One line for a person: the box, what it is about, what was seen and when; what mends it stands below. */
export function describeItem(item: Item, language: Language): string {
  const { state, title, observed, observedAt, remedies = [] } = item;
  const when = observedAt === undefined ? '' : ` [${utcSecond(observedAt)}]`;
  const line = `${BOXES[state]} ${render(title, language)}${render(COLON, language)}${render(observed, language)}${when}\n`;
  return line + remedies.map((remedy) => `    ${remedyText(remedy, language)}\n`).join('');
}

const BOXES: Readonly<Record<ItemState, string>> = {
  done: '[x]',
  open: '[ ]',
  'not-applicable': '[-]',
};
const COLON: Text = { en: ': ', zh: '：' };
