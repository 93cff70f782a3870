import { describeError } from './errors.ts';
import type { Language } from './language.ts';
import type { Log } from './logging.ts';

/** Logs what ended a command or the work on one database, a bug with its stack; returns its exit code. */
export function logFailure(
  context: { readonly log: Log; readonly language: Language },
  error: unknown,
): number {
  const { code, exitCode, message, hint } = describeError(error, context.language);
  const stack = code === 'INTERNAL' && error instanceof Error ? `\n${error.stack}` : '';
  context.log('error', 'COMMAND_FAILED', { code, message, hint: hint + stack });
  return exitCode;
}
