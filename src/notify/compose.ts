import prettyBytes from 'pretty-bytes';
import { type Language, render, type Text, type TextParameters } from '../language.ts';
import { type Scrub, scrubValue } from '../scrub.ts';
import { humanDuration } from './figures.ts';
import { cutToFit } from './fit.ts';
import type { Line, Message } from './message.ts';
import { oneLine } from './one-line.ts';
import { hasWarnings, type News, type Outcome, type Overdue } from './rules.ts';
import {
  ENDED,
  HELD_BACK,
  LABELS,
  MORE_NAMES,
  OF_TARGET,
  ON_SERVER,
  OVERDUE_TITLES,
  PROOFS,
  STARTED,
  TITLES,
  type TitleTexts,
} from './words.ts';

/** What every message of one sender has in common. */
export interface Sender {
  readonly language: Language;
  readonly scrub: Scrub;
  readonly hostname: string;
  readonly target: string | undefined;
}

const NAMED = 10;
const TITLE_CHARACTERS = 200;
const VALUE_CHARACTERS = 2000;

const TONES = { failed: 'bad', recovered: 'good', warning: 'warning', succeeded: 'good' } as const;

/** The message about one kind of news; `heldBack`: how often the same was not told since the last time. */
export function composeNews(sender: Sender, sentAt: Date, news: News, heldBack: number): Message {
  const { about, kind, outcomes, total } = news;
  const tone = TONES[kind];
  return compose(sender, sentAt, {
    type: `${about}.${kind}`,
    tone: tone === 'good' && outcomes.some(hasWarnings) ? 'warning' : tone,
    title: titleOf(sender, TITLES[about][kind], outcomes, total),
    sections: outcomes.map((outcome) => linesOf(sender, outcome)),
    heldBack,
    data: { total, outcomes: outcomes.map((outcome) => outcomeData(outcome, sender.language)) },
  });
}

/** The message that backups are overdue. */
export function composeOverdue(
  sender: Sender,
  sentAt: Date,
  overdue: readonly Overdue[],
  heldBack: number,
): Message {
  const rows = overdue.map(({ text, ...rest }) => ({ ...rest, text: render(text, sender.language) }));
  return compose(sender, sentAt, {
    type: 'backup.stale',
    tone: 'bad',
    title: titleOf(sender, OVERDUE_TITLES, overdue, overdue.length),
    sections: rows.map((row) => [...serverLines(sender, row), line(sender, 'overdue', row.text)]),
    heldBack,
    data: { overdue: rows },
  });
}

/** What goes along with a ping: how the work stands, for whoever looks at the check. */
export function composePing(
  sender: Sender,
  sentAt: Date,
  event: 'start' | 'success' | 'fail',
  outcomes: readonly Outcome[],
): Message {
  return compose(sender, sentAt, {
    type: `ping.${event}`,
    tone: event === 'fail' ? 'bad' : 'good',
    title: inLanguage(sender, event === 'start' ? STARTED : ENDED[event]),
    sections: outcomes.map((outcome) => linesOf(sender, outcome)),
    heldBack: 0,
    data: {},
  });
}

interface Parts extends Pick<Message, 'type' | 'tone' | 'title' | 'sections' | 'data'> {
  readonly heldBack: number;
}

function compose(sender: Sender, sentAt: Date, { title, sections, heldBack, data, ...rest }: Parts): Message {
  const { language, hostname, target, scrub } = sender;
  const isCounted = heldBack > 0;
  return {
    ...rest,
    language,
    sentAt,
    title: cutToFit(scrub(oneLine(withTarget(sender, title))), TITLE_CHARACTERS, (text) => text.length),
    sections: sections.slice(0, NAMED),
    unnamed: Math.max(0, sections.length - NAMED),
    lines: [
      ...(target === undefined ? [] : [line(sender, 'target', target)]),
      ...(isCounted ? [line(sender, 'heldBack', inLanguage(sender, HELD_BACK, { count: heldBack }))] : []),
      line(sender, 'sentBy', `pg-backup-sidecar @ ${hostname}`),
    ],
    data: scrubValue({ target: target ?? null, hostname, heldBack, ...data }, scrub) as Message['data'],
  };
}

function withTarget(sender: Sender, title: string): string {
  return sender.target === undefined
    ? title
    : inLanguage(sender, OF_TARGET, { target: sender.target, title });
}

function titleOf(
  sender: Sender,
  texts: TitleTexts,
  subjects: readonly { database: string; host: string; port: number }[],
  total: number,
): string {
  const [first] = subjects;
  if (total === 1 && first !== undefined) {
    const { database, host, port } = first;
    return inLanguage(sender, texts.one, { names: inLanguage(sender, ON_SERVER, { database, host, port }) });
  }
  const names = subjects
    .slice(0, NAMED)
    .map(({ database }) => database)
    .join(', ');
  const rest = subjects.length - NAMED;
  const said = rest > 0 ? inLanguage(sender, MORE_NAMES, { names, count: rest }) : names;
  return inLanguage(sender, texts.many, { names: said, count: subjects.length, total });
}

function linesOf(sender: Sender, outcome: Outcome): Line[] {
  const { language } = sender;
  const {
    run,
    startedAt,
    sizeBytes,
    durationSeconds,
    proof,
    recoverySeconds,
    error,
    warnings = [],
  } = outcome;
  const optional: (readonly [keyof typeof LABELS, string | undefined])[] = [
    ['run', run],
    ['startedAt', startedAt],
    ['size', sizeBytes === undefined ? undefined : prettyBytes(sizeBytes)],
    ['duration', durationSeconds === undefined ? undefined : humanDuration(durationSeconds, language)],
    ['proof', proof === undefined ? undefined : proofOf(proof, language)],
    ['recovery', recoverySeconds === undefined ? undefined : humanDuration(recoverySeconds, language)],
    ['error', error === undefined ? undefined : `[${error.code}] ${error.message}`],
    ['hint', error?.hint],
    ...warnings.map((warning) => ['warning', render(warning, language)] as const),
  ];
  return [
    ...serverLines(sender, outcome),
    ...optional.flatMap(([label, value]) => (value ? [line(sender, label, value)] : [])),
  ];
}

function serverLines(
  sender: Sender,
  { database, host, port }: { database: string; host: string; port: number },
): Line[] {
  return [line(sender, 'database', database), line(sender, 'server', `${host}:${port}`)];
}

function line(sender: Sender, label: keyof typeof LABELS, value: string): Line {
  // Scrubbed before it is put on one line, which could take a secret with blanks out of its known form, and before it is cut.
  const clean = oneLine(sender.scrub(value));
  return {
    label: inLanguage(sender, LABELS[label]),
    value: cutToFit(clean, VALUE_CHARACTERS, (text) => text.length),
  };
}

function outcomeData({ warnings = [], ...outcome }: Outcome, language: Language): object {
  return { ...outcome, warnings: warnings.map((warning) => render(warning, language)) };
}

function proofOf(proof: string, language: Language): string {
  const text = PROOFS[proof];
  return text === undefined ? proof : render(text, language);
}

function inLanguage({ language }: Sender, text: Text, parameters: TextParameters = {}): string {
  return render(text, language, parameters);
}
