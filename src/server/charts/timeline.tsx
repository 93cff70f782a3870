import type { Language } from '../../language.ts';
import { humanDuration } from '../../notify/figures.ts';
import { percent, percentScale, type Scale } from './scale.ts';
import { word } from './words.ts';

export interface TimelineStage {
  readonly name: string;
  /** After the beginning of the whole. */
  readonly startSeconds: number;
  readonly durationSeconds: number;
  readonly isFailed?: boolean;
  readonly note?: string;
}

export interface TimelineProps {
  readonly title: string;
  readonly stages: readonly TimelineStage[];
  readonly totalSeconds: number;
  readonly language: Language;
}

/** Heights in lines of text. */
const ROW = 2.6;
const NOTE = 1.3;
const TEXT = 1.1;
const BAR = 1.5;
const BAR_HEIGHT = 0.55;
/** In percent: what took no time is still seen. */
const NARROWEST = 0.6;

/** One bar for each stage, below its name and its duration, on a scale of the whole. */
export function Timeline({ title, stages, totalSeconds, language }: TimelineProps) {
  const shown = stages.filter(
    ({ startSeconds, durationSeconds }) => Number.isFinite(startSeconds) && Number.isFinite(durationSeconds),
  );
  return (
    <figure class="chart timeline">
      <figcaption>
        <span class="chart-title">{title}</span>{' '}
        {Number.isFinite(totalSeconds) && (
          <span class="chart-summary">
            {word('total', language, { total: humanDuration(Math.max(0, totalSeconds), language) })}
          </span>
        )}
      </figcaption>
      {shown.length === 0 ? (
        <p class="chart-nothing">{word('nothing', language)}</p>
      ) : (
        <Bars title={title} stages={shown} totalSeconds={totalSeconds} language={language} />
      )}
    </figure>
  );
}

function Bars({ title, stages, totalSeconds, language }: TimelineProps) {
  const ends = stages.map(({ startSeconds, durationSeconds }) => startSeconds + durationSeconds);
  // The clocks of the stages and of the whole need not agree to the millisecond.
  const end = Math.max(Number.isFinite(totalSeconds) ? totalSeconds : 0, ...ends) || 1;
  const scale = percentScale(0, end, [0, 100]);
  const heights = stages.map(({ note }) => (note ? ROW + NOTE : ROW));
  const tops = heights.map((_, index) => heights.slice(0, index).reduce((sum, height) => sum + height, 0));
  const bottom = heights.reduce((sum, height) => sum + height, 0);
  return (
    <svg class="timeline-drawing" height={`${bottom}em`} role="img" aria-label={title}>
      <desc>{stages.map((stage) => describe(stage, language)).join('; ')}</desc>
      {stages.map((stage, index) => (
        <Bar stage={stage} top={tops[index] ?? 0} scale={scale} language={language} />
      ))}
    </svg>
  );
}

function Bar({
  stage,
  top,
  scale,
  language,
}: {
  readonly stage: TimelineStage;
  readonly top: number;
  readonly scale: Scale;
  readonly language: Language;
}) {
  const from = scale(stage.startSeconds);
  const width = Math.max(NARROWEST, scale(stage.startSeconds + stage.durationSeconds) - from);
  const place = { y: `${top + BAR}em`, height: `${BAR_HEIGHT}em` };
  return (
    <g class={stage.isFailed ? 'stage-failed' : 'stage-done'}>
      <title>{describe(stage, language)}</title>
      <text class="timeline-name" x="0" y={`${top + TEXT}em`}>
        {stage.isFailed ? `✗ ${stage.name} (${word('failed', language)})` : stage.name}
      </text>
      <text x="100%" y={`${top + TEXT}em`} text-anchor="end">
        {humanDuration(stage.durationSeconds, language)}
      </text>
      <rect class="timeline-track" x="0" width="100%" {...place} />
      <rect
        class="timeline-bar"
        x={percent(Math.min(from, 100 - NARROWEST))}
        width={percent(width)}
        {...place}
      />
      {stage.note && (
        <text x="0" y={`${top + ROW + TEXT / 2}em`}>
          {stage.note}
        </text>
      )}
    </g>
  );
}

function describe(stage: TimelineStage, language: Language): string {
  const parameters = {
    name: stage.name,
    duration: humanDuration(stage.durationSeconds, language),
    start: humanDuration(Math.max(0, stage.startSeconds), language),
  };
  return [
    word('stage', language, parameters),
    ...(stage.isFailed ? [word('failed', language)] : []),
    ...(stage.note ? [stage.note] : []),
  ].join(', ');
}
