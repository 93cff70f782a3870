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

/** Whether the same thing may go well in some minutes, with nobody having mended anything. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof PgBackupError)) return false;
  const kind: ErrorKind = ERRORS[error.code];
  return kind.mayPass === true;
}

/** What to tell a person about anything that was thrown. */
export function describeError(error: unknown, language: Language): ErrorDescription {
  const known =
    error instanceof PgBackupError
      ? error
      : new PgBackupError('INTERNAL', { detail: error instanceof Error ? error.message : String(error) });
  const kind: ErrorKind = ERRORS[known.code];
  // Where one error stands for several, it has theirs.
  const { signal, exitCode } = known.parameters;
  return {
    code: known.code,
    exitCode: STOP_SIGNALS[signal as StopSignal] ?? (typeof exitCode === 'number' ? exitCode : kind.exitCode),
    message: render(kind.message, language, known.parameters),
    hint: render(kind.hint, language, known.parameters),
  };
}
