/** As the alert has it. A look takes seconds, and comes every ten; with very many files minutes, and more seldom. */
const LOOK_LASTS_MILLISECONDS = 15 * 60_000;

/** Whether the last look at everything is so long ago that it tells nothing of now: a volume that hangs, as a rule. */
export function isLookOld(scannedAt: Date, now: Date): boolean {
  return now.getTime() - scannedAt.getTime() > LOOK_LASTS_MILLISECONDS;
}
