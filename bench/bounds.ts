import type { Text } from '../src/language.ts';

/** What keeps the figures from being better, written by hand from profiles of the runs that bench/results.json holds. */
export const BOUNDS: Text = {
  en: `
The stages above say where the time of a run goes, the CPU seconds which program spends it.
`,
  zh: `
上面的各阶段说明一次运行的时间花在哪里，CPU 秒说明由哪个程序消耗。
`,
};
