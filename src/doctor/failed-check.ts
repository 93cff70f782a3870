import type { Check } from '../check.ts';
import { describeError, PgBackupError } from '../errors.ts';
import type { Text } from '../language.ts';
import { QueryFailed } from '../postgres/session.ts';

/** What is wrong according to an error that says what mends it. */
export function failedCheck(id: string, error: PgBackupError, state: 'bad' | 'warning' = 'bad'): Check {
  const [en, zh] = [describeError(error, 'en'), describeError(error, 'zh')];
  const remedy = en.hint === '' ? {} : { remedy: { en: en.hint, zh: zh.hint } };
  return { id, state, text: { en: en.message, zh: zh.message }, ...remedy };
}

/**
 * What `look` finds; where it fails, that is what was found. A check that is not made because the person has no patience is none.
 * @throws whatever is no failure of a check: a bug, or the reason of `signal`
 */
export async function tryCheck(
  id: string,
  signal: AbortSignal,
  look: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await look();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PgBackupError) return [failedCheck(id, error)];
    if (error instanceof QueryFailed) return [{ id, state: 'bad', text: refused(error) }];
    throw error;
  }
}

function refused({ sqlState, message }: QueryFailed): Text {
  return {
    en: `the server refused the question: ${message} (${sqlState})`,
    zh: `服务器拒绝了查询：${message}（${sqlState}）`,
  };
}
