import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../../src/acceptance/evidence.ts';
import { scheduleItem } from '../../src/acceptance/schedule-item.ts';
import type { KnownRun } from '../../src/backup/known-runs.ts';
import { loadSettings } from '../../src/config/load.ts';

const SETTINGS = {
  PG_HOST: 'db',
  PG_DATABASE: 'shop',
  PG_USER: 'backup',
  BACKUP_MODE: 'local',
  BACKUP_SCHEDULE: '0 2 * * *',
  BACKUP_GRACE_MINUTES: '30',
};
const NOW = '2027-01-10T12:00:00Z';

test('a run at one of the last two times shows that the schedule works', () => {
  for (const startedAt of [
    '2027-01-10T02:00:07Z',
    '2027-01-10T02:30:00Z',
    '2027-01-09T02:00:00Z',
    // By the clock of the pod.
    '2027-01-10T01:59:10Z',
  ])
    assert.equal(stateFor([[startedAt, true]]), 'done', startedAt);
});

test('a run at any other time, an older one, and one that failed show nothing', () => {
  for (const runs of [
    [],
    [['2027-01-10T11:00:00Z', true]],
    [['2027-01-10T02:30:01Z', true]],
    [['2027-01-10T01:58:59Z', true]],
    [['2027-01-08T02:00:00Z', true]],
    [['2027-01-10T02:00:00Z', false]],
  ] as const)
    assert.equal(stateFor(runs), 'open', JSON.stringify(runs));
  const both = [
    ['2027-01-10T11:00:00Z', true],
    ['2027-01-10T02:00:00Z', true],
  ] as const;
  assert.equal(stateFor(both), 'done');
});

test('a run on time is not enough where the newest backup is overdue', () => {
  assert.equal(stateFor([['2027-01-10T02:00:00Z', true]], 'warning'), 'open');
});

test('tells how late it began, and when the next one is due', () => {
  const item = itemFor([['2027-01-10T02:12:00Z', true]], 'good', { BACKUP_TIMEZONE: 'UTC' });
  assert.match(item.observed.en, /began 12 min after 2027-01-10 02:00 \+00:00 \(UTC\)/);
  assert.match(item.observed.en, /next 2027-01-11 02:00/);
});

type Runs = readonly (readonly [startedAt: string, isProven: boolean])[];

function stateFor(runs: Runs, freshness: 'good' | 'warning' = 'good') {
  return itemFor(runs, freshness).state;
}

function itemFor(runs: Runs, freshness: 'good' | 'warning', changes: Record<string, string> = {}) {
  const { settings } = loadSettings({ ...SETTINGS, ...changes }, () => '', 'en');
  const text = { en: '', zh: '' };
  const evidence = {
    context: { settings, environment: {}, language: 'en' },
    now: new Date(NOW),
    scope: '',
    runs: runs.map(
      ([startedAt, isProven]) => ({ name: startedAt, startedAt: new Date(startedAt), isProven }) as KnownRun,
    ),
    findings: [{ group: 'past', database: 'shop', check: { id: 'last-backup', state: freshness, text } }],
  };
  return scheduleItem(evidence as unknown as Evidence);
}
