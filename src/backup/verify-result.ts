import type { PgBackupError } from '../errors.ts';
import type { Text, TextParameters } from '../language.ts';

/** `proof`: what was compared and is as it should be. `note`: why something was not compared, which is no fault of the copy. */
export type FindingKind = 'proof' | 'fault' | 'note';

export interface Finding {
  readonly kind: FindingKind;
  readonly text: Text;
  readonly parameters: TextParameters;
}

/** What was found about the copy of a run in one place. */
export interface CheckResult {
  readonly findings: readonly Finding[];
  /** What kept the check from its end; says nothing about the copy. */
  readonly failure?: PgBackupError;
  /** Why a copy that was asked for cannot be compared at all, so that the run is not ok: it is not sent yet, or nothing here knows it. */
  readonly gap?: 'waits' | 'unknown';
}

export function proof(text: Text, parameters: TextParameters = {}): Finding {
  return { kind: 'proof', text, parameters };
}

export function fault(text: Text, parameters: TextParameters = {}): Finding {
  return { kind: 'fault', text, parameters };
}

export function note(text: Text, parameters: TextParameters = {}): Finding {
  return { kind: 'note', text, parameters };
}
