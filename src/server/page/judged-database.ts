import type { Text } from '../../language.ts';
import { isGood as isGoodState } from '../../schedule/freshness.ts';
import type { DatabaseOverview } from '../overview/database-overview.ts';
import type { Finding } from './findings.ts';
import type { BadgeTone } from './parts.tsx';

/** A database with everything that speaks against it. */
export interface JudgedDatabase {
  readonly one: DatabaseOverview;
  readonly findings: readonly Finding[];
}

/** The state in a word, in the tone of the worst that is known. */
export function stateOf({ one, findings }: JudgedDatabase): {
  readonly tone: BadgeTone;
  readonly word: Text;
} {
  const tone = findings.some((finding) => finding.tone === 'danger')
    ? 'danger'
    : (findings[0]?.tone ?? 'good');
  const { state } = one.verdict;
  if (!isGoodState(state) || tone !== 'danger') return { tone, word: STATES[state] };
  return { tone, word: TROUBLE };
}

const TROUBLE: Text = { en: 'Trouble', zh: '有问题' };
const STATES = {
  fresh: { en: 'Fresh', zh: '新鲜' },
  new: { en: 'New', zh: '新增' },
  stale: { en: 'Overdue', zh: '逾期' },
  none: { en: 'No backup', zh: '无备份' },
} as const satisfies Record<string, Text>;
