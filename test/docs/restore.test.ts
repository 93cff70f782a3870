import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { neededMinor } from '../../src/postgres/fixed-minors.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import {
  bucketSettings,
  DATABASE,
  type Documented,
  documented,
  filledIn,
  ORDERS,
  type Outcome,
} from './documented.ts';
import { blocksOf, FENCES, pageText } from './pages.ts';

const PAGE = 'docs/restore.md';
const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('age');
const skipWithoutNetwork = missing('root') || missing('tmpfs');
const RESTORED = 'community_restored';
const UNFINISHED = 'community_restored_restoring_1f2e3d4c';

test('both languages of the restore page give the same commands', () => {
  for (const fence of FENCES) {
    assert.deepEqual(blocksOf('docs/restore.zh-CN.md', fence), blocksOf(PAGE, fence), fence);
  }
});

test('the restore page names the first minors without the known holes', () => {
  for (const page of [PAGE, 'docs/restore.zh-CN.md']) {
    const rows = [...pageText(page).matchAll(/^\| (\d+) \| (\d+\.\d+) \|$/gm)];
    const documentedMinors = rows.map(([, major, fixed]) => [major, fixed]);
    const needed = [18, 17, 16, 15, 14].map((major) => [String(major), neededMinor(`${major}.0`)]);
    assert.deepEqual(documentedMinors, needed, page);
  }
});

test('the commands of the restore page', { skip }, async (t) => {
  const here = await documented(t);
  const { server } = here;
  const blocks = blocksOf(PAGE, 'sh');
  let block = '';
  const say = (answer?: string): Promise<Outcome> =>
    here.shell(fill(block, here), answer === undefined ? {} : { answer });
  const run = async (answer?: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await say(answer);
    assert.equal(exitCode, 0, `${block}${stdout}${stderr}`);
    return stdout;
  };
  const withoutReader = async (action: () => Promise<void>): Promise<void> => {
    await server.psql('ALTER ROLE shop_reader RENAME TO somebody');
    await action();
    await here.reset();
    await server.psql('DROP ROLE IF EXISTS shop_reader; ALTER ROLE somebody RENAME TO shop_reader');
  };
  const inCommunity = (sql: string): Promise<string> => server.psql(sql, { database: DATABASE });
  const restored = async (): Promise<void> => assert.equal(await here.orders(RESTORED), ORDERS);

  const steps: (() => Promise<void>)[] = [
    async () => {
      assert.match(await run(), /^Restore plan\n/);
      assert.deepEqual(await here.databases(), [DATABASE]);
    },
    async () => {
      await run();
      await restored();
    },
    async () => {
      await inCommunity(`INSERT INTO shop.orders (item) VALUES ('since the backup')`);
      await run();
      assert.equal(await here.orders(DATABASE), ORDERS);
      assert.equal(await here.orders('community_before'), ORDERS + 1);
      await here.reset();
    },
    async () => assert.equal((await run()).match(/^Restore plan$/gm)?.length, 3),
    async () => assert.match(await run(), /TABLE DATA shop orders/),
    () =>
      withoutReader(async () => {
        assert.match(await run(), /roles to create +shop_reader/);
        const rights = await server.psql(
          `SELECT has_table_privilege('shop_reader', 'shop.orders', 'SELECT')`,
          {
            database: RESTORED,
          },
        );
        assert.equal(rights, 't');
      }),
    () =>
      withoutReader(async () => {
        await run();
        await restored();
      }),
    async () => {
      await run();
      assert.equal(await here.orders('orders_before'), ORDERS);
    },
    async () => {
      await inCommunity(
        `DELETE FROM shop.orders WHERE id % 2 = 0; UPDATE shop.orders SET item = 'new' WHERE id = 1`,
      );
      await run();
      assert.equal(await here.orders(DATABASE), ORDERS);
      assert.equal(
        await inCommunity('SELECT item FROM shop.orders WHERE id IN (1, 2) ORDER BY id'),
        'new\nitem 2',
      );
      await here.reset();
    },
    async () => {
      await inCommunity('TRUNCATE shop.orders RESTART IDENTITY');
      await run(DATABASE);
      assert.equal(await here.orders(DATABASE), ORDERS);
      assert.equal(
        await inCommunity(`INSERT INTO shop.orders (item) VALUES ('next') RETURNING id`),
        `${ORDERS + 1}`,
      );
    },
    async () => {
      await inCommunity('DELETE FROM shop.orders');
      assert.equal((await say('something else')).exitCode, 2);
      await run(DATABASE);
      assert.equal(await here.orders(DATABASE), ORDERS);
      await here.reset();
    },
    async () => {
      await server.createDatabase(UNFINISHED);
      await run();
      assert.deepEqual(await here.databases(), [DATABASE]);
    },
    async () => assert.match(await run(), /: OK$/m),
    async () => {
      block = block.replaceAll('<run>', here.encryptedRun);
      await run();
      const decrypted = readFileSync(join(here.base, 'data', `${here.encryptedRun}.dump`));
      assert.equal(decrypted.subarray(0, 5).toString(), 'PGDMP');
    },
    async () => {
      await server.psql('ALTER ROLE shop_reader LOGIN');
      await run();
      assert.equal(await server.psql(`SELECT rolcanlogin FROM pg_roles WHERE rolname = 'shop_reader'`), 'f');
    },
    async () => {
      await run();
      await restored();
      await here.reset();
    },
    async () => assert.match(await run(), /^CREATE DATABASE community .*ENCODING = 'UTF8'/),
    async () => {
      await here.shell(`pg-backup restore --latest --to ${RESTORED}`);
      await run();
      const analysed = `SELECT count(*) > 0 FROM pg_stats WHERE schemaname = 'shop'`;
      assert.equal(await server.psql(analysed, { database: RESTORED }), 't');
    },
    async () => assert.match(await run(), /client 15\./),
    async () => {
      if (skipWithoutNetwork) return;
      // Otherwise it would look for the bucket for a while.
      const { stdout, stderr } = await here.shell(fill(block, here), { changes: { BACKUP_MODE: 'local' } });
      assert.match(stdout, /result +restored, and equal/, stderr);
    },
  ];
  assert.equal(steps.length, blocks.length, 'each block of commands has its step');
  for (const [index, step] of steps.entries()) {
    block = blocks[index] ?? '';
    await t.test(block.split('\n', 1)[0] ?? '', step);
  }

  await t.test('pg_restore -c ends with 1 in an empty database, and all is there', async () => {
    await here.reset();
    await server.createDatabase(RESTORED);
    [block = ''] = blocksOf(PAGE, 'console');
    const { exitCode, stderr } = await say();
    assert.equal(exitCode, 1);
    assert.match(stderr, /errors ignored on restore/);
    await restored();
  });

  const [fresh = '', otherUser = ''] = blocksOf(PAGE, 'ini');
  await t.test('the settings of a machine that has nothing restore what is in the bucket', async () => {
    await here.reset();
    const [policy] = [...pageText('docs/oss.md').matchAll(/<!-- policy: restore -->\n```json\n(.*?)```/gs)];
    const key = { accessKeyId: 'LTAI5tReader', accessKeySecret: 'reader' };
    here.oss.addCredential({ ...key, policy: JSON.parse(policy?.[1] ?? '') });
    const directory = temporaryDirectory(t);
    const settings = filledIn(fresh, {
      PG_HOST: server.host,
      PG_USER: server.user,
      PGPASSWORD: server.password,
      ...bucketSettings(here.oss, key),
    });
    const changes = {
      ...{ PG_PORT: String(server.port), BACKUP_BASE_DIR: directory, BACKUP_LOG_DIR: join(directory, 'log') },
      ...settings,
    };
    const only = Object.entries(changes).map(([name, value]) => `${name}='${value}'`);
    block = `env -i PATH="$PATH" HOME="$HOME" ${only.join(' ')} pg-backup restore --latest --to ${RESTORED}`;
    await run();
    await restored();
    block = block.replace('--latest', here.encryptedRun).replace(RESTORED, 'decrypted');
    assert.equal((await say()).exitCode, 2);
    block = block.replace(' pg-backup', ` BACKUP_ENCRYPTION_IDENTITY_FILE='${here.identityFile}' pg-backup`);
    await run();
    assert.equal(await here.orders('decrypted'), ORDERS);
  });

  await t.test('the user of the page restores', async () => {
    await here.reset();
    for (const sql of blocksOf(PAGE, 'sql')) await server.psql(sql.replace('<password>', 'a secret'));
    const settings = filledIn(otherUser, {
      ...{ RESTORE_PG_HOST: server.host, RESTORE_PG_PORT: String(server.port) },
      RESTORE_PG_PASSWORD: 'a secret',
    });
    const command = `pg-backup restore --latest --to ${RESTORED}`;
    assert.equal((await here.shell(command, { changes: settings })).exitCode, 2);
    const { exitCode, stderr } = await here.shell(`${command} --no-owner --no-privileges`, {
      changes: settings,
    });
    assert.equal(exitCode, 0, stderr);
    await restored();
  });
});

/** Days become tomorrow, so that the backups were made before them. */
function fill(block: string, { server, run }: Documented): string {
  const tomorrow = new Date(Date.now() + 24 * 60 * 60_000).toISOString().slice(0, 10);
  return block
    .replaceAll('<run>', run)
    .replaceAll('<host>', server.host)
    .replaceAll('<port>', String(server.port))
    .replaceAll('<user>', server.user)
    .replaceAll('<unfinished>', UNFINISHED)
    .replaceAll('2026-11-20', tomorrow);
}
