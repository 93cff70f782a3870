import type { Text } from '../src/language.ts';
import type { Result, SideResult } from './results.ts';
import { BASELINE } from './sides.ts';

export interface JudgedGoal {
  readonly title: Text;
  /** Such as `0.60`. */
  readonly bound: string;
  readonly measured: string;
  readonly isReached: boolean;
}

interface RatioGoal {
  readonly title: Text;
  readonly sides: readonly string[];
  readonly atMost: number;
}

/** Wall time of full runs divided by that of the raw side. */
const RATIO_GOALS: readonly RatioGoal[] = [
  ratioGoal('ours-gzip9', 0.6, { en: 'gzip 9 ÷ raw `-Z9`', zh: 'gzip 9 ÷ 原生 `-Z9`' }),
  ratioGoal('ours-gzip9-one-core', 0.9, {
    en: 'gzip 9 on one core ÷ raw `-Z9`',
    zh: 'gzip 9 限一个核 ÷ 原生 `-Z9`',
  }),
  ratioGoal('ours-gzip6', 0.48, { en: 'gzip 6 ÷ raw `-Z9`', zh: 'gzip 6 ÷ 原生 `-Z9`' }),
  ratioGoal('ours-zstd3', 0.25, { en: 'zstd 3 ÷ raw `-Z9`', zh: 'zstd 3 ÷ 原生 `-Z9`' }),
  ratioGoal('ours-0-threads', 1.08, {
    en: 'compressed by pg_dump itself ÷ raw `-Z9`',
    zh: '由 pg_dump 自己压缩 ÷ 原生 `-Z9`',
  }),
  {
    title: {
      en: 'drill: server, `pg_restore -j2`, comparison ÷ raw `-Z9`',
      zh: '演练：起服务器、`pg_restore -j2`、比对 ÷ 原生 `-Z9`',
    },
    ...{ sides: ['drill'], atMost: 0.6 },
  },
];

/** Of our process, with two threads, at every size. */
const MOST_MEGABYTES = 220;
/** The same within 10 %. */
const MOST_DIFFERENCE = 1.1;
const THREADED = ['ours-gzip9-ossutil', 'ours-gzip9-sdk'];

function ratioGoal(name: string, atMost: number, title: Text): RatioGoal {
  return { title, sides: [`${name}-ossutil`, `${name}-sdk`], atMost };
}

/** The wall time of a side divided by that of the baseline; undefined where one of them was not measured. */
export function ratioOf(result: Result, name: string): number | undefined {
  const side = sideOf(result, name);
  const baseline = sideOf(result, BASELINE);
  return side && baseline && side.wallSeconds / baseline.wallSeconds;
}

export function sideOf({ sides }: Result, name: string): SideResult | undefined {
  return sides.find((side) => side.name === name);
}

/** The goals of one measurement, as far as it has the sides for them. */
export function judge(result: Result): JudgedGoal[] {
  const ratios = RATIO_GOALS.map(({ title, sides, atMost }) =>
    atMostGoal(
      title,
      atMost,
      2,
      sides.map((name) => ratioOf(result, name)),
    ),
  );
  const memory = atMostGoal(
    {
      en: 'peak memory of our process, gzip 9, MB',
      zh: '本程序进程的内存峰值（gzip 9），MB',
    },
    MOST_MEGABYTES,
    0,
    THREADED.map((name) => sideOf(result, name)?.ownMegabytes),
  );
  return [
    ...ratios,
    sizeGoal(result),
    aheadGoal(result, 'handbook', { en: "the handbook's script", zh: '手册脚本' }),
    aheadGoal(result, 'pg_back', { en: 'pg_back', zh: 'pg_back' }),
    memory,
  ].flat();
}

/** What only several measurements together can tell: that neither the shape nor the size changes the figures. */
export function judgeTogether(results: readonly Result[]): JudgedGoal[] {
  // The rows of the other shape are of other kinds.
  const sameRows = results.filter(({ shape }) => shape !== 'mixed');
  return [
    atMostGoal(
      {
        en: 'ratios of gzip 9 between 300 small tables and one big table of the same rows: the larger ÷ the smaller',
        zh: '相同的行分在 300 张小表与放在一张大表之间 gzip 9 的比值：较大 ÷ 较小',
      },
      MOST_DIFFERENCE,
      2,
      spreads(sameRows, ({ sizeBytes }) => sizeBytes, ratioOf),
    ),
    atMostGoal(
      {
        en: 'peak memory of our process between sizes of the same shape: the largest ÷ the smallest',
        zh: '同样形状、不同大小之间本程序进程的内存峰值：最大 ÷ 最小',
      },
      MOST_DIFFERENCE,
      2,
      spreads(
        results,
        ({ shape }) => shape,
        (result, name) => sideOf(result, name)?.ownMegabytes,
      ),
    ),
  ].flat();
}

/** Of each threaded side and each group with more than one figure: the largest divided by the smallest. */
function spreads(
  results: readonly Result[],
  groupOf: (result: Result) => string | number,
  figureOf: (result: Result, name: string) => number | undefined,
): number[] {
  const groups = [...Map.groupBy(results, groupOf).values()];
  return groups.flatMap((group) =>
    THREADED.flatMap((name) => {
      const figures = group.map((result) => figureOf(result, name)).filter((figure) => figure !== undefined);
      return figures.length < 2 ? [] : [Math.max(...figures) / Math.min(...figures)];
    }),
  );
}

function sizeGoal(result: Result): JudgedGoal[] {
  const raw = sideOf(result, BASELINE)?.sizeBytes;
  const ratios = THREADED.map((name) => {
    const size = sideOf(result, name)?.sizeBytes;
    return raw === undefined || size === undefined ? undefined : size / raw;
  });
  return atMostGoal(
    { en: 'size of the gzip 9 dump ÷ raw `-Z9`', zh: 'gzip 9 转储大小 ÷ 原生 `-Z9`' },
    1,
    3,
    ratios,
  );
}

/** Every full run with an upload against another tool. */
function aheadGoal(result: Result, other: string, otherTitle: Text): JudgedGoal[] {
  const theirs = sideOf(result, other)?.wallSeconds;
  const ratios = result.sides
    .filter(({ name }) => /^ours-.*-(ossutil|sdk)$/.test(name))
    .map(({ wallSeconds }) => (theirs === undefined ? undefined : wallSeconds / theirs));
  const title = {
    en: `the slowest of our full runs ÷ ${otherTitle.en}`,
    zh: `最慢的一次完整运行 ÷ ${otherTitle.zh}`,
  };
  return atMostGoal(title, 1, 2, ratios);
}

/** Judged by the worst of the figures; none where there is none. */
function atMostGoal(
  title: Text,
  atMost: number,
  digits: number,
  figures: readonly (number | undefined)[],
): JudgedGoal[] {
  const known = figures.filter((figure) => figure !== undefined);
  if (known.length === 0) return [];
  const worst = Math.max(...known);
  const [bound, measured] = [atMost, worst].map((figure) => figure.toFixed(digits));
  return [{ title, bound: bound ?? '', measured: measured ?? '', isReached: worst <= atMost }];
}
