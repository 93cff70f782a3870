import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PgBackupError } from '../../src/errors.ts';
import { databaseOptions } from '../../src/restore/database-options.ts';
import type { RestorePlan } from '../../src/restore/plan.ts';
import { describePlan } from '../../src/restore/plan-text.ts';
import { tocOf } from './toc-of.ts';

/** One that moves the cursor and begins a line of its own. */
const HOSTILE = 'a\u001b[2J\r\n  proof  restored\u0085\u2028\u202e';

test('a name in a plan stays on its line and leaves the terminal alone', () => {
  const text = describePlan(planWith(HOSTILE), 'en');
  assert.doesNotMatch(text, /[\p{Cf}\u2028]|(?!\n)\p{Cc}/u);
  assert.equal(text.split('\n').filter((line) => /^ {2}proof /.test(line)).length, 1);
  // Each place where such a name may come from.
  assert.equal(text.split('a?[2J').length - 1, 8);
});

test('the values of a plan stand below each other in both languages', () => {
  for (const language of ['en', 'zh'] as const) {
    const lines = describePlan(planWith('x'), language).split('\n').slice(1, -1);
    const starts = lines.map((line) => {
      const [label = ''] = /^ {2}\S+(?: \S+)* {2,}/.exec(line) ?? [];
      return [...label].reduce((sum, letter) => sum + (letter > '\u2e80' ? 2 : 1), 0);
    });
    assert.equal(new Set(starts).size, 1, lines.join('\n'));
  }
});

test('a server that does not know the provider of a locale is told of, and the C library is no stranger to any', () => {
  const provided = (provider: string, major: number) => {
    const plan = planWith('x');
    const target = { ...plan.target, existing: undefined, server: { ...plan.target.server, major } };
    return describePlan({ ...plan, target, databaseOptions: { ...plan.databaseOptions, provider } }, 'en');
  };
  assert.match(provided('builtin', 16), /\(builtin\) ! this server does not know that provider/);
  for (const [provider, major] of [
    ['builtin', 17],
    ['libc', 14],
    ['icu', 15],
  ] as const) {
    assert.doesNotMatch(provided(provider, major), /does not know that provider/);
  }
});

test('the server that a backup came from is told where something here knows it', () => {
  const from = (series: string | undefined) => {
    const plan = planWith('x');
    return describePlan({ ...plan, source: { ...plan.source, series } }, 'en').match(
      /^ {2}taken from .*$/m,
    )?.[0];
  };
  assert.match(from(`db1:5432${HOSTILE}`) ?? '', /"x", PostgreSQL \S+ \(db1:5432a\?.*\); pg_dump/);
  assert.match(from(undefined) ?? '', /"x", PostgreSQL [^(]*; pg_dump/);
});

function planWith(name: string): RestorePlan {
  const toc = tocOf([{ kind: 'FK CONSTRAINT', tag: name }], { database: name });
  const fault = new PgBackupError('COPY_ALTERED', { path: name, detail: '' });
  return {
    source: {
      run: 'shop_20260301T020000Z_h',
      startedAt: new Date(0),
      dump: { sizeBytes: 1 },
      encryption: 'none',
      place: 'local',
    },
    toc,
    fingerprint: undefined,
    fingerprintFault: fault,
    options: { to: 'x', part: { schemas: [], tables: [name], schemaOnly: false, dataOnly: false } },
    selected: new Set([1]),
    loose: toc.entries,
    target: {
      server: { version: '15.18', major: 15 },
      isSuperuser: true,
      unfinished: [name],
      existing: {
        ...{ isEmpty: false, sizeBytes: 1, encoding: 'UTF8', collation: 'C' },
        connections: [{ user: 'x', application: name, address: 'local', since: '' }],
      },
    },
    access: { host: 'h', port: 1, user: 'u' },
    client: { version: '15.20', directory: '/' },
    jobs: 1,
    databaseOptions: databaseOptions(toc),
    isSource: false,
    missing: {
      owners: [name],
      unassignable: [],
      grantees: [],
      otherRoles: [],
      extensions: [],
      tablespaces: [name],
      collation: undefined,
    },
    roles: undefined,
    expectedSeconds: undefined,
  } as unknown as RestorePlan;
}
