import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drillItem } from '../../src/acceptance/drill-item.ts';
import type { Evidence } from '../../src/acceptance/evidence.ts';
import type { DrillOutcome, DrillRecord } from '../../src/report/drill-record.ts';
import type { Proof } from '../../src/report/record.ts';

test('a drill counts where all that the backup holds was compared and equal', () => {
  assert.equal(stateOf('equal', { proof: 'restored' }), 'done');
  // What the backup leaves out by its settings was not compared, and the proof was given all the same.
  assert.equal(stateOf('incomplete', { proof: 'restored' }), 'done');
});

test('a drill that compared nothing, or not all, or is old or failed, does not', () => {
  assert.equal(stateOf('incomplete', { proof: 'stored' }), 'open');
  assert.equal(stateOf('equal', { isCompared: false }), 'open');
  assert.equal(stateOf('incomplete', { proof: 'restored', isCompared: false }), 'open');
  assert.equal(stateOf('different', { state: 'bad' }), 'open');
  assert.equal(stateOf('equal', { state: 'warning' }), 'open');
});

test('a drill of another server’s backup, or of one that nothing is known of, does not count', () => {
  assert.equal(stateOf('equal', { series: 'other:5432' }), 'open');
  assert.equal(stateOf('equal', { series: undefined }), 'open');
});

function stateOf(
  outcome: DrillOutcome,
  {
    proof = 'stored',
    isCompared = true,
    state = 'good',
    ...others
  }: {
    proof?: Proof;
    isCompared?: boolean;
    state?: 'good' | 'warning' | 'bad';
    series?: string | undefined;
  },
) {
  const compared = isCompared ? { tables: 1, rows: 7 } : null;
  const drill = { run: 'shop_1', outcome, compared, omissions: [], finishedAt: '2027-01-10T04:00:00Z' };
  const series = 'series' in others ? others.series : 'db:5432';
  const known = series === undefined ? [] : [['shop_1', { series, record: { proof } }] as const];
  const evidence = {
    context: { settings: { PG_HOST: 'db', PG_PORT: 5432 } },
    drills: [drill as unknown as DrillRecord],
    findings: [{ group: 'past', check: { id: 'last-drill', state, text: { en: '', zh: '' } } }],
    list: { copies: { known: { byName: new Map(known) } } },
    scope: '',
  };
  return drillItem(evidence as unknown as Evidence).state;
}
