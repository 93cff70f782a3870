import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerAnswer } from '../../src/acceptance/ask-server.ts';
import type { Evidence } from '../../src/acceptance/evidence.ts';
import { serverItem } from '../../src/acceptance/report-items.ts';

const RUN = { database: 'shop', startedAt: '2027-01-10T02:00:00Z' };
const SHOWS_IT = { server: 'http://report/', latest: '2027-01-10T02:05:00Z', total: 1, records: [RUN] };

test('the reports are shown where both routes tell of the newest good run', () => {
  assert.equal(serverItem(evidence(), SHOWS_IT).state, 'done');
});

test('they are not shown by a server that tells of other runs, of none, or was not asked', () => {
  const answers: (ServerAnswer | undefined)[] = [
    { ...SHOWS_IT, records: [{ ...RUN, database: 'office' }] },
    { ...SHOWS_IT, records: [{ ...RUN, startedAt: '2027-01-09T02:00:00Z' }] },
    { ...SHOWS_IT, records: [] },
    { ...SHOWS_IT, latest: undefined },
    { server: 'http://report/', problem: { en: 'HTTP 401', zh: 'HTTP 401' } },
    undefined,
  ];
  for (const answer of answers) {
    const { state, remedies = [] } = serverItem(evidence(), answer);
    assert.deepEqual([state, remedies.length], ['open', 1], JSON.stringify(answer));
  }
  assert.equal(serverItem({ ...evidence(), newest: undefined }, SHOWS_IT).state, 'open');
});

function evidence(): Evidence {
  const newest = { name: 'shop_20270110T020000Z_db01', database: 'shop', report: RUN };
  return { newest, now: new Date(), scope: '' } as unknown as Evidence;
}
