import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ageKey } from '../encryption/keys.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import {
  addBackups,
  assertNotEqual,
  type Backups,
  installDrills,
  makeBackups,
  proofOf,
} from './drill-installation.ts';
import type { Env } from './installation.ts';
import { type OssBucket, startOssBucket } from './oss-bucket.ts';

const skip = missing('postgres-server-15', 'postgres-client-15');
const PASSPHRASE = `canary 'päss" $phrase`;
const directory = temporaryDirectory();
const key = await ageKey();

/** How each backup is made; all of them lie in the bucket alone. */
const WAYS = {
  plain: {},
  key: {
    BACKUP_ENCRYPTION: 'age',
    BACKUP_ENCRYPTION_RECIPIENTS: key.recipient,
    BACKUP_ENCRYPTION_IDENTITY_FILE: key.identityFile,
  },
  passphrase: { BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_PASSPHRASE: PASSPHRASE },
} as const satisfies Record<string, Env>;
type Way = keyof typeof WAYS;
const NAMES: readonly Way[] = ['plain', 'key', 'passphrase'];

describe('a drill of a backup that is only in the bucket', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  const backups = new Map<Way, Backups>();
  before(async () => {
    [server, bucket] = await Promise.all([startPostgres(), startOssBucket()]);
    await server.createDatabase('shop');
    await server.psql(`CREATE TABLE item AS SELECT md5(i::text) FROM generate_series(1, 9999) AS i`, {
      database: 'shop',
    });
    for (const way of NAMES) backups.set(way, await makeBackups(directory, server, 'shop', settingsOf(way)));
  });
  after(async () => {
    await bucket.close();
    await server.stop();
  });

  function settingsOf(way: Way, prefix: string = way): Env {
    const tool = { BACKUP_UPLOAD_TOOL: 'sdk', BACKUP_FINGERPRINT: 'content' };
    return { ...bucket.settings(prefix, 'oss'), ...tool, ...WAYS[way] };
  }

  const runOf = (way: Way): string => backups.get(way)?.runs[0] ?? '';

  for (const way of NAMES) {
    test(`fetches it on a machine that has never seen it: ${way}`, async (t) => {
      const here = await installDrills(t, server, 'shop', settingsOf(way));
      const result = await here.run(['drill']);
      assert.equal(result.exitCode, 0, result.stdout + result.stderr);
      const drill = here.newestDrill();
      assert.deepEqual([drill.run, drill.outcome, drill.place], [runOf(way), 'equal', 'remote']);
      assert.deepEqual(
        drill.phases.map(({ name }) => name),
        ['fetch', 'checksum', 'read', 'server', 'prepare', 'restore', 'compare', 'clear'],
      );
      assert.equal(
        drill.sizeBytes,
        [...bucket.objects(way)].find(([name]) => /\.dump(\.age)?$/.test(name))?.[1].content.length,
      );
      if (way !== 'plain') assert.equal(drill.jobs, 1);
      assert.match(result.stdout, /\n {2}fetched {3}.* in [\d.]+ s\n/);
      assert.match(result.stdout, /restored, and equal\n$/);
      assert.deepEqual(here.remains(), []);
      assert.ok(!existsSync(here.data));
      const everything = JSON.stringify(here.drills()) + result.stdout + result.stderr + here.log();
      for (const secret of [PASSPHRASE, key.identity, 'integration/secret+key=']) {
        assert.ok(!everything.includes(secret));
      }
    });
  }

  test('raises the proof where its record is', async (t) => {
    const here = await installDrills(t, server, 'shop', settingsOf('plain'));
    const run = runOf('plain');
    const some = backups.get('plain');
    assert.ok(some);
    addBackups(here, some);
    assert.equal(proofOf(here, run), 'stored');
    const result = await here.run(['drill', run]);
    assert.equal(result.exitCode, 0, result.stderr);
    assert.equal(proofOf(here, run), 'restored');
    assert.deepEqual(here.files(), []);
  });

  test('is refused without the key, before anything is fetched', async (t) => {
    const { BACKUP_ENCRYPTION_IDENTITY_FILE: _, ...env } = settingsOf('key');
    const here = await installDrills(t, server, 'shop', env);
    const { error, phases } = assertNotEqual(here, await here.run(['drill']), {
      exitCode: 2,
      outcome: 'failed',
    });
    assert.equal(error?.code, 'DRILL_REFUSED');
    assert.match(error?.hint ?? '', /BACKUP_ENCRYPTION_IDENTITY_FILE/);
    assert.ok(!phases.some(({ name }) => name === 'fetch'));
  });

  test('finds that the copy was altered, and starts nothing', async (t) => {
    const prefix = 'altered';
    for (const [name, { content }] of bucket.objects('plain')) {
      const bytes = Buffer.from(content);
      if (name.endsWith('.dump')) bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
      await bucket.put(`${prefix}/${name}`, bytes);
    }
    const here = await installDrills(t, server, 'shop', settingsOf('plain', prefix));
    const drill = assertNotEqual(here, await here.run(['drill']), { exitCode: 14, outcome: 'failed' });
    assert.deepEqual(
      [drill.error?.code, drill.error?.phase, drill.server],
      ['COPY_ALTERED', 'checksum', undefined],
    );
  });
});
