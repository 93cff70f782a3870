export const DAY_STATES = ['good', 'mixed', 'failed', 'none', 'future'] as const;
/** `mixed`: some of it failed. `none`: there was nothing, and should have been. */
export type DayState = (typeof DAY_STATES)[number];

/** Each has a shape of its own: colours are not told apart by everybody, and not in print. */
const SHAPES: Readonly<Record<DayState, string>> = {
  good: 'M3.5 7.5 6 10l4.5-6',
  mixed: 'M7 3v5M7 10.2v.6',
  failed: 'M4 4l6 6M4 10l6-6',
  none: 'M4.5 7h5',
  future: '',
};

/** A square of 14 units. */
export function DaySign({ state }: { readonly state: DayState }) {
  return (
    <>
      <rect class={`day day-${state}`} x="0.5" y="0.5" width="13" height="13" rx="2.5" />
      {SHAPES[state] && <path class={`day-sign day-sign-${state}`} d={SHAPES[state]} />}
    </>
  );
}
