import type { Given } from './given.ts';
import type { PageContext } from './page-context.ts';
import { Badge } from './parts.tsx';
import { recordWord } from './record-words.ts';
import { tellError } from './retell.ts';

/** What went wrong, on what, and what to do next. */
export function ErrorNote({ page, error }: { readonly page: PageContext; readonly error: Given }) {
  const { say, language } = page;
  const { code, stage, message, hint } = tellError(error, language);
  return (
    <section class="note note-danger" aria-label={say(TITLE)}>
      <p class="note-head">
        <Badge tone="danger">{code ?? say(TITLE)}</Badge>
        {stage !== undefined && (
          <span class="quiet">{say(AT, { stage: recordWord(page, 'stage', stage) })}</span>
        )}
      </p>
      <p class="note-message">{message}</p>
      {hint && (
        <p>
          <strong>{say(HINT)}</strong> {hint}
        </p>
      )}
    </section>
  );
}

const TITLE = { en: 'Error', zh: '错误' };
const AT = { en: 'in the stage {stage}', zh: '阶段：{stage}' };
const HINT = { en: 'What to do:', zh: '处理建议：' };
