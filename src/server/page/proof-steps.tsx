import type { IndexedRun } from '../run-index/run-index.ts';
import type { PageContext } from './page-context.ts';
import { Section, Sign } from './parts.tsx';

const STEPS = ['read', 'stored', 'restored'] as const;

/** How far the backup is proven: each step includes those before. */
export function ProofSteps({ page, run }: { readonly page: PageContext; readonly run: IndexedRun }) {
  const { say } = page;
  const reached = ORDER.indexOf(run.record?.proof ?? '');
  // What is kept here alone is restored from here.
  const isSkipped = (step: (typeof STEPS)[number]): boolean => step === 'stored' && run.record?.copies === 0;
  return (
    <Section id="proof" title={say(TITLE)}>
      <ol class="steps">
        {STEPS.map((step, index) => {
          const isDone = index <= reached && !isSkipped(step);
          return (
            <li class={isDone ? 'step step-done' : 'step'}>
              <Sign tone={isDone ? 'good' : 'plain'} />
              <div>
                <strong>{say(TEXTS[step].name)}</strong>{' '}
                <span class="step-state">{say(isDone ? DONE : isSkipped(step) ? NO_COPY : NOT_YET)}</span>
                <p class="quiet">{say(TEXTS[step].what)}</p>
              </div>
            </li>
          );
        })}
      </ol>
    </Section>
  );
}

const ORDER: readonly string[] = STEPS;
const TITLE = { en: 'Proof', zh: '验证程度' };
const DONE = { en: 'proven', zh: '已验证' };
const NOT_YET = { en: 'not yet', zh: '尚未' };
const NO_COPY = { en: 'no copy elsewhere', zh: '无异地副本' };
const TEXTS = {
  read: {
    name: { en: 'Read back', zh: '读回' },
    what: { en: 'The whole archive, read after it was written.', zh: '写入后完整读取整个归档。' },
  },
  stored: {
    name: { en: 'Stored elsewhere', zh: '异地存储' },
    what: {
      en: 'Size and checksum of the copy, compared with the file here.',
      zh: '比对远端副本与本地文件的大小及校验和。',
    },
  },
  restored: {
    name: { en: 'Restored', zh: '恢复' },
    what: {
      en: 'A drill restores it, and finds what the fingerprint tells.',
      zh: '演练将其恢复，并与指纹比对。',
    },
  },
};
