import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { ageKey } from '../encryption/keys.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { assertFailed } from './assert-failed.ts';
import { type Env, install } from './installation.ts';

const skip = missing('postgres-server-15', 'postgres-client-17');
const client17 = clientDirectories().get(17) ?? '';
const NOT_WHOLE = /^pg_dump failed \(exit code 0\): what it wrote is not a whole archive: cut short/;
const CUTS = [
  ['nothing', 'exit 0'],
  ['half a table of contents', '"$REAL" "$@" | head -c 700; exit 0'],
  ['half its data', '"$REAL" "$@" | head -c 200000; exit 0'],
] as const;
const REENCODED: Env = { BACKUP_COMPRESS_THREADS: '2' };
const BY_PG_DUMP: readonly Env[] = [
  { BACKUP_COMPRESS_THREADS: '0' },
  { BACKUP_COMPRESS: '0' },
  { BACKUP_COMPRESS: 'lz4' },
  { BACKUP_COMPRESS: 'zstd:3' },
];

const key = await ageKey();

describe('a pg_dump that says that all is well, and wrote', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let databases = 0;
  before(async () => {
    server = await startPostgres({ major: 15 });
    await server.psql('CREATE TABLE item AS SELECT md5(i::text) AS x FROM generate_series(1, 20000) AS i');
  });
  after(() => server.stop());

  for (const [what, script] of CUTS) {
    test(`${what}, has failed, in the clear`, (t) => assertTold(t, script, REENCODED));

    for (const [where, canDecrypt] of [
      ['with a key that could tell', true],
      ['without a key', false],
    ] as const) {
      test(`${what}, has failed, encrypted ${where}`, async (t) => {
        const encrypted: Env = {
          BACKUP_ENCRYPTION: 'age',
          BACKUP_ENCRYPTION_RECIPIENTS: key.recipient,
          ...(canDecrypt ? { BACKUP_ENCRYPTION_IDENTITY_FILE: key.identityFile } : {}),
        };
        for (const compression of [REENCODED, ...BY_PG_DUMP]) {
          await assertTold(t, script, { ...encrypted, ...compression });
        }
      });
    }
  }

  test('half its data where its format was not known before, has failed', async (t) => {
    const script = `case " $* " in *" --compress=0 "*) printf 'PGDMP\\001\\143'; head -c 1000 /dev/zero ;; *) "$REAL" "$@" | head -c 200000 ;; esac; exit 0`;
    const env = { BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_RECIPIENTS: key.recipient, ...REENCODED };
    await assertTold(t, script, env, 2);
  });

  async function assertTold(t: TestContext, script: string, env: Env, starts = 1): Promise<void> {
    const client = wrapClient(client17, { pg_dump: `echo >>"$0.starts"; ${script}` }, t);
    databases += 1;
    const database = `cut ${databases}`;
    await server.psql(`CREATE DATABASE "${database}" TEMPLATE postgres`, { database: 'template1' });
    const here = install(t, server, database, { PG_BIN_DIR: client, ...env });
    assertFailed(here, await here.run(['backup']), 8, NOT_WHOLE);
    const { error } = here.newest().record;
    assert.deepEqual([error?.code, error?.stage], ['DUMP_FAILED', 'dump'], JSON.stringify(env));
    assert.equal(readFileSync(join(client, 'pg_dump.starts'), 'utf8').length, starts);
    assert.equal(/pg_dump compresses the dump itself/.test(here.log()), starts > 1);
  }
});
