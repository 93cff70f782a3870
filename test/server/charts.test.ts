import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import prettyBytes from 'pretty-bytes';
import { humanDuration } from '../../src/notify/figures.ts';
import { Calendar, type CalendarDay } from '../../src/server/charts/calendar.tsx';
import { roundLevels } from '../../src/server/charts/levels.ts';
import { LineChart, type LineChartProps } from '../../src/server/charts/line-chart.tsx';
import { type Point, thinned } from '../../src/server/charts/series.ts';
import { Timeline, type TimelineStage } from '../../src/server/charts/timeline.tsx';
import { placeOfDay } from '../../src/server/charts/weeks.ts';
import { htmlText } from '../../src/server/page/html.ts';

const DAY = 24 * 60 * 60 * 1000;
const START = Date.UTC(2027, 0, 1);
const NO_NUMBER = /NaN|undefined|Infinity|null/;

function lineChart(points: readonly Point[], changes: Partial<LineChartProps> = {}): string {
  return htmlText(
    LineChart({
      title: 'Size',
      summary: 'It grows',
      points,
      formatValue: (value) => `${value} B`,
      formatTime: (at) => new Date(at).toISOString().slice(0, 10),
      language: 'en',
      ...changes,
    }),
  );
}

function series(values: readonly number[], changes: Partial<Point> = {}): Point[] {
  return values.map((value, index) => ({ at: START + index * DAY, value, ...changes }));
}

test('a line chart tells in its summary and its table what it draws, the newest first', () => {
  const html = lineChart([
    ...series([3, 1]),
    { at: START + 2 * DAY, value: 2, isFailed: true, href: 'runs/x' },
  ]);
  assert.match(html, /<svg class="chart-drawing" role="group" aria-label="Size"><desc>It grows<\/desc>/);
  assert.deepEqual(cellsOf(html), ['2027-01-03', '2 B (failed)', '2027-01-02', '1 B', '2027-01-01', '3 B']);
  assert.match(html, /<a href="runs\/x" aria-label="2027-01-03 · 2 B · failed">/);
  assert.equal(html.match(/chart-cross/g)?.length, 1);
  assert.equal(html.match(/chart-dot/g)?.length, 2);
  const linked = lineChart(series([1, 2, 3], { href: 'runs/y' }));
  assert.equal(linked.match(/tabindex="-1"/g)?.length, 2, 'the keyboard stops at the newest');
  assert.match(lineChart(series([1, 2])), /<svg class="chart-drawing" role="img"/);
  assert.match(lineChart(series([1]), { language: 'zh' }), /以表格显示/);
});

test('the line runs through its points in order of time, from the floor up', () => {
  const pathOf = (points: Point[]) => /<path class="chart-line" d="([^"]+)"/.exec(lineChart(points))?.[1];
  assert.equal(pathOf(series([0, 100, 50])), 'M14,84L56,12L98,48');
  assert.equal(pathOf(series([0, 100, 50]).toReversed()), 'M14,84L56,12L98,48');
  assert.equal(pathOf(series([0, 0])), 'M14,84L98,84');
});

test('levels are round in the words that are shown', () => {
  const seconds = (value: number): string => humanDuration(value, 'en');
  const texts = (high: number, textOf: (value: number) => string) => roundLevels(0, high, textOf).map(textOf);
  assert.deepEqual(texts(2911, seconds), ['0 s', '20 min 00 s', '40 min 00 s', '1 h 00 min']);
  assert.deepEqual(texts(93, seconds), ['0 s', '1 min 00 s', '2 min 00 s']);
  assert.deepEqual(texts(1.59e9, prettyBytes), ['0 B', '1 GB', '2 GB']);
  assert.deepEqual(texts(1e15, prettyBytes), ['0 B', '500 TB', '1 PB']);
  assert.deepEqual(roundLevels(-3, 4, String), [-4, -2, 0, 2, 4]);
  fc.assert(
    fc.property(
      fc.double({ min: 1e-9, noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: -1e9, max: 0 }),
      (high, low) => {
        fc.pre(high > low);
        const levels = roundLevels(low, high, String);
        assert.ok(levels.length >= 2 && levels.length <= 6, levels.join());
        assert.ok((levels[0] ?? 1) <= low && (levels.at(-1) ?? -1) >= high * (1 - 1e-9), levels.join());
      },
    ),
  );
});

test('no series breaks a line chart', () => {
  assert.match(lineChart([]), /Nothing to show yet/);
  assert.doesNotMatch(lineChart([]), /<svg|<table/);
  for (const values of [
    [7],
    [0],
    [0, 0, 0],
    [5, 5, 5],
    [-3, 4],
    [1e15, 1e15 + 1],
    [Number.MAX_VALUE, 1],
    [Number.MIN_VALUE],
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ]) {
    assert.doesNotMatch(lineChart(series(values)), NO_NUMBER, values.join());
  }
  const twice = [START, START, Number.NaN].map((at) => ({ at, value: 1 }));
  assert.equal(cellsOf(lineChart(twice)).length, 4);
  const html = lineChart(series(Array.from({ length: 10_000 }, (_, index) => index % 97)));
  assert.ok(html.length < 200_000, String(html.length));
  assert.match(html, /9900 earlier ones are left out/);
});

test('thinning keeps the ends, the extremes and the first failure', () => {
  const numbers = fc.array(fc.tuple(fc.integer(), fc.boolean()), { minLength: 200, maxLength: 400 });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 30 }), (given, spans) => {
      const points = given.map(([value, isFailed], index) => ({ at: index, value, isFailed }));
      const kept = thinned(points, spans);
      assert.ok(kept.length <= (spans + 1) * 5);
      const values = given.map(([value]) => value);
      const keptValues = kept.map(({ value }) => value);
      assert.equal(Math.min(...keptValues), Math.min(...values));
      assert.equal(Math.max(...keptValues), Math.max(...values));
      assert.deepEqual([kept[0], kept.at(-1)], [points[0], points.at(-1)]);
      const isFailed = (point: Point): boolean => point.isFailed === true;
      assert.equal(kept.find(isFailed), points.find(isFailed));
    }),
  );
});

test('weeks are columns that begin on Monday', () => {
  assert.deepEqual(placeOfDay('2027-01-04', '2027-01-04'), { column: 0, row: 0 });
  assert.deepEqual(placeOfDay('2027-01-10', '2027-01-04'), { column: 0, row: 6 });
  assert.deepEqual(placeOfDay('2027-01-11', '2027-01-10'), { column: 1, row: 0 });
  assert.deepEqual(placeOfDay('1969-12-28', '1969-12-22'), { column: 0, row: 6 });
  assert.equal(placeOfDay('2027-13-01', '2027-01-04'), undefined);
});

test('a calendar has a sign for each day and each state, and stops at failures only', () => {
  const days: CalendarDay[] = [
    { date: '2026-12-30', state: 'good', text: '2 backups', href: '?day=1' },
    { date: '2026-12-31', state: 'failed', text: 'UPLOAD_FAILED', href: '?day=2' },
    { date: '2027-01-01', state: 'mixed', text: '1 of 2', href: '?day=3' },
    { date: '2027-01-02', state: 'none', text: 'no backup' },
    { date: '2027-02-01', state: 'future', text: '' },
  ];
  const html = htmlText(Calendar({ title: 'Days', days, language: 'en' }));
  assert.match(html, /<desc>good: 1 · some failed: 1 · failed: 1 · none: 1<\/desc>/);
  assert.match(html, /<a href="\?day=1" aria-label="2026-12-30: 2 backups" tabindex="-1">/);
  assert.match(html, /<a href="\?day=2" aria-label="2026-12-31: UPLOAD_FAILED">/);
  assert.match(html, /<a href="\?day=3" aria-label="2027-01-01: 1 of 2">/);
  assert.match(html, /<title>2027-01-02: no backup<\/title>/);
  for (const state of ['good', 'failed', 'mixed', 'none'])
    assert.equal(html.match(new RegExp(`day-sign-${state}"`, 'g'))?.length, 2, state);
  // The end of December has no room for its name.
  assert.deepEqual(labelsOf(html), ['Jan', 'Feb', 'Mon', 'Wed', 'Fri']);
  const chinese = htmlText(Calendar({ title: '日历', days, language: 'zh' }));
  assert.deepEqual(labelsOf(chinese), ['1月', '2月', '周一', '周三', '周五']);
  assert.match(chinese, /部分失败/);
});

test('a calendar without days, with a day that is none, and of a year', () => {
  const calendar = (days: CalendarDay[]) => htmlText(Calendar({ title: 'Days', days, language: 'en' }));
  assert.match(calendar([]), /Nothing to show yet/);
  assert.match(calendar([{ date: 'x', state: 'good', text: '' }]), /Nothing to show yet/);
  const year = Array.from({ length: 366 }, (_, index): CalendarDay => {
    const date = new Date(START + index * DAY).toISOString().slice(0, 10);
    return { date, state: 'good', text: '' };
  });
  assert.match(calendar(year), /<div class="calendar-sheet calendar-wide" tabindex="0" role="group"/);
  assert.doesNotMatch(calendar(year.slice(0, 84)), /tabindex/);
  assert.equal(calendar(year.toReversed()), calendar(year));
});

test('a timeline tells of each stage when and how long, and of a failure in words', () => {
  const html = timeline([
    { name: 'dump', startSeconds: 0, durationSeconds: 60 },
    { name: 'upload', startSeconds: 60, durationSeconds: 30, isFailed: true, note: 'cut off' },
    { name: 'report', startSeconds: 119.999, durationSeconds: 0 },
  ]);
  assert.match(html, /2 min 00 s in all/);
  assert.match(html, /upload: 30 s, after 1 min 00 s, failed, cut off/);
  assert.match(html, /✗ upload \(failed\)/);
  assert.deepEqual(barsOf(html), ['0% 50%', '50% 25%', '99.4% 0.6%']);
  assert.match(timeline([], 'zh'), /暂无数据/);
});

test('no stages break a timeline', () => {
  const nothing = {
    title: 'Stages',
    stages: [{ name: 'lock', startSeconds: 0, durationSeconds: 0 }],
    totalSeconds: 0,
  };
  assert.deepEqual(barsOf(htmlText(Timeline({ ...nothing, language: 'en' }))), ['0% 0.6%']);
  const stage = (startSeconds: number, durationSeconds: number): TimelineStage => ({
    name: 'dump',
    startSeconds,
    durationSeconds,
  });
  for (const stages of [
    [stage(0, 0)],
    [stage(-5, 1)],
    [stage(0, 1e15)],
    [stage(500, 500)],
    [stage(Number.NaN, 1), stage(0, Number.POSITIVE_INFINITY)],
  ]) {
    for (const totalSeconds of [0, 1, Number.NaN, -1]) {
      const html = htmlText(Timeline({ title: 'Stages', stages, totalSeconds, language: 'en' }));
      assert.doesNotMatch(html, NO_NUMBER);
      for (const bar of barsOf(html)) {
        const [from = 0, width = 0] = bar.split(' ').map(Number.parseFloat);
        assert.ok(from >= 0 && width > 0 && from + width <= 100.01, bar);
      }
    }
  }
});

test('stages that go on at the same time have a bar each, in its own place', () => {
  const html = timeline([
    { name: 'dump', startSeconds: 0, durationSeconds: 60 },
    { name: 'verify', startSeconds: 6, durationSeconds: 60 },
    { name: 'globals', startSeconds: 6, durationSeconds: 12 },
  ]);
  assert.deepEqual(barsOf(html), ['0% 50%', '5% 50%', '5% 10%']);
});

test('nothing of a chart is markup of somebody else, and no style needs a permission', () => {
  const evil = '"><script>alert(1)</script>';
  const all = [
    lineChart(series([1, 2], { isFailed: true, href: evil }), {
      title: evil,
      summary: evil,
      formatTime: () => evil,
    }),
    htmlText(
      Calendar({
        title: evil,
        days: [{ date: '2027-01-01', state: 'failed', text: evil, href: evil }],
        language: 'en',
      }),
    ),
    timeline([{ name: evil, startSeconds: 0, durationSeconds: 1, note: evil, isFailed: true }], 'en', evil),
  ];
  for (const html of all) {
    assert.doesNotMatch(html, /<script| style=| on[a-z]+=/);
    assert.match(html, /&lt;script/);
  }
});

function timeline(stages: TimelineStage[], language: 'en' | 'zh' = 'en', title = 'Stages'): string {
  return htmlText(Timeline({ title, stages, totalSeconds: 120, language }));
}

function cellsOf(html: string): string[] {
  return [...html.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell = '']) => cell.replaceAll(/<[^>]*>/g, ''));
}

function labelsOf(html: string): (string | undefined)[] {
  return [...html.matchAll(/<text class="calendar-label"[^>]*>([^<]*)/g)].map(([, label]) => label);
}

function barsOf(html: string): string[] {
  return [...html.matchAll(/timeline-bar" x="([^"]+)" width="([^"]+)"/g)].map(
    ([, x, width]) => `${x} ${width}`,
  );
}
