import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { partsWithout } from '../../src/fingerprint/inventory-parts.ts';
import { measureLargeObjects } from '../../src/fingerprint/measure-large-objects.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { sessionTo } from './fingerprint-of.ts';

const PIECE_BYTES = 16 * 1024 * 1024;

describe('large objects', { skip: missing('postgres-server-15', 'postgres-client-15') }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.psql('CREATE ROLE other');
  });
  after(() => server.stop());

  test('are counted and hashed in whatever pieces they lie, to the last byte', async (t) => {
    const { hashOf } = await measuring(t);
    const whole = `lo_from_bytea(1, convert_to(repeat('0123456789', 4000000), 'UTF8'))`;
    const first = await hashOf(whole);
    const inPieces = [0, 1, 2, 3].map(
      (i) => `lo_put(1, ${i} * 10000000, convert_to(repeat('0123456789', 1000000), 'UTF8'))`,
    );
    assert.equal(await hashOf('lo_create(1)', ...inPieces), first);
    const hashes = [first];
    for (const offset of [0, PIECE_BYTES - 1, PIECE_BYTES, 2 * PIECE_BYTES, 39_999_999]) {
      hashes.push(await hashOf(whole, `lo_put(1, ${offset}, 'x')`));
    }
    hashes.push(
      await hashOf(whole, `lo_put(1, 40000000, '\\x00')`),
      await hashOf('lo_create(1)'),
      await hashOf('lo_create(2)'),
    );
    hashes.push(
      await hashOf(`lo_from_bytea(1, '\\x00')`),
      await hashOf(`lo_from_bytea(1, '\\x0000')`),
      await hashOf(),
    );
    assert.equal(new Set(hashes).size, hashes.length, hashes.join('\n'));
  });

  test('may be larger than the server can return at once', async (t) => {
    const { hashOf } = await measuring(t);
    const [far, farther] = [2_200_000_000, 2_200_000_001];
    assert.notEqual(
      await hashOf(`lo_create(1)`, `lo_put(1, ${far}, 'x')`),
      await hashOf(`lo_create(1)`, `lo_put(1, ${farther}, 'x')`),
    );
  });

  test('are compared by owner, rights and comment as far as the dump has them', async (t) => {
    const { session, measure } = await measuring(t);
    await session.query('SELECT lo_from_bytea(1, $$a$$) AS one');
    const plain = await measure([]);
    assert.deepEqual(Object.keys(plain).sort(), ['comments', 'count', 'grants', 'hash', 'owners', 'state']);
    const changes = [
      ['ALTER LARGE OBJECT 1 OWNER TO other', ['grants', 'owners'], ['-O']],
      ['GRANT SELECT ON LARGE OBJECT 1 TO other', ['grants'], ['-x']],
      [`COMMENT ON LARGE OBJECT 1 IS 'one'`, ['comments'], ['--no-comments']],
    ] as const;
    for (const [statement, facts, leftOut] of changes) {
      await session.execute('SAVEPOINT before');
      await session.execute(statement);
      const found = await measure([]);
      const differing = Object.entries(found).filter(
        ([name, fact]) => fact !== plain[name as keyof typeof plain],
      );
      assert.deepEqual(differing.map(([name]) => name).sort(), facts, statement);
      assert.equal(facts.at(-1) !== undefined && (facts.at(-1) as string) in (await measure(leftOut)), false);
      await session.execute('ROLLBACK TO SAVEPOINT before');
    }
  });

  async function measuring(t: TestContext) {
    const session = sessionTo(server, 'postgres');
    t.after(() => session.close());
    await session.execute('BEGIN');
    const measure = (leftOut: readonly string[]) =>
      measureLargeObjects(session, 'content', partsWithout(leftOut));
    /** After these calls, which are undone again. */
    const hashOf = async (...calls: string[]): Promise<string> => {
      await session.execute('SAVEPOINT empty');
      for (const call of calls) await session.execute(`DO $do$ BEGIN PERFORM ${call}; END $do$`);
      const { count, hash } = await measure([]);
      await session.execute('ROLLBACK TO SAVEPOINT empty');
      return `${count}: ${hash}`;
    };
    return { session, measure, hashOf };
  }
});
