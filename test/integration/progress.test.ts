import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { STAGES } from '../../src/report/record.ts';
import { missing } from '../harness/parts.ts';
import { freePort, type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { readEvents } from '../server/read-events.ts';
import { holdDump } from './held-dump.ts';
import { install } from './installation.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

interface Told {
  readonly run: string;
  readonly database: string;
  readonly stage: string;
  readonly doneBytes: number | null;
  readonly expectedBytes: number | null;
}

describe('the progress of a backup', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('shop');
    await server.psql('CREATE TABLE item AS SELECT md5(i::text) FROM generate_series(1, 20000) AS i', {
      database: 'shop',
    });
  });
  after(() => server.stop());

  test('is seen through the report server while it lasts, and its end', { timeout: 120_000 }, async (t) => {
    const here = install(t, server, 'shop');
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const first = here.newest();
    const port = await freePort();
    const serving = here.start(['serve', '--host', '127.0.0.1', '--port', String(port)]);
    await serving.waitForOutput(/SERVING/);
    const address = `http://127.0.0.1:${port}`;
    const events = await readEvents(t, `${address}/api/v1/events`);
    const progress = () => events.named('progress') as Told[];

    const dump = holdDump(t, server, 'in the midst');
    const backup = here.start(['backup'], dump.settings);
    await dump.held();
    const partial = readdirSync(here.data).find((name) => name.endsWith('.dump.partial')) ?? assert.fail();
    const { size } = statSync(join(here.data, partial));
    assert.ok(size > 0);
    await until(() => progress().at(-1)?.doneBytes, size);
    const { run, database, stage, expectedBytes } = progress().at(-1) ?? assert.fail();
    assert.deepEqual([database, stage], ['shop', 'dump']);
    assert.equal(`.${run}.dump.partial`, partial);
    assert.equal(expectedBytes, first.record.artifacts[0]?.sizeBytes);
    const shown = await (await fetch(`${address}/api/v1/summary`)).json();
    assert.equal(shown.databases[0].running.run, run);
    assert.equal(shown.databases[0].running.progress.stage, 'dump');

    dump.letGo();
    assert.equal((await backup.finished).exitCode, 0);
    assert.equal(here.newest().name, run);
    for (;;) {
      const { databases } = await (await fetch(`${address}/api/v1/summary`)).json();
      if (databases[0].running === null && databases[0].newestSuccess.run === run) break;
      t.signal.throwIfAborted();
    }
    await until(() => events.all.at(-1)?.event, 'changed');
    const stages = progress().map(({ stage }) => STAGES.indexOf(stage as never));
    assert.deepEqual(
      stages,
      stages.toSorted((one, other) => one - other),
    );
    assert.deepEqual(
      here.leftovers().filter((name) => name.startsWith('running/')),
      [],
    );
    serving.kill('SIGTERM');
    assert.equal((await serving.finished).exitCode, 0);
  });
});
