import { ERRORS, type ErrorCode, type ErrorKind } from './error-table.ts';
import { STOP_SIGNALS, type StopSignal } from './exit-codes.ts';
import { type Language, render, type TextParameters } from './language.ts';

/** A failure with a code from the table above; everything else that is thrown is a bug. */
export class PgBackupError extends Error {
  override readonly name = 'PgBackupError';
  readonly code: ErrorCode;
  readonly parameters: TextParameters;

  constructor(code: ErrorCode, parameters: TextParameters = {}, cause?: unknown) {
    super(render(ERRORS[code].message, 'en', parameters), { cause });
    this.code = code;
    this.parameters = parameters;
  }
}

export interface ErrorDescription {
  readonly code: ErrorCode;
  readonly exitCode: number;
  readonly message: string;
  readonly hint: string;
}

/** What to tell a person about anything that was thrown. */
export function describeError(error: unknown, language: Language): ErrorDescription {
  const known =
    error instanceof PgBackupError
      ? error
      : new PgBackupError('INTERNAL', { detail: error instanceof Error ? error.message : String(error) });
  const kind: ErrorKind = ERRORS[known.code];
  return {
    code: known.code,
    exitCode: STOP_SIGNALS[known.parameters['signal'] as StopSignal] ?? kind.exitCode,
    message: render(kind.message, language, known.parameters),
    hint: render(kind.hint, language, known.parameters),
  };
}
