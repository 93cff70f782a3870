import type { Text } from '../language.ts';

export type About = 'backup' | 'drill' | 'verify';

/** What the work on one database came to. */
export interface Outcome {
  readonly database: string;
  readonly host: string;
  readonly port: number;
  readonly status: 'SUCCESS' | 'FAILED';
  /** The one before this one had failed. */
  readonly failedBefore: boolean;
  readonly run?: string;
  readonly startedAt?: string;
  readonly durationSeconds?: number;
  readonly sizeBytes?: number;
  readonly proof?: string;
  readonly recoverySeconds?: number;
  readonly warnings?: readonly Text[];
  /** In the language of the person, and scrubbed. */
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

/** Why no backup succeeded in time, in one line. */
export interface Overdue {
  readonly database: string;
  readonly host: string;
  readonly port: number;
  readonly text: Text;
}

export type NewsKind = 'failed' | 'recovered' | 'warning' | 'succeeded';

/** What is worth a message: the outcomes of one kind, out of `total`. */
export interface News {
  readonly about: About;
  readonly kind: NewsKind;
  readonly outcomes: readonly Outcome[];
  readonly total: number;
}

/** What of the outcomes is news by NOTIFY_ON. Each outcome is told once: as the first of failure, recovery, warning and success that fits. */
export function chooseNews(about: About, outcomes: readonly Outcome[], wanted: readonly string[]): News[] {
  const kinds = outcomes.map((outcome) => kindOf(about, outcome, wanted));
  return KINDS.flatMap((kind) => {
    const told = outcomes.filter((_outcome, index) => kinds[index] === kind);
    return told.length === 0 ? [] : [{ about, kind, outcomes: told, total: outcomes.length }];
  });
}

const KINDS: readonly NewsKind[] = ['failed', 'recovered', 'warning', 'succeeded'];

function kindOf(about: About, outcome: Outcome, wanted: readonly string[]): NewsKind | undefined {
  const isWantedDrill = about === 'drill' && wanted.includes('drill');
  if (outcome.status === 'FAILED') return wanted.includes('failure') || isWantedDrill ? 'failed' : undefined;
  if (outcome.failedBefore && wanted.includes('recovery')) return 'recovered';
  if (hasWarnings(outcome) && wanted.includes('warning')) return 'warning';
  if (isWantedDrill || (about === 'backup' && wanted.includes('success'))) return 'succeeded';
  return undefined;
}

export function hasWarnings({ warnings = [] }: Outcome): boolean {
  return warnings.length > 0;
}
