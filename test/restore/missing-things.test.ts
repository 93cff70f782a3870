import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { databaseOptions } from '../../src/restore/database-options.ts';
import type { DumpNeeds } from '../../src/restore/dump-needs.ts';
import type { TargetServer } from '../../src/restore/inspect-target.ts';
import type { RestorePlan } from '../../src/restore/plan.ts';
import { missingThings } from '../../src/restore/plan.ts';
import { refusalsOf } from '../../src/restore/refusals.ts';
import { tocOf } from './toc-of.ts';

const NEEDS: DumpNeeds = {
  owners: ['a', 'b', 'c'],
  grantees: ['d'],
  others: ['e'],
  extensions: ['x'],
  tablespaces: ['t'],
};
const SERVER = {
  roles: new Set(['a', 'b', 'd', 'e']),
  assignableRoles: new Set(['a']),
  extensions: new Set<string>(),
  tablespaces: new Set<string>(),
  collations: new Set(['C', 'C.UTF-8', 'de_DE.utf8']),
  existing: undefined,
} as unknown as TargetServer;
const C = databaseOptions(tocOf([]));

test('what a server lacks is told apart from what its user may not do', () => {
  assert.deepEqual(missingThings(NEEDS, C, SERVER), {
    owners: ['c'],
    unassignable: ['b'],
    grantees: [],
    otherRoles: [],
    extensions: ['x'],
    tablespaces: ['t'],
    collation: undefined,
  });
});

describe('a collation', () => {
  for (const [collation, provider, existing, isMissing] of [
    ['de_DE.utf8', 'libc', false, false],
    ['de_DE.UTF-8', 'libc', false, false],
    ['fr_FR.UTF-8', 'libc', false, true],
    ['fr_FR.UTF-8', undefined, false, true],
    ['fr_FR.UTF-8', 'icu', false, false],
    ['fr_FR.UTF-8', 'libc', true, false],
    [undefined, undefined, false, false],
  ] as const) {
    test(`${collation} of ${provider} is ${isMissing ? 'missing' : 'no obstacle'}${existing ? ' to a database that is there' : ''}`, () => {
      const target = { ...SERVER, ...(existing ? { existing: {} as TargetServer['existing'] } : {}) };
      const missing = missingThings(NEEDS, { ...C, collation, provider }, target);
      assert.equal(missing.collation, isMissing ? collation : undefined);
      const refusals = refusalsOf(planWith(missing, target));
      const told = refusals.some(({ detail }) =>
        detail.en.includes(`does not know the collation ${collation}`),
      );
      assert.equal(told, isMissing);
    });
  }
});

test('extensions that the server lacks are named, in both languages', () => {
  const [first] = refusalsOf(
    planWith({ ...missingThings(NEEDS, C, SERVER), extensions: ['x', 'y'] }, SERVER),
  );
  assert.deepEqual(first?.detail, { en: 'the server lacks extensions: x, y', zh: '服务器缺少扩展：x, y' });
});

function planWith(missing: RestorePlan['missing'], target: TargetServer): RestorePlan {
  const part = { schemas: [], tables: [], schemaOnly: false, dataOnly: false };
  const existing = target.existing && { isEmpty: true, isTemplate: false };
  return {
    options: { to: 'shop', noOwner: true, noPrivileges: true, noTablespaces: true, part },
    target: { ...target, mayCreateDatabases: true, existing },
    access: { user: 'u' },
    missing,
  } as unknown as RestorePlan;
}
