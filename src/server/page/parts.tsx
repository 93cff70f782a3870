import { distanceText, timeText, UNKNOWN } from './figures.ts';
import type { Content } from './html.ts';
import type { PageContext } from './page-context.ts';

/** `plain` says that nothing is to be judged. */
export type BadgeTone = 'good' | 'watch' | 'danger' | 'done' | 'plain' | 'busy';

/** Each has a shape of its own, drawn on 16 units: colours alone tell nothing to many. */
const SHAPES = {
  good: 'M3.5 8.5l3 3 6-7',
  watch: 'M8 3v6M8 12.2v.3',
  danger: 'M4 4l8 8M12 4l-8 8',
  done: 'M3.5 8.5l3 3 6-7',
  plain: 'M4 8h8',
  busy: 'M8 4v4l2.5 2M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8z',
} as const satisfies Record<BadgeTone, string>;

export function Sign({ tone }: { readonly tone: BadgeTone }) {
  return (
    <svg class={`sign sign-${tone}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={SHAPES[tone]} />
    </svg>
  );
}

/** A state in a word, with its sign. */
export function Badge({ tone, children }: { readonly tone: BadgeTone; readonly children: Content }) {
  return (
    <span class={`badge badge-${tone}`}>
      <Sign tone={tone} /> {children}
    </span>
  );
}

interface TimeProps {
  readonly page: PageContext;
  readonly at: Date | undefined;
  readonly zone: string;
}

/** A moment in the zone; in UTC for whoever points at it. */
export function Moment({ page, at, zone }: TimeProps) {
  if (at === undefined || Number.isNaN(at.getTime())) return <span>{UNKNOWN}</span>;
  const utc = at.toISOString();
  return (
    <time datetime={utc} title={`${page.say(distanceText(at, page.now))} · ${utc}`}>
      {timeText(at, zone)}
    </time>
  );
}

/** How long ago or ahead; the moment itself for whoever points at it. */
export function Distance({ page, at, zone }: TimeProps) {
  if (at === undefined || Number.isNaN(at.getTime())) return <span>{UNKNOWN}</span>;
  const utc = at.toISOString();
  return (
    <time datetime={utc} title={`${timeText(at, zone)} (${zone}) · ${utc}`}>
      {page.say(distanceText(at, page.now))}
    </time>
  );
}

/** A name from outside: what it holds must not turn the text around it. */
export function Name({ children }: { readonly children: string }) {
  return <bdi class="name">{children}</bdi>;
}

/** One figure with its name, for a description list. */
export function Fact({ name, children }: { readonly name: string; readonly children: Content }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A part of a page below a heading of the second order. */
export function Section({
  id,
  title,
  beside,
  children,
}: {
  readonly id: string;
  readonly title: string;
  /** What stands beside the heading. */
  readonly beside?: Content;
  readonly children: Content;
}) {
  return (
    <section class="section" aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>{title}</h2>
        {beside}
      </div>
      {children}
    </section>
  );
}

/** A text to be copied; the button comes to life where scripts run. */
export function Copyable({ page, text }: { readonly page: PageContext; readonly text: string }) {
  return (
    <div class="copyable">
      <pre>
        <code>{text}</code>
      </pre>
      <button type="button" class="copy" data-copied={page.say(COPIED)} hidden>
        {page.say(COPY)}
      </button>
    </div>
  );
}

const COPY = { en: 'Copy', zh: '复制' };
const COPIED = { en: 'Copied', zh: '已复制' };
