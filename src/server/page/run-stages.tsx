import { Timeline } from '../charts/timeline.tsx';
import { type Given, listIn, numberIn, textIn, timeIn } from './given.ts';
import type { PageContext } from './page-context.ts';
import { Section } from './parts.tsx';
import { recordWord } from './record-words.ts';

export interface ShownStage {
  readonly name: string;
  readonly startSeconds: number;
  readonly durationSeconds: number;
  readonly isFailed: boolean;
}

/** A run has a dozen, a drill fewer. */
const MOST_STAGES = 40;

/** The stages of a run, in the order of their beginnings; some go on at the same time. */
export function RunStages({ page, record }: { readonly page: PageContext; readonly record: Given }) {
  const stages = stagesIn(page, record['stages'], timeIn(record['startedAt']));
  if (stages.length === 0) return null;
  return (
    <Section id="stages" title={page.say(TITLE)}>
      <Timeline
        title={page.say(TIMELINE)}
        stages={stages}
        totalSeconds={numberIn(record['durationSeconds']) ?? 0}
        language={page.language}
      />
    </Section>
  );
}

/** What can be drawn of a list of stages or phases; without a beginning they count from the first one. */
export function stagesIn(
  page: PageContext,
  value: unknown,
  beginning: Date | undefined,
): readonly ShownStage[] {
  const stages = listIn(value).slice(0, MOST_STAGES);
  const begin = beginning ?? timeIn(stages[0]?.['startedAt']);
  return stages.flatMap((stage): ShownStage[] => {
    const name = textIn(stage['name']);
    const startedAt = timeIn(stage['startedAt']);
    const durationSeconds = numberIn(stage['durationSeconds']);
    if (name === undefined || !startedAt || !begin || durationSeconds === undefined) return [];
    const startSeconds = Math.max(0, (startedAt.getTime() - begin.getTime()) / 1000);
    return [
      {
        name: recordWord(page, 'stage', name),
        startSeconds,
        durationSeconds,
        isFailed: stage['outcome'] === 'failed',
      },
    ];
  });
}

const TIMELINE = { en: 'Timeline', zh: '时间线' };
const TITLE = { en: 'Stages', zh: '各阶段' };
