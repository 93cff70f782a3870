/** From the narrowest to the widest; `last` has a period of its own for each run. */
const KEEP_RULES = ['last', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type KeepRule = (typeof KEEP_RULES)[number];

/** How many periods of each kind keep their newest good run. */
export type KeepRules = Readonly<Partial<Record<KeepRule, number>>>;

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Reads `last=3,daily=7,…` as the settings check it; of a rule that is given twice the larger number counts. */
export function parseKeepRules(text: string | undefined): KeepRules {
  const rules: Partial<Record<KeepRule, number>> = {};
  for (const [, rule, count] of (text ?? '').matchAll(/(\w+)=(\d+)/g)) {
    const name = rule as KeepRule;
    rules[name] = Math.max(rules[name] ?? 0, Number(count));
  }
  return rules;
}

/**
 * The runs that the rules keep, each with the narrowest rule that does: the newest one of each of the latest periods that have any, as restic's
 * `forget` counts them (https://restic.readthedocs.io/en/stable/060_forget.html). All of one series, newest first.
 */
export function keptByRules<R extends { readonly startedAt: Date }>(
  newestFirst: readonly R[],
  rules: KeepRules,
): Map<R, KeepRule> {
  const kept = new Map<R, KeepRule>();
  for (const rule of KEEP_RULES) {
    const periods = new Set<number>();
    for (const [index, run] of newestFirst.entries()) {
      if (periods.size >= (rules[rule] ?? 0)) break;
      const period = rule === 'last' ? index : startOfPeriod(rule, run.startedAt);
      if (periods.has(period)) continue;
      periods.add(period);
      if (!kept.has(run)) kept.set(run, rule);
    }
  }
  return kept;
}

/** When the day, the ISO week, the month or the year of a moment began, in UTC. */
function startOfPeriod(rule: Exclude<KeepRule, 'last'>, moment: Date): number {
  const [year, month, day] = [moment.getUTCFullYear(), moment.getUTCMonth(), moment.getUTCDate()];
  switch (rule) {
    case 'daily':
      return Date.UTC(year, month, day);
    case 'weekly':
      // Weeks begin on Monday (ISO 8601), so that the one around New Year is a single week.
      return Date.UTC(year, month, day) - ((moment.getUTCDay() + 6) % 7) * DAY_MILLISECONDS;
    case 'monthly':
      return Date.UTC(year, month);
    case 'yearly':
      return Date.UTC(year, 0);
  }
}
