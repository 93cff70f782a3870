import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Layout, layoutOf } from '../../src/files/layout.ts';
import { type FollowedIndex, followIndex } from '../../src/server/run-index/follow.ts';
import { runNameOf } from '../../src/server/run-index/run-index.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';
import { REPORT_EXAMPLE } from '../report/report-example.ts';
import { writeReportFile } from './site.ts';

const LIMIT = { timeout: 60_000 };
/** Longer than any test: what is found is found by watching. */
const NEVER = 3_600_000;

for (const [way, options] of [
  ['watching', { rescanMilliseconds: NEVER }],
  ['looking again, as on a network volume', { isWatching: false, rescanMilliseconds: 20 }],
] as const) {
  test(`what comes, changes and goes is found by ${way}`, LIMIT, async (t) => {
    const { layout, followed, names } = await follow(t, options);
    assert.deepEqual(names(), []);
    writeReportFile(layout, 'a', {});
    await until(names, ['a']);
    writeReportFile(layout, 'b', { finishedAt: '3' });
    await until(names, ['b', 'a']);
    writeReportFile(layout, 'b', { finishedAt: '1' });
    await until(names, ['a', 'b']);
    renameSync(join(layout.reports, 'b.json'), join(layout.reports, 'c.json'));
    await until(names, ['a', 'c']);
    rmSync(join(layout.reports, 'a.json'));
    await until(names, ['c']);
    const record = { version: 1, run: 'c', database: 'd', artifacts: [], remote: [], awaitsUpload: true };
    writeFileSync(join(layout.records, 'c.json'), JSON.stringify(record));
    await until(() => followed.index.find(0, 'c')?.record?.awaitsUpload, true);
    mkdirSync(join(layout.running, 'community_20270110T020000Z_db01'));
    await until(() => followed.index.running.map(({ database }) => database), ['community']);
    rmSync(join(layout.running, 'community_20270110T020000Z_db01'), { recursive: true });
    await until(() => followed.index.running, []);
  });
}

test('a directory that appears later is watched from then on', LIMIT, async (t) => {
  const { layout, names } = await follow(t, { rescanMilliseconds: 20 }, () => {});
  writeReportFile(layout, 'a', {});
  await until(names, ['a']);
});

test('changes are told, and what is none is not', LIMIT, async (t) => {
  const { layout, followed, names } = await follow(t, { rescanMilliseconds: 20 });
  let told = 0;
  followed.onChange(() => {
    told += 1;
  });
  writeReportFile(layout, 'a', {});
  await until(names, ['a']);
  await until(() => told > 0, true);
  const before = followed.index.revision;
  const scannedAt = followed.scannedAt;
  await until(() => followed.scannedAt !== scannedAt, true);
  assert.equal(followed.index.revision, before);
});

test('half-written and broken: what was known stays, and is counted', LIMIT, async (t) => {
  const { layout, followed, names } = await follow(t, { rescanMilliseconds: 20 });
  const path = writeReportFile(layout, 'a', { finishedAt: '1' });
  const whole = JSON.stringify({ ...REPORT_EXAMPLE, finishedAt: '2' });
  const finish = () => followed.index.reported.items[0]?.report?.finishedAt;
  await until(finish, '1');
  writeFileSync(path, whole.slice(0, 100));
  await until(() => followed.unreadable().count, 1);
  assert.deepEqual([names(), finish()], [['a'], '1']);
  appendFileSync(path, whole.slice(100));
  await until(finish, '2');
  await until(() => followed.unreadable().count, 0);
});

test('a report that was broken before it was deleted is gone all the same', LIMIT, async (t) => {
  const { layout, followed, names } = await follow(t, { rescanMilliseconds: 20 });
  const path = writeReportFile(layout, 'a', {});
  await until(names, ['a']);
  writeFileSync(path, '{');
  await until(() => followed.unreadable().count, 1);
  rmSync(path);
  await until(names, []);
  await until(() => followed.unreadable().count, 0);
});

test('a name that is no UTF-8 is counted and named, as far as it can be', LIMIT, async (t) => {
  const { layout, followed, names } = await follow(t, { rescanMilliseconds: 20 }, (place) => {
    const path = Buffer.concat([
      Buffer.from(`${place.reports}/b`),
      Buffer.from([0xff]),
      Buffer.from('.json'),
    ]);
    writeReportFile(place, 'good', {});
    writeFileSync(path, WHOLE);
  });
  const unreadable = { count: 1, files: [join(layout.reports, 'b\uFFFD.json')] };
  assert.deepEqual([names(), followed.unreadable()], [['good'], unreadable]);
  const { scannedAt } = followed;
  await until(() => followed.scannedAt !== scannedAt, true);
  assert.deepEqual(followed.unreadable(), unreadable);
});

const WHOLE = JSON.stringify(REPORT_EXAMPLE);
const HOSTILE: Readonly<Record<string, (path: string) => void>> = {
  'an unescaped quote': (path) => writeFileSync(path, WHOLE.replace('""', '"no "table" there"')),
  'a file cut short': (path) => writeFileSync(path, WHOLE.slice(0, 200)),
  'an empty file': (path) => writeFileSync(path, ''),
  'JSON that is null': (path) => writeFileSync(path, 'null'),
  'an unknown status': (path) => writeFileSync(path, WHOLE.replace('SUCCESS', 'RUNNING')),
  'deeply nested JSON': (path) => writeFileSync(path, `${'['.repeat(400_000)}${']'.repeat(400_000)}`),
  'more than is ever read': (path) => writeFileSync(path, WHOLE + ' '.repeat(2 * 1024 * 1024)),
  'a text of half a megabyte': (path) =>
    writeFileSync(path, JSON.stringify({ ...REPORT_EXAMPLE, mode: 'x'.repeat(500_000) })),
  'a thousand addresses': (path) =>
    writeFileSync(path, JSON.stringify({ ...REPORT_EXAMPLE, remote: { urls: Array(1000).fill('oss://x') } })),
  'a directory': (path) => mkdirSync(path),
  'a FIFO that nobody writes to': (path) => execFileSync('mkfifo', [path]),
  'a link to /etc/passwd': (path) => symlinkSync('/etc/passwd', path),
  'a link to a good report': (path) => {
    writeFileSync(`${path}.target`, WHOLE);
    symlinkSync(`${path}.target`, path);
  },
  'a link to itself': (path) => symlinkSync(path, path),
  'a device': (path) => symlinkSync('/dev/zero', path),
};
for (const [what, make] of Object.entries(HOSTILE)) {
  for (const when of ['before the first look', 'later'] as const) {
    test(`${what}, there ${when}, is passed over, counted and named`, LIMIT, async (t) => {
      const options = { rescanMilliseconds: 20 };
      const bad = (layout: Layout) => make(join(layout.reports, 'bad.json'));
      const { layout, followed, names } = await follow(t, options, (place) => {
        writeReportFile(place, 'good', {});
        if (when === 'before the first look') bad(place);
      });
      if (when === 'later') bad(layout);
      await until(followed.unreadable, { count: 1, files: [join(layout.reports, 'bad.json')] });
      assert.deepEqual(names(), ['good']);
      assert.deepEqual(followed.problems, []);
    });
  }
}

test('names of unreadable files are told up to a number', LIMIT, async (t) => {
  const { followed } = await follow(t, {}, (layout) => {
    for (let count = 0; count < 50; count += 1) writeReportFile(layout, `bad${count}`, '{');
  });
  const { count, files } = followed.unreadable();
  assert.deepEqual([count, files.length], [50, 20]);
});

test('files that are gone before they are read are no fault', LIMIT, async (t) => {
  const { layout, followed, names } = await follow(t, { rescanMilliseconds: 5 });
  for (let round = 0; round < 200; round += 1) {
    rmSync(writeReportFile(layout, `gone${round}`, {}));
    if (round % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  writeReportFile(layout, 'last', {});
  await until(names, ['last']);
  assert.deepEqual(followed.unreadable(), { count: 0, files: [] });
});

test('a directory that cannot be listed any more is told, and what was known stays', LIMIT, async (t) => {
  const { layout, followed, names } = await follow(t, { rescanMilliseconds: 20 }, (place) => {
    writeReportFile(place, 'a', {});
  });
  renameSync(layout.reports, `${layout.reports}.away`);
  writeFileSync(layout.reports, 'no directory');
  await until(() => followed.problems.length, 1);
  assert.deepEqual(names(), ['a']);
  rmSync(layout.reports);
  renameSync(`${layout.reports}.away`, layout.reports);
  await until(() => followed.problems.length, 0);
  // A scan between the two may have met no directory at all.
  await until(names, ['a']);
});

interface Following {
  readonly layout: Layout;
  readonly followed: FollowedIndex;
  /** Of the runs with a report, in their order. */
  names(): string[];
}

async function follow(
  t: TestContext,
  options: { isWatching?: boolean; rescanMilliseconds?: number },
  prepare?: (layout: Layout) => void,
): Promise<Following> {
  const directory = temporaryDirectory(t);
  const layout = layoutOf(directory);
  if (prepare === undefined)
    for (const path of [layout.reports, layout.records, layout.running]) mkdirSync(path);
  prepare?.(layout);
  const controller = new AbortController();
  t.after(() => controller.abort());
  const followed = followIndex({
    baseDirectories: [directory],
    signal: controller.signal,
    clock: () => new Date(),
    ...options,
  });
  await followed.ready;
  return { layout, followed, names: () => followed.index.reported.items.map(runNameOf) };
}
