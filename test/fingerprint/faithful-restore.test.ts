import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, type TestContext, test } from 'node:test';
import { compare } from '../../src/fingerprint/compare.ts';
import type { Fingerprint } from '../../src/fingerprint/fingerprint.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { dumpWithFingerprint, EVERYTHING, linesOf, measure, restore } from './fingerprint-of.ts';

const SCRIPTS = {
  every: readFileSync(new URL('../harness/every-object-type.sql', import.meta.url), 'utf8'),
  unusual: readFileSync(new URL('unusual.sql', import.meta.url), 'utf8'),
} as const;

/** The majors that a dump of a major is restored to. */
const TARGETS = [
  [14, [14, 15]],
  [15, [15, 17, 18]],
  [16, [16, 18]],
  [17, [17, 18]],
  [18, [18]],
] as const;

/** A client newer than the server restores the rights of the schema public to those of its own major. */
const KNOWN_FAULTS: Readonly<Record<string, string[]>> = {
  'unusual from 14 to 14': ['grants: schema public'],
};

const skip = [14, 15, 16, 17, 18].map((major) => missing(`postgres-server-${major}`)).find(Boolean) ?? false;

describe('a database that was restored faithfully', { skip }, () => {
  const servers = new Map<number, PostgresServer>();
  after(() => Promise.all([...servers.values()].map((server) => server.stop())));

  for (const [major, targets] of TARGETS) {
    for (const script of ['every', 'unusual'] as const) {
      test(`shows no difference: ${script} from server ${major}`, async (t) => {
        const { archive, fingerprint } = await dumpOf(t, await serverOf(major), script);
        for (const target of targets) {
          const server = await serverOf(target);
          const copy = `${script} from ${major} to ${target}`;
          await restore(server, archive, copy);
          const comparison = compare(fingerprint, await measure(server, copy), EVERYTHING);
          assert.deepEqual(linesOf(comparison), KNOWN_FAULTS[copy] ?? [], copy);
          assert.deepEqual(comparison.omissions, []);
          assert.ok(comparison.compared.tables > 10 && comparison.compared.rows > 900);
          assert.ok(comparison.compared.sequences > 3 && comparison.compared.objects > 50);
          assert.equal(comparison.compared.definitions, target === major);

          const counts = compare(
            withoutHashes(fingerprint),
            await measure(server, copy, { level: 'counts' }),
            EVERYTHING,
          );
          assert.deepEqual(linesOf(counts), KNOWN_FAULTS[copy] ?? [], copy);
          assert.equal(counts.compared.contents, false);
        }
      });
    }
  }

  async function serverOf(major: number): Promise<PostgresServer> {
    const known = servers.get(major);
    if (known) return known;
    const server = await startPostgres({ major });
    servers.set(major, server);
    // As a restore makes them before.
    await server.psql('CREATE ROLE shop_owner; CREATE ROLE "shop reader"');
    return server;
  }
});

async function dumpOf(t: TestContext, server: PostgresServer, script: keyof typeof SCRIPTS) {
  await server.createDatabase(script);
  await server.psql(SCRIPTS[script], { database: script });
  const made = await dumpWithFingerprint(t, server, script);
  assert.equal(made.fingerprint.status, 'complete', made.fingerprint.detail);
  return made;
}

/** What a fingerprint of level counts says of the same database. */
function withoutHashes(fingerprint: Fingerprint): Fingerprint {
  const { hash: _hash, ...largeObjects } = fingerprint.largeObjects;
  const tables = fingerprint.tables?.map(({ hash: _hashOfTable, ...table }) => table) ?? null;
  return { ...fingerprint, level: 'counts', largeObjects, tables };
}
