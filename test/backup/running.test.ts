import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tryFileLock } from '../../src/backup/file-lock.ts';
import { claimDeadRun, type DeadRun, markedRuns, markRunning, readBootId } from '../../src/backup/running.ts';
import { type Layout, layoutOf } from '../../src/files/layout.ts';
import { startChildScript } from '../harness/child-script.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { journalOf, leaveDeadRun } from './dead-run.ts';

const PATH = process.env['PATH'];
const RUN = 'community_20251011T180000Z_db01';

test('a run that is under way is marked with its journal, privately, until the mark is taken away', async (t) => {
  const layout = newLayout(t);
  const mark = await markRunning(layout, journalOf(RUN), PATH);
  assert.ok(mark);
  assert.deepEqual(await markedRuns(layout), [RUN]);
  assert.deepEqual(
    JSON.parse(readFileSync(join(layout.running, RUN, 'journal.json'), 'utf8')),
    journalOf(RUN),
  );
  assert.equal(statSync(join(layout.running, RUN)).mode & 0o777, 0o700);
  await mark.remove();
  assert.deepEqual(readdirSync(layout.running), []);
});

test('no run is marked where no directory is', async (t) => {
  assert.deepEqual(await markedRuns(newLayout(t)), []);
});

test('a second run of the same name is not marked, and leaves the first alone', async (t) => {
  const layout = newLayout(t);
  const mark = await markRunning(layout, journalOf(RUN), PATH);
  assert.ok(mark);
  assert.equal(await markRunning(layout, { ...journalOf(RUN), host: 'other' }, PATH), false);
  assert.deepEqual(readdirSync(layout.running), [RUN]);
  assert.match(readFileSync(join(layout.running, RUN, 'journal.json'), 'utf8'), /"host": "db"/);
  await mark.remove();
});

test('a run that is alive cannot be claimed', async (t) => {
  const layout = newLayout(t);
  const mark = await markRunning(layout, journalOf(RUN), PATH);
  assert.ok(mark);
  assert.equal(await claim(layout), undefined);
  await mark.remove();
  assert.equal(await claim(layout), undefined, 'nor one that has ended');
});

test('a run whose process was killed can be claimed, with its journal and its last sign of life', {
  timeout: 30_000,
}, async (t) => {
  const layout = newLayout(t);
  const runner = startChildScript(t, new URL('./mark-runs.ts', import.meta.url), [layout.base, RUN]);
  assert.equal(await runner.nextLine(), 'marked 1');
  assert.equal(await claim(layout), undefined);
  runner.child.kill('SIGKILL');
  await runner.ended;
  const dead = await claimEventually(layout);
  assert.deepEqual(dead.journal, journalOf(RUN));
  assert.equal(
    dead.lastSignOfLife.getTime(),
    statSync(join(layout.running, RUN, 'journal.json')).mtime.getTime(),
  );
  await dead.remove();
  assert.deepEqual(readdirSync(layout.running), []);
});

test('of two processes that claim the same dead run, one wins', { timeout: 60_000 }, async (t) => {
  const layout = newLayout(t);
  for (let round = 0; round < 5; round += 1) {
    leaveDeadRun(layout, journalOf(RUN));
    const script = new URL('./claim-run.ts', import.meta.url);
    const claimants = [1, 2].map(() => startChildScript(t, script, [layout.base, RUN]));
    const answers = await Promise.all(claimants.map((claimant) => claimant.nextLine()));
    assert.deepEqual(answers.sort(), ['claimed', 'not mine']);
    for (const { child } of claimants) child.stdin?.end();
    await Promise.all(claimants.map(({ ended }) => ended));
    assert.deepEqual(readdirSync(layout.running), []);
  }
});

test('a claim that is left goes to the next one', async (t) => {
  const layout = newLayout(t);
  leaveDeadRun(layout, journalOf(RUN));
  const first = await claim(layout);
  assert.ok(first);
  assert.equal(await claim(layout), undefined);
  await first.leave();
  const second = await claim(layout);
  assert.ok(second);
  await second.remove();
});

test('a run of another machine counts as dead only after fifteen minutes of silence', async (t) => {
  const layout = newLayout(t);
  leaveDeadRun(layout, { ...journalOf(RUN), bootId: 'another machine' });
  const journal = join(layout.running, RUN, 'journal.json');
  const beat = (minutesAgo: number): void =>
    utimesSync(journal, new Date(), new Date(Date.now() - minutesAgo * 60_000));
  beat(14);
  assert.equal(await claim(layout), undefined);
  beat(16);
  const dead = await claim(layout);
  assert.ok(dead, 'the first look did not keep the lock');
  await dead.remove();
});

test('a journal that a power cut left empty or broken stops nobody and holds no lock', async (t) => {
  const layout = newLayout(t);
  for (const text of ['', '{"run": "comm', 'null', '[]']) {
    leaveDeadRun(layout, journalOf(RUN));
    writeFileSync(join(layout.running, RUN, 'journal.json'), text);
    const dead = await claim(layout);
    await dead?.leave();
    const lock = await tryFileLock(join(layout.running, RUN, 'lock'), PATH);
    assert.ok(lock, text);
    await lock.release();
  }
});

test('a mark is never seen half made', { timeout: 60_000 }, async (t) => {
  const layout = newLayout(t);
  const COUNT = 40;
  const runs = Array.from({ length: COUNT }, (_, index) => `${RUN}${index}`);
  const runner = startChildScript(t, new URL('./mark-runs.ts', import.meta.url), [layout.base, ...runs]);
  let isDone = false;
  const done = runner.nextLine().then((line) => {
    isDone = true;
    return line;
  });
  let looks = 0;
  while (!isDone) {
    for (const run of await markedRuns(layout)) {
      assert.equal(JSON.parse(readFileSync(join(layout.running, run, 'journal.json'), 'utf8')).run, run);
      assert.equal(await claim(layout, run), undefined, 'locked from its first moment');
      looks += 1;
    }
  }
  assert.equal(await done, `marked ${COUNT}`);
  assert.ok(looks > 10, `${looks}: marks were seen while others were made`);
  runner.child.kill('SIGKILL');
  await runner.ended;
});

function newLayout(t: TestContext): Layout {
  return layoutOf(temporaryDirectory(t));
}

function claim(layout: Layout, run = RUN): Promise<DeadRun | undefined> {
  return claimDeadRun(layout, run, PATH, readBootId());
}

/** The kernel frees the lock of a killed process a moment after its parent hears of its end. */
async function claimEventually(layout: Layout): Promise<DeadRun> {
  let dead: DeadRun | undefined;
  for (let attempt = 0; !dead && attempt < 500; attempt += 1) dead = await claim(layout);
  return dead ?? assert.fail('the run of a killed process cannot be claimed');
}
