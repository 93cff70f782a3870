import { forDatabase, type TargetContext } from '../backup/context.ts';
import { readOwnDrills } from '../backup/own-drills.ts';
import type { Check } from '../check.ts';
import { fillIn, type Text } from '../language.ts';
import type { DrillOutcome, DrillRecord } from '../report/drill-record.ts';
import { isGood, type Verdict } from '../schedule/freshness.ts';
import { readFreshness } from '../schedule/read-freshness.ts';
import { durationText } from '../schedule/time-text.ts';

/** A month, and some days of grace. */
const DRILL_DAYS = 35;
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/**
 * How old the newest good backup of each database is, by its schedule, and what its newest drill came to. `scopeOf` says which database a
 * command is meant for.
 */
export async function checkPast(
  context: TargetContext,
  databases: readonly string[],
  scopeOf: (database: string) => string,
): Promise<Map<string, Check[]>> {
  const [only, ...others] = databases;
  // One that is named may be none of the settings.
  const own = only !== undefined && others.length === 0 ? forDatabase(context, only) : context;
  const verdicts = await readFreshness(own, context.clock());
  const drillsByDatabase = Map.groupBy(await readOwnDrills(context), ({ database }) => database);
  return new Map(
    databases.map((name) => [
      name,
      [
        ...verdicts
          .filter(({ database }) => database === name)
          .map((verdict) => judgeBackup(verdict, scopeOf(name))),
        judgeDrills(drillsByDatabase.get(name) ?? [], context.clock(), `pg-backup drill${scopeOf(name)}`),
      ],
    ]),
  );
}

function judgeBackup({ state, reason }: Verdict, scope: string): Check {
  const id = 'last-backup';
  if (isGood(state)) return { id, state: 'good', text: reason };
  return { id, state: 'warning', text: reason, remedy: `pg-backup backup${scope}` };
}

/** The newest comes first. */
function judgeDrills(drills: readonly DrillRecord[], now: Date, remedy: string): Check {
  const [newest] = drills;
  return newest
    ? judgeDrill(newest, now, remedy)
    : { id: 'last-drill', state: 'warning', text: NO_DRILL, remedy };
}

function judgeDrill({ run, startedAt, outcome, error }: DrillRecord, now: Date, remedy: string): Check {
  const age = now.getTime() - Date.parse(startedAt);
  const parameters = {
    run,
    age: durationText(age),
    outcome: OUTCOMES[outcome],
    detail: error?.message ?? '',
  };
  const id = 'last-drill';
  if (outcome === 'failed') return { id, state: 'bad', text: fillIn(FAILED, parameters), remedy };
  const text = fillIn(DRILLED, parameters);
  if (outcome === 'different') return { id, state: 'bad', text, remedy };
  if (age > DRILL_DAYS * DAY_MILLISECONDS) {
    return { id, state: 'warning', text: fillIn(OLD, { ...parameters, days: DRILL_DAYS }), remedy };
  }
  return { id, state: 'good', text };
}

const OUTCOMES: Readonly<Record<DrillOutcome, Text>> = {
  equal: { en: 'restored, and equal', zh: '已恢复，且一致' },
  incomplete: { en: 'restored; nothing differed in what was compared', zh: '已恢复；已比对的部分没有差异' },
  different: { en: 'restored, and DIFFERENT', zh: '已恢复，但有差异' },
  failed: { en: 'FAILED', zh: '失败' },
};
const NO_DRILL: Text = {
  en: 'never drilled: nobody knows yet whether the backups can be restored',
  zh: '从未演练：尚不知备份能否恢复',
};
const DRILLED: Text = {
  en: 'last drill {age} ago, of {run}: {outcome}',
  zh: '上次演练：{age}前，{run}：{outcome}',
};
const OLD: Text = {
  en: 'last drill {age} ago, of {run}: {outcome}; one in {days} days is little enough',
  zh: '上次演练：{age}前，{run}：{outcome}；建议至少每 {days} 天一次',
};
const FAILED: Text = {
  en: 'last drill {age} ago, of {run}: {outcome}: {detail}',
  zh: '上次演练：{age}前，{run}：{outcome}：{detail}',
};
