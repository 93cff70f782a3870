import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type About, chooseNews, type Outcome } from '../../src/notify/rules.ts';
import { failed, succeeded, WARNING } from './outcomes.ts';

const OUTCOMES: readonly Outcome[] = [
  failed({ database: 'failed' }),
  failed({ database: 'failed again', failedBefore: true }),
  succeeded({ database: 'good' }),
  succeeded({ database: 'recovered', failedBefore: true }),
  succeeded({ database: 'odd', warnings: [WARNING] }),
  succeeded({ database: 'recovered, odd', failedBefore: true, warnings: [WARNING] }),
];
const FAILURES = ['failed', 'failed again'];
const RECOVERIES = ['recovered', 'recovered, odd'];

for (const [about, wanted, expected] of [
  ['backup', 'failure', { failed: FAILURES }],
  ['backup', 'recovery', { recovered: RECOVERIES }],
  ['backup', 'warning', { warning: ['odd', 'recovered, odd'] }],
  ['backup', 'success', { succeeded: ['good', 'recovered', 'odd', 'recovered, odd'] }],
  ['backup', 'stale drill', {}],
  [
    'backup',
    'failure recovery warning success',
    { failed: FAILURES, recovered: RECOVERIES, warning: ['odd'], succeeded: ['good'] },
  ],
  ['drill', 'failure', { failed: FAILURES }],
  ['drill', 'success', {}],
  ['drill', 'drill', { failed: FAILURES, succeeded: ['good', 'recovered', 'odd', 'recovered, odd'] }],
  [
    'drill',
    'failure recovery warning drill',
    { failed: FAILURES, recovered: RECOVERIES, warning: ['odd'], succeeded: ['good'] },
  ],
  ['verify', 'success drill', {}],
  ['verify', 'failure recovery', { failed: FAILURES, recovered: RECOVERIES }],
] as const satisfies readonly (readonly [About, string, object])[]) {
  test(`of a ${about}, NOTIFY_ON=${wanted} tells each outcome once`, () => {
    const news = chooseNews(about, OUTCOMES, wanted.split(' '));
    assert.deepEqual(
      Object.fromEntries(news.map(({ kind, outcomes }) => [kind, outcomes.map(({ database }) => database)])),
      expected,
    );
    for (const one of news) assert.deepEqual([one.about, one.total], [about, OUTCOMES.length]);
  });
}

test('where there is nothing, nothing is news', () => {
  assert.deepEqual(chooseNews('backup', [], ['failure', 'recovery', 'success', 'warning', 'drill']), []);
});
