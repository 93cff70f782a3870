import type { Measured } from './measure-process.ts';
import type { SideResult } from './results.ts';

/** What one run of a side cost. */
export interface Sample {
  readonly measured: Measured;
  /** Of the dump; absent where none is made. */
  readonly sizeBytes?: number;
  readonly stages: Readonly<Record<string, number>>;
}

/** Decimal places of what is kept. */
const DIGITS: Readonly<Record<keyof Measured, number>> = {
  wallSeconds: 3,
  cpuSeconds: 2,
  ownCpuSeconds: 2,
  databaseCpuSeconds: 2,
  storeCpuSeconds: 2,
  ownMegabytes: 1,
  allMegabytes: 1,
};

/** The medians of the runs of a side, each figure by itself. */
export function medians(name: string, samples: readonly Sample[]): SideResult {
  const of = (digits: number, pick: (sample: Sample) => number): number =>
    Number(median(samples.map(pick)).toFixed(digits));
  const figures = Object.fromEntries(
    (Object.keys(DIGITS) as (keyof Measured)[]).map((figure) => [
      figure,
      of(DIGITS[figure], ({ measured }) => measured[figure]),
    ]),
  ) as Record<keyof Measured, number>;
  const stages = Object.keys(samples[0]?.stages ?? {}).map((stage): [string, number] => [
    stage,
    of(3, (sample) => sample.stages[stage] ?? 0),
  ]);
  const times = samples.map(({ measured }) => measured.wallSeconds);
  const isDump = samples[0]?.sizeBytes !== undefined;
  return {
    name,
    ...figures,
    fastestSeconds: Number(Math.min(...times).toFixed(3)),
    slowestSeconds: Number(Math.max(...times).toFixed(3)),
    ...(isDump && { sizeBytes: of(0, ({ sizeBytes = 0 }) => sizeBytes) }),
    stages: Object.fromEntries(stages),
  };
}

/** The middle one, or the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const [lower = 0, upper = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (lower + upper) / 2;
}
