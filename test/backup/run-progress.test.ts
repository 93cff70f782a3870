import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { repairKilledRuns } from '../../src/backup/repair.ts';
import { type RunProgress, readProgress, tellProgress } from '../../src/backup/run-progress.ts';
import { type Layout, layoutOf } from '../../src/files/layout.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { smallDisk } from '../integration/small-disk.ts';
import { until } from '../integration/until.ts';
import { journalOf, leaveDeadRun } from './dead-run.ts';
import { recordingContext } from './recording-context.ts';

const LIMIT = { timeout: 30_000 };
const RUN = 'community_20251011T180000Z_db01';
const SHOWN = { start: () => () => {}, clear: () => {} };
const NOW = '2027-01-10T12:00:00.000Z';
const GOOD: RunProgress = { version: 1, stage: 'dump', stageStartedAt: NOW, bytesDone: 5, updatedAt: NOW };
const QUICK = 5;
/** Longer than any test. */
const NEVER = 3_600_000;

test('each stage is told at once, privately, and shown as before', LIMIT, async (t) => {
  const { layout, file } = marked(t);
  const shown: string[] = [];
  const show = {
    start: (stage: string) => {
      shown.push(`start ${stage}`);
      return () => shown.push(`stop ${stage}`);
    },
    clear: () => shown.push('clear'),
  };
  const progress = tellProgress(show, layout, RUN, () => new Date(NOW), NEVER);
  const stop = progress.start('lock');
  await progress.settled();
  assert.deepEqual(read(file), { version: 1, stage: 'lock', stageStartedAt: NOW, updatedAt: NOW });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  stop();
  progress.start('upload', () => ({ bytesDone: 3, yardstickBytes: 9 }))();
  progress.clear();
  await progress.settled();
  assert.deepEqual(await readProgress(layout, RUN), {
    ...{ version: 1, stage: 'upload', stageStartedAt: NOW, updatedAt: NOW },
    ...{ bytesDone: 3, yardstickBytes: 9 },
  });
  assert.deepEqual(shown, ['start lock', 'stop lock', 'start upload', 'stop upload', 'clear']);
  assert.deepEqual(readdirSync(join(layout.running, RUN)).sort(), ['journal.json', 'lock', 'progress.json']);
});

test('bytes are told as they grow, and nothing after the end of the stage', LIMIT, async (t) => {
  const { layout, file } = marked(t);
  let bytesDone = 0;
  let asked = 0;
  const progress = tellProgress(SHOWN, layout, RUN, () => new Date(), QUICK);
  const stop = progress.start('dump', () => {
    asked += 1;
    return { bytesDone };
  });
  await until(() => read(file)?.bytesDone, 0);
  const { stageStartedAt } = read(file) ?? {};
  bytesDone = 42;
  await until(() => read(file)?.bytesDone, 42);
  assert.equal(read(file)?.stageStartedAt, stageStartedAt);
  stop();
  const before = asked;
  let ticks = 0;
  const other = progress.start('verify', () => {
    ticks += 1;
    return {};
  });
  await until(() => ticks > 3, true);
  other();
  assert.equal(asked, before);
});

test(
  'of stages that go on at the same time the oldest is told, and then at once the next one',
  LIMIT,
  async (t) => {
    const { layout, file } = marked(t);
    const progress = tellProgress(SHOWN, layout, RUN, () => new Date(NOW), NEVER);
    const endDump = progress.start('dump');
    const endVerify = progress.start('verify', () => ({ bytesDone: 7 }));
    progress.start('globals')();
    await progress.settled();
    assert.equal(read(file)?.stage, 'dump');
    endDump();
    await progress.settled();
    assert.deepEqual([read(file)?.stage, read(file)?.bytesDone], ['verify', 7]);
    endVerify();
  },
);

test('what has not changed is not written again', LIMIT, async (t) => {
  const { layout, file } = marked(t);
  let ticks = 0;
  const progress = tellProgress(SHOWN, layout, RUN, () => new Date(), QUICK);
  const stop = progress.start('verify', () => {
    ticks += 1;
    return {};
  });
  await progress.settled();
  const { ino } = statSync(file);
  await until(() => ticks > 5, true);
  stop();
  await progress.settled();
  assert.equal(statSync(file).ino, ino);
});

test('whoever reads sees a whole file or none', LIMIT, async (t) => {
  const { layout, file } = marked(t);
  let bytesDone = 0;
  const progress = tellProgress(SHOWN, layout, RUN, () => new Date(), 1);
  const stop = progress.start('dump', () => {
    bytesDone += 1;
    return { bytesDone };
  });
  await until(() => existsSync(file), true);
  const seen = new Set<number | undefined>();
  while (seen.size < 50) seen.add((await readProgress(layout, RUN))?.bytesDone);
  stop();
  await progress.settled();
  assert.ok(!seen.has(undefined));
});

test('figures that cannot be had are left out', LIMIT, async (t) => {
  const { layout, file } = marked(t);
  const progress = tellProgress(SHOWN, layout, RUN, () => new Date(), NEVER);
  progress.start('dump', () => {
    throw new Error('EIO');
  })();
  await progress.settled();
  assert.deepEqual([read(file)?.stage, read(file)?.bytesDone], ['dump', undefined]);
});

test('where nothing can be written nothing happens, and nothing appears later', LIMIT, async (t) => {
  const layout = layoutOf(temporaryDirectory(t));
  const progress = tellProgress(SHOWN, layout, RUN, () => new Date(), QUICK);
  progress.start('dump')();
  await progress.settled();
  assert.equal(existsSync(layout.running), false);
});

test('a full disk stops it silently, and room lets it go on', {
  ...LIMIT,
  skip: missing('tmpfs'),
}, async (t) => {
  const layout = layoutOf(await smallDisk(t, 64 * 1024));
  leaveDeadRun(layout, journalOf(RUN));
  let bytesDone = 1;
  let ticks = 0;
  const progress = tellProgress(SHOWN, layout, RUN, () => new Date(), QUICK);
  const stop = progress.start('dump', () => {
    ticks += 1;
    return { bytesDone };
  });
  const told = async () => (await readProgress(layout, RUN))?.bytesDone;
  await progress.settled();
  assert.equal(await told(), 1);
  const filler = join(layout.base, 'filler');
  assert.throws(() => appendFileSync(filler, Buffer.alloc(128 * 1024)), { code: 'ENOSPC' });
  bytesDone = 2;
  const before = ticks;
  await until(() => ticks > before + 3, true);
  await progress.settled();
  assert.equal(await told(), 1);
  rmSync(filler);
  bytesDone = 3;
  const file = join(layout.running, RUN, 'progress.json');
  await until(() => read(file)?.bytesDone, 3);
  stop();
  await progress.settled();
});

test('what a killed run told goes with its mark', LIMIT, async (t) => {
  const { layout, file } = marked(t);
  await ensureLayout(layout);
  for (const path of [file, `${file}.draft`]) writeFileSync(path, JSON.stringify(GOOD));
  await repairKilledRuns(recordingContext(layout.base).context);
  assert.deepEqual(readdirSync(layout.running), []);
});

const HOSTILE: Readonly<Record<string, (path: string) => void>> = {
  'no file': () => {},
  'an empty file': (path) => writeFileSync(path, ''),
  'a torn file': (path) => writeFileSync(path, JSON.stringify(GOOD).slice(0, 30)),
  'more than is ever read': (path) => writeFileSync(path, JSON.stringify(GOOD) + ' '.repeat(5000)),
  'an unknown version': (path) => writeFileSync(path, JSON.stringify({ ...GOOD, version: 2 })),
  'an unknown stage': (path) => writeFileSync(path, JSON.stringify({ ...GOOD, stage: '<b>' })),
  'fewer than no bytes': (path) => writeFileSync(path, JSON.stringify({ ...GOOD, bytesDone: -1 })),
  'more bytes than can be counted': (path) =>
    writeFileSync(path, JSON.stringify({ ...GOOD, bytesDone: 1e300 })),
  'a text for bytes': (path) => writeFileSync(path, JSON.stringify({ ...GOOD, yardstickBytes: '5' })),
  'a time that is none': (path) =>
    writeFileSync(path, JSON.stringify({ ...GOOD, updatedAt: '2027-13-01T00:00:00.000Z' })),
  'a directory': (path) => mkdirSync(path),
  'a FIFO that nobody writes to': (path) => execFileSync('mkfifo', [path]),
  'a link to a good file': (path) => {
    writeFileSync(`${path}.target`, JSON.stringify(GOOD));
    symlinkSync(`${path}.target`, path);
  },
  'a device': (path) => symlinkSync('/dev/zero', path),
};
for (const [what, make] of Object.entries(HOSTILE)) {
  test(`${what} tells nothing`, LIMIT, async (t) => {
    const { layout, file } = marked(t);
    make(file);
    assert.equal(await readProgress(layout, RUN), undefined);
  });
}

function marked(t: TestContext): { readonly layout: Layout; readonly file: string } {
  const layout = layoutOf(temporaryDirectory(t));
  leaveDeadRun(layout, journalOf(RUN));
  return { layout, file: join(layout.running, RUN, 'progress.json') };
}

function read(file: string): RunProgress | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as RunProgress) : undefined;
}
