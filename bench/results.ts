import { readFileSync, writeFileSync } from 'node:fs';
import type { Shape } from './make-database.ts';
import type { Measured } from './measure-process.ts';

/** The medians of a side. */
export interface SideResult extends Measured {
  readonly name: string;
  readonly fastestSeconds: number;
  readonly slowestSeconds: number;
  /** Of the dump; absent where none is made. */
  readonly sizeBytes?: number;
  /** Seconds of each stage of pg-backup, in their order. */
  readonly stages: Readonly<Record<string, number>>;
}

/** What one call of the benchmark found. */
export interface Result {
  readonly sizeBytes: number;
  readonly shape: Shape;
  /** As the server counts it. */
  readonly tableBytes: number;
  readonly rounds: number;
  readonly machine: Machine;
  readonly sides: readonly SideResult[];
}

/** Nothing in it tells whose machine it was. */
export interface Machine {
  /** Such as 2026-11-25. */
  readonly date: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryBytes: number;
  readonly postgres: string;
  readonly pgDump: string;
  readonly pgDumpWithZstd: string;
  readonly node: string;
}

const FILE = new URL('results.json', import.meta.url);

/** What was measured and written so far, ordered by shape and size. */
export function readResults(): Result[] {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Result[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** With the result in the place of an earlier one of the same shape and size: ratios are of one call, never of two. */
export function addResult(results: readonly Result[], result: Result): Result[] {
  const others = results.filter(
    ({ shape, sizeBytes }) => shape !== result.shape || sizeBytes !== result.sizeBytes,
  );
  return [...others, result].sort(
    (one, other) => one.shape.localeCompare(other.shape) || one.sizeBytes - other.sizeBytes,
  );
}

export function writeResults(results: readonly Result[]): void {
  writeFileSync(FILE, `${JSON.stringify(results, undefined, 2)}\n`);
}
