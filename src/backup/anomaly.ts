import type { Anomaly, RunRecord } from '../report/record.ts';

/** So many successful runs before this one are looked at. */
export const RECENT_RUNS = 7;
/** Fewer tell nothing, unless the oldest of them was accepted by a person. */
const FEWEST_RUNS = 3;
/** Smaller differences are the daily life of small databases. */
const LEAST_BYTES = 64 * 1024;
const LEAST_ROWS = 100;
/** Of the median: a table with fewer rows has lost what it held. */
const ALL_BUT_GONE = 0.1;

type Facts = Pick<RunRecord, 'artifacts' | 'compression' | 'encryption' | 'fingerprint' | 'leftOut'>;

/**
 * What of a run lies more than `percent` below the median of the runs it is compared with, or as far above it: the size of its dump, its rows, the
 * rows of a table. What is unsteady by itself is not judged. `baseline`: what `chooseBaseline` chose. Pure.
 */
export function findAnomalies(run: Facts, baseline: readonly Facts[], percent: number): Anomaly[] {
  if (percent === 0) return [];
  const anomalies: Anomaly[] = [];
  const look = (anomaly: Omit<Anomaly, 'median'>, past: readonly number[], least: number): void => {
    const median = medianOf(past);
    const isFar = (value: number): boolean =>
      Math.abs(value - median) >= least &&
      (value < median * (1 - percent / 100) || value > median / (1 - percent / 100));
    if (past.length > 0 && isFar(anomaly.found) && !past.some(isFar)) anomalies.push({ ...anomaly, median });
  };
  const alike = baseline.filter(
    (past) => past.compression === run.compression && encryptionOf(past) === encryptionOf(run),
  );
  look({ kind: 'size', found: sizeOf(run) }, alike.map(sizeOf), LEAST_BYTES);
  const { fingerprint } = run;
  if (fingerprint?.status !== 'complete') return anomalies;
  const counted = baseline.flatMap((past) =>
    past.fingerprint?.status === 'complete' ? [past.fingerprint] : [],
  );
  look(
    { kind: 'rows', found: fingerprint.rows },
    counted.map(({ rows }) => rows),
    LEAST_ROWS,
  );
  // An encrypted backup's record names no table.
  if (fingerprint.rows > 0 && Object.keys(fingerprint.rowsByTable).length === 0) return anomalies;
  for (const table of new Set(counted.flatMap(({ rowsByTable }) => Object.keys(rowsByTable)))) {
    const past = counted.flatMap(({ rowsByTable }) => rowsByTable[table] ?? []);
    // One that most of them do not have is new, or comes and goes.
    if (past.length * 2 <= counted.length) continue;
    look({ kind: 'table', object: table, found: fingerprint.rowsByTable[table] ?? 0 }, past, LEAST_ROWS);
  }
  return anomalies;
}

/**
 * The runs that a run is compared with: the recent ones with the same options, without those that have lost something and were not accepted. What a
 * person accepted is where normal begins anew. `earlier`: successful runs of the same database on the same server, newest first.
 */
export function chooseBaseline<R extends Pick<RunRecord, 'leftOut' | 'warning'>>(
  leftOut: RunRecord['leftOut'],
  earlier: readonly R[],
): R[] {
  const accepted = earlier.findIndex(({ warning }) => warning?.acceptedAt !== undefined);
  const since = accepted < 0 ? earlier : earlier.slice(0, accepted + 1);
  const recent = since.filter((past) => !holdsRetention(past)).slice(0, RECENT_RUNS);
  const alike = recent.filter((past) => past.leftOut.join(' ') === leftOut.join(' '));
  return alike.length >= FEWEST_RUNS || accepted >= 0 ? alike : [];
}

/** Whether the run has lost something that older backups may still hold, and nobody has accepted that; growth loses nothing. */
export function holdsRetention({ warning }: Pick<RunRecord, 'warning'>): boolean {
  if (!warning || warning.acceptedAt !== undefined) return false;
  return warning.anomalies.some(({ kind, found, median }) =>
    kind === 'table' ? found <= median * ALL_BUT_GONE : found < median,
  );
}

function sizeOf({ artifacts }: Pick<Facts, 'artifacts'>): number {
  return artifacts[0]?.sizeBytes ?? 0;
}

/** 0 of none. */
function medianOf(values: readonly number[]): number {
  const ordered = values.toSorted((a, b) => a - b);
  const middle = Math.floor(ordered.length / 2);
  const upper = ordered[middle] ?? 0;
  return ordered.length % 2 === 1 ? upper : ((ordered[middle - 1] ?? upper) + upper) / 2;
}

/** Records of earlier versions do not tell it. */
function encryptionOf({ encryption = 'none' }: Facts): string {
  return encryption;
}
