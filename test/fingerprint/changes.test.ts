import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Measured } from '../../src/fingerprint/fingerprint.ts';
import { measureDatabase } from '../../src/fingerprint/measure-database.ts';
import type { Session } from '../../src/postgres/session.ts';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { CHANGES, type Change, PREPARATION } from './changes.ts';
import { differencesOf, fingerprintFrom, sessionTo, withinTransaction } from './fingerprint-of.ts';

const EVERY_OBJECT_TYPE = readFileSync(new URL('../harness/every-object-type.sql', import.meta.url), 'utf8');

describe('every change of a database is seen, and nothing else', { concurrency: 2 }, () => {
  for (const major of [14, 15, 16, 17, 18]) {
    test(`on server ${major}`, { skip: missing(`postgres-server-${major}`) }, async (t) => {
      const server = await startPostgres({ major });
      t.after(() => server.stop());
      await server.createDatabase('every');
      await server.psql(`${EVERY_OBJECT_TYPE};${PREPARATION}`, { database: 'every' });
      const session = sessionTo(server, 'every');
      t.after(() => session.close());
      const before = fingerprintFrom(await withChanges(session, []));
      assert.deepEqual(differencesOf(before, await withChanges(session, [])), []);
      for (const changes of together(CHANGES.filter(({ since = 0 }) => since <= major))) {
        const statements = changes.map(({ sql }) => sql);
        const found = await withChanges(session, statements);
        const expected = changes.flatMap(({ differences }) => differences).sort();
        assert.deepEqual(differencesOf(before, found), expected, statements.join('\n'));
      }
    });
  }
});

/** Changes that concern different objects, so that each still has to show by itself: measuring takes longer than changing. */
function together(changes: readonly Change[]): Change[][] {
  const alone: Change[][] = [];
  const groups: { changes: Change[]; objects: Set<string> }[] = [];
  for (const change of changes) {
    const objects = change.differences.map((line) => line.replace(/^[^:]*: /, ''));
    let group = change.isAlone
      ? undefined
      : groups.find((some) => objects.every((object) => !some.objects.has(object)));
    if (!group) {
      group = { changes: [], objects: new Set() };
      if (!change.isAlone) groups.push(group);
      else alone.push([change]);
    }
    group.changes.push(change);
    for (const object of objects) group.objects.add(object);
  }
  return [...alone, ...groups.map((group) => group.changes)];
}

/** Measures the database with the changes in it, which are undone again. */
async function withChanges(session: Session, statements: readonly string[]): Promise<Measured> {
  await session.execute('BEGIN');
  for (const statement of statements)
    await session.execute(statement).catch((e) => {
      e.message += `\n${statement}`;
      throw e;
    });
  const found = await measureDatabase({
    ...{ level: 'content', leftOut: [] },
    openSession: () => withinTransaction(session),
  });
  await session.execute('ROLLBACK');
  return found;
}
