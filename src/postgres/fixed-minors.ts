/**
 * The first minor of each major in which the holes are closed that let a crafted archive, or the superuser of the server that was dumped, run
 * commands on the machine that restores: CVE-2025-8714, CVE-2025-8715, CVE-2026-18408 and, the latest, CVE-2026-116314
 * (postgresql.org/support/security). Majors before these are no longer mended at all.
 */
const FIXED_MINORS: Readonly<Record<number, number>> = { 14: 25, 15: 20, 16: 16, 17: 12, 18: 7 };
const OLDEST_MENDED = Math.min(...Object.keys(FIXED_MINORS).map(Number));

/** The version that a client should at least have; undefined where it is new enough. `version` as the program says it, such as `17.10`. */
export function neededMinor(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major < OLDEST_MENDED) return `${OLDEST_MENDED}.${FIXED_MINORS[OLDEST_MENDED]}`;
  const fixed = FIXED_MINORS[major];
  return fixed === undefined || minor >= fixed ? undefined : `${major}.${fixed}`;
}
