import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type BackedUp, backUp, nextTransaction } from './backed-up.ts';
import { install } from './installation.ts';
import { type OnTerminal, runOnTerminal } from './on-terminal.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const OVER_SOURCE = [
  'restore',
  '--latest',
  '--to',
  'the shop',
  '--into-existing',
  '--clean',
  '--over-source',
];
const QUESTION = /What is in "the shop" now will be changed\. Type its name to go on: /;

describe('a restore over what is there asks on the terminal', { skip }, () => {
  let server: PostgresServer;
  let shop: BackedUp;
  before(async () => {
    server = await startPostgres({ settings: { autovacuum: 'off' } });
    await server.createDatabase('the shop');
    await server.psql('CREATE TABLE item AS SELECT generate_series(1, 10) AS id', { database: 'the shop' });
    shop = await backUp(server, 'the shop');
    await server.psql('DELETE FROM item', { database: 'the shop' });
  });
  after(async () => {
    shop.remove();
    await server.stop();
  });

  for (const [what, answer, exitCode, message] of [
    [
      'another name',
      'shop\r',
      2,
      /Not restored: it was not confirmed\. Type the name of the database, or say --yes/,
    ],
    ['yes', 'yes\r', 2, /it was not confirmed/],
    ['nothing', '\r', 2, /it was not confirmed/],
    ['the end of all input', '\u0004', 2, /it was not confirmed/],
    ['Ctrl-C', '\u0003', 130, /Interrupted by SIGINT/],
  ] as const) {
    test(`and changes nothing for ${what}`, async (t) => {
      const before = await nextTransaction(server);
      const answered = await answer_(t, answer);
      assert.equal(answered.exitCode, exitCode, answered.screen);
      assert.match(answered.screen, message);
      assert.equal(await nextTransaction(server), before);
    });
  }

  test('and goes on for its name', async (t) => {
    const { exitCode, screen } = await answer_(t, 'the shop\r');
    assert.equal(exitCode, 0, screen);
    assert.match(screen, /^ {2}warning +this is the very database that the backup was taken from\r$/m);
    assert.equal(await server.psql('SELECT count(*) FROM item', { database: 'the shop' }), '10');
  });

  function answer_(t: TestContext, answer: string): Promise<OnTerminal> {
    const here = install(t, server, 'the shop', shop.env);
    return runOnTerminal(t, here, OVER_SOURCE, { question: QUESTION, answer });
  }
});
