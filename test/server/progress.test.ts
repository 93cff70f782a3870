import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Layout } from '../../src/files/layout.ts';
import { until } from '../integration/until.ts';
import { recordRun } from '../schedule/recorded-run.ts';
import { readEvents } from './read-events.ts';
import { type RunningSite, startSite } from './site.ts';

const LIMIT = { timeout: 30_000 };
const RUN = 'community_20270110T115000Z_h';
const STARTED_AT = '2027-01-10T11:50:00.000Z';
const TIMES = { stageStartedAt: '2027-01-10T11:50:01.000Z', updatedAt: '2027-01-10T11:59:59.000Z' };
const DUMP = { version: 1, stage: 'dump', ...TIMES, bytesDone: 40, yardstickBytes: 9000 };

test('the summary shows what a run under way is doing', LIMIT, async (t) => {
  const { layout, running } = await start(t);
  const shows = (progress: object | null) =>
    running((one) => assert.deepEqual(one, { run: RUN, startedAt: STARTED_AT, progress }));
  await shows(null);
  tell(layout, DUMP);
  // As large as the last one: the database may be many times as large.
  await shows({ stage: 'dump', ...TIMES, doneBytes: 40, expectedBytes: 100 });
  tell(layout, { ...DUMP, stage: 'upload' });
  await shows({ stage: 'upload', ...TIMES, doneBytes: 40, expectedBytes: 9000 });
  tell(layout, { version: 1, stage: 'verify', ...TIMES });
  await shows({ stage: 'verify', ...TIMES, doneBytes: null, expectedBytes: null });
  rmSync(join(layout.running, RUN, 'progress.json'));
  await shows(null);
  endRun(layout);
  await running((one) => assert.equal(one, null));
});

test('before the first success nobody knows how large a dump will be', LIMIT, async (t) => {
  const { layout, running } = await start(t, () => {});
  tell(layout, DUMP);
  await running((one) =>
    assert.deepEqual(one?.progress, { stage: 'dump', ...TIMES, doneBytes: 40, expectedBytes: null }),
  );
});

test('events tell each reader of progress whenever there is some, and of the end', LIMIT, async (t) => {
  const { layout, address } = await start(t);
  const event = {
    ...{ run: RUN, database: 'community', startedAt: STARTED_AT, stage: 'dump' },
    ...{ ...TIMES, doneBytes: 40, expectedBytes: 100 },
  };
  const first = await readEvents(t, `${address}/api/v1/events`);
  tell(layout, DUMP);
  await until(() => first.named('progress'), [event]);
  tell(layout, { ...DUMP, bytesDone: 50 });
  await until(() => first.named('progress'), [event, { ...event, doneBytes: 50 }]);
  const second = await readEvents(t, `${address}/api/v1/events`);
  await until(() => second.all.map(({ event: name }) => name), ['changed', 'progress']);
  assert.deepEqual(second.named('progress'), [{ ...event, doneBytes: 50 }]);
  first.close();
  // The same again, which is no news, and then some.
  tell(layout, { ...DUMP, bytesDone: 50 });
  tell(layout, { ...DUMP, stage: 'verify', bytesDone: 50 });
  await until(() => second.named('progress').length, 2);
  assert.equal((second.named('progress')[1] as { stage: string }).stage, 'verify');
  endRun(layout);
  await until(() => second.all.at(-1)?.event, 'changed');
});

test('as long as nobody listens it is looked at seldom, and a new reader is told soon', LIMIT, async (t) => {
  const { layout, address, site } = await start(t);
  const [marked] = site.followed.index.running;
  assert.ok(marked);
  const known = () => site.progress.of(marked)?.bytesDone;
  const reader = await readEvents(t, `${address}/api/v1/events`);
  tell(layout, DUMP);
  await until(known, 40);
  reader.close();
  // The server hears of it soon. Some looks at everything take longer than many at this.
  let doneBytes = 40;
  do {
    doneBytes += 1;
    tell(layout, { ...DUMP, bytesDone: doneBytes });
    for (let count = 0; count < 4; count += 1) {
      const before = site.followed.scannedAt;
      await until(() => site.followed.scannedAt !== before, true);
    }
    t.signal.throwIfAborted();
  } while (known() === doneBytes);
  const next = await readEvents(t, `${address}/api/v1/events`);
  await until(() => (next.named('progress').at(-1) as { doneBytes: number }).doneBytes, doneBytes);
});

const HOSTILE: Readonly<Record<string, (path: string) => void>> = {
  'a text of a megabyte': (path) =>
    writeFileSync(path, JSON.stringify({ ...DUMP, x: 'x'.repeat(1_000_000) })),
  'an unknown stage': (path) => writeFileSync(path, JSON.stringify({ ...DUMP, stage: 'event: evil\n\n' })),
  'a torn file': (path) => writeFileSync(path, '{"version":1,'),
  'a directory': (path) => mkdirSync(path),
  'a link': (path) => symlinkSync('/etc/passwd', path),
};
for (const [what, make] of Object.entries(HOSTILE)) {
  test(`${what} where progress should be tells nothing, and hinders no other run`, LIMIT, async (t) => {
    const other = 'shop_20270110T115500Z_h';
    const { layout, address, get } = await start(t);
    make(join(layout.running, RUN, 'progress.json'));
    mkdirSync(join(layout.running, other));
    const reader = await readEvents(t, `${address}/api/v1/events`);
    tell(layout, DUMP, other);
    await until(() => reader.named('progress').map((one) => (one as { run: string }).run), [other]);
    const { status, body } = await get('/api/v1/summary');
    assert.equal(status, 200);
    const [one] = (body as { databases: { running: { progress: unknown } }[] }).databases;
    assert.equal(one?.running.progress, null);
  });
}

interface Running {
  readonly run: string;
  readonly startedAt: string;
  readonly progress: unknown;
}

/** A site with a run under way; `running` asks the summary until the check passes. */
async function start(
  t: TestContext,
  history = (layout: Layout): unknown =>
    recordRun(layout, {
      startedAt: '2027-01-10T02:00:00Z',
      record: { artifacts: [{ name: 'x.dump', sizeBytes: 100, sha256: '' }] },
    }),
): Promise<RunningSite & { running(check: (running: Running | null) => void): Promise<void> }> {
  const site = await startSite(t, {
    follow: { intervalMilliseconds: 10 },
    prepare(layout) {
      history(layout);
      mkdirSync(join(layout.running, RUN), { recursive: true });
    },
  });
  return {
    ...site,
    async running(check) {
      // Without readers it is looked at every ten seconds.
      const reader = await readEvents(t, `${site.address}/api/v1/events`);
      for (;;) {
        const { body } = await site.get('/api/v1/summary');
        try {
          check((body as { databases: { running: Running | null }[] }).databases[0]?.running ?? null);
          break;
        } catch (error) {
          if (t.signal.aborted) throw error;
        }
      }
      reader.close();
    },
  };
}

/** As the run itself does: atomically. */
function tell(layout: Layout, progress: object, run = RUN): void {
  const path = join(layout.running, run, 'progress.json');
  writeFileSync(`${path}.draft`, JSON.stringify(progress));
  renameSync(`${path}.draft`, path);
}

function endRun(layout: Layout): void {
  rmSync(join(layout.running, RUN), { recursive: true });
}
