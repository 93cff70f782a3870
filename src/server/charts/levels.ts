/** Of times, in seconds; everything else is round in tens. */
const ROUND_SECONDS = [
  15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400,
];
const FEWEST = 2;
const MOST = 5;
const WANTED = 3;

/**
 * Levels at equal distances, the first not above `low` and the last not below `high`: those whose texts have the fewest digits but zeros,
 * so that bytes are round in tens and durations in minutes.
 */
export function roundLevels(low: number, high: number, textOf: (value: number) => string): readonly number[] {
  const magnitude = 10 ** Math.floor(Math.log10(high - low));
  const steps = [...[0.1, 0.2, 0.5, 1, 2, 5].map((factor) => factor * magnitude), ...ROUND_SECONDS];
  const [best] = steps
    .map((step) => levelsOf(step, low, high))
    .filter((levels) => levels.length > FEWEST && levels.every(Number.isFinite))
    .map((levels) => ({
      levels,
      digits: Math.max(...levels.map((level) => textOf(level).match(/[1-9]/g)?.length ?? 0)),
      distance: Math.abs(levels.length - 1 - WANTED),
    }))
    .sort((one, other) => one.digits - other.digits || one.distance - other.distance);
  return best?.levels ?? [low, high];
}

/** None where they would be too many. */
function levelsOf(step: number, low: number, high: number): number[] {
  const first = Math.floor(low / step);
  const count = Math.ceil(high / step) - first;
  if (!(count <= MOST)) return [];
  return Array.from({ length: count + 1 }, (_, index) => (first + index) * step);
}
