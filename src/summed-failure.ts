import { describeError, PgBackupError } from './errors.ts';

export interface NamedFailure {
  /** Of the database, the target or the run. */
  readonly name: string;
  readonly error: unknown;
}

const NAMED = 10;

/** One error for several that were logged already, with their exit code where they agree. */
export function summedFailure(failures: readonly NamedFailure[], total: number): PgBackupError {
  const described = failures.map(({ name, error }) => ({ name, ...describeError(error, 'en') }));
  const named = described.slice(0, NAMED).map(({ name, code }) => `${name} (${code})`);
  const more = failures.length > NAMED ? ` (+${failures.length - NAMED})` : '';
  const exitCodes = new Set(described.map(({ exitCode }) => exitCode));
  const [exitCode] = exitCodes;
  return new PgBackupError('SOME_FAILED', {
    count: failures.length,
    total,
    failures: named.join(', ') + more,
    ...(exitCodes.size === 1 && exitCode !== undefined ? { exitCode } : {}),
  });
}
