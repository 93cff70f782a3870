import type { TargetContext } from '../backup/context.ts';
import type { Check } from '../check.ts';
import { fillIn, type Text } from '../language.ts';
import { KIND_NAMES, type ScheduleEntry, scheduleEntries } from '../schedule/entries.ts';
import { localTime, sameText, utcText } from '../schedule/time-text.ts';

/** When what is done the next time, for each schedule of the target. */
export async function checkSchedule(context: TargetContext): Promise<Check[]> {
  return scheduleEntries(context).map((entry) => nextTime(entry, context.clock()));
}

function nextTime({ kind, pattern, zone, cron }: ScheduleEntry, now: Date): Check {
  const next = cron.next(now);
  const local = next === undefined ? utcText(next) : sameText(localTime(next, zone));
  const parameters = { kind: KIND_NAMES[kind], pattern, local, utc: utcText(next) };
  return { id: `schedule-${kind}`, state: 'good', text: fillIn(NEXT, parameters) };
}

const NEXT: Text = {
  en: 'next {kind} by the schedule {pattern}: {local}, which is {utc}',
  zh: '按计划 {pattern} 的下一次{kind}：{local}，即 {utc}',
};
