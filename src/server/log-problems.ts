import { describeError, PgBackupError } from '../errors.ts';
import type { Log } from '../logging.ts';
import type { Site } from './overview/site.ts';

const LOOK_MILLISECONDS = 1_000;

/** Logs what cannot be read when that begins and when it is over, once each, as long as the signal of the site lasts. */
export function logProblems(
  { followed, language, signal }: Site,
  log: Log,
  lookMilliseconds = LOOK_MILLISECONDS,
): void {
  let known = new Map<string, string>();
  const look = (): void => {
    const found = new Map<string, string>();
    for (const problem of followed.problems) {
      const { code, message, hint } = describeError(problem, language);
      const place = placeOf(problem) ?? message;
      // The rest of a message may be another one each time.
      const key = `${code} ${place}`;
      found.set(key, place);
      if (known.has(key)) continue;
      const stack = code === 'INTERNAL' && problem instanceof Error ? `\n${problem.stack}` : '';
      log('error', 'READING_FAILED', { code, message, hint: hint + stack });
    }
    for (const [key, place] of known) if (!found.has(key)) log('info', 'READING_AGAIN', { place });
    known = found;
  };
  const timer = setInterval(look, lookMilliseconds);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

function placeOf(problem: unknown): string | undefined {
  if (!(problem instanceof PgBackupError)) return undefined;
  const { path, object } = problem.parameters;
  return path === undefined && object === undefined ? undefined : String(path ?? object);
}
