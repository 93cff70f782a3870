import type { Proof } from '../../report/record.ts';
import type { IndexedRun } from '../run-index/run-index.ts';
import { isGood } from '../run-index/views.ts';
import type { PageContext } from './page-context.ts';
import { Badge, type BadgeTone } from './parts.tsx';
import { PROOF_WORDS, STATUS_WORDS } from './words.ts';

interface RunProps {
  readonly page: PageContext;
  readonly run: IndexedRun;
}

/** How a run ended, or that it was made good later. */
export function StatusBadge({ page, run }: RunProps) {
  if (!isGood(run)) return <Badge tone="danger">{page.say(STATUS_WORDS.failed)}</Badge>;
  const endedGood = run.record === undefined || run.record.status === 'SUCCESS';
  return <Badge tone="good">{page.say(endedGood ? STATUS_WORDS.good : STATUS_WORDS.late)}</Badge>;
}

/** How far it is proven; nothing for a run that the old script made, which nobody knows of. */
export function ProofBadge({ page, run }: RunProps) {
  const proof = run.record?.proof;
  if (proof === undefined) return <Badge tone="plain">{page.say(NOT_KNOWN)}</Badge>;
  return <Badge tone={PROOF_TONES[proof]}>{page.say(PROOF_WORDS[proof] ?? NOT_KNOWN)}</Badge>;
}

const PROOF_TONES: Readonly<Record<Proof, BadgeTone>> = {
  none: 'plain',
  read: 'done',
  stored: 'done',
  restored: 'good',
};
const NOT_KNOWN = { en: 'not known', zh: '未知' };
