import type { Language } from '../language.ts';

export interface Line {
  /** Ours, in the language of the message. */
  readonly label: string;
  /** From outside: one line, scrubbed, and otherwise as it came. */
  readonly value: string;
}

/** What is told, before a channel puts it into its own form. */
export interface Message {
  /** Stable, for machines: `backup.failed`, … */
  readonly type: string;
  readonly tone: 'good' | 'warning' | 'bad';
  readonly language: Language;
  readonly sentAt: Date;
  readonly title: string;
  /** One for each database that is named. */
  readonly sections: readonly (readonly Line[])[];
  /** How many more databases it is about. */
  readonly unnamed: number;
  /** About the message as a whole. */
  readonly lines: readonly Line[];
  /** The same for machines. */
  readonly data: Readonly<Record<string, unknown>>;
}
