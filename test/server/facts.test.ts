import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordFacts, reportFacts } from '../../src/server/run-index/facts.ts';
import { REPORT_EXAMPLE } from '../report/report-example.ts';

test('the server of a run is its host and port, and nothing where a foreign file does not tell them', () => {
  const server = (given: object): (string | undefined)[] => [
    reportFacts({ ...REPORT_EXAMPLE, host: undefined, port: undefined, ...given }, 'x')?.series,
    recordFacts({ database: 'd', ...given })?.series,
  ];
  assert.deepEqual(server({ host: 'db', port: '5432' }), ['db:5432', 'db:5432']);
  assert.deepEqual(server({ host: 'db', port: 5432 }), ['db:5432', 'db:5432']);
  for (const foreign of [
    {},
    { host: {}, port: '' },
    { host: 'db' },
    { port: '5432' },
    { host: 'db', port: [] },
  ])
    assert.deepEqual(server(foreign), ['', ''], JSON.stringify(foreign));
});
