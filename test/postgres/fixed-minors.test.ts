import assert from 'node:assert/strict';
import { test } from 'node:test';
import { neededMinor } from '../../src/postgres/fixed-minors.ts';

test('a client below the fixed minor of its major is told which one it needs, any other is not', () => {
  const versions = {
    '12.22': '14.25',
    '14.24': '14.25',
    '14.25': undefined,
    '15.19': '15.20',
    '15.20': undefined,
    '15.100': undefined,
    '16.15': '16.16',
    '17.11': '17.12',
    '17.12': undefined,
    '18beta1': '18.7',
    '18.6': '18.7',
    '18.7': undefined,
    '19beta1': undefined,
  };
  for (const [version, needed] of Object.entries(versions))
    assert.equal(neededMinor(version), needed, version);
});
