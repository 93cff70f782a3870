import type { Anomaly, RunRecord } from '../report/record.ts';

/** So many successful runs before this one are looked at. */
const RECENT_RUNS = 7;
/** Fewer tell nothing, unless the oldest of them was accepted by a person. */
const FEWEST_RUNS = 3;
/** Smaller differences are the daily life of small databases. */
const LEAST_BYTES = 64 * 1024;
const LEAST_ROWS = 100;

type Facts = Pick<RunRecord, 'artifacts' | 'compression' | 'encryption' | 'fingerprint' | 'leftOut'>;

/**
 * What of a run lies more than `percent` below the median of the recent runs, or as far above it: the size of its dump, its rows, the rows of a table.
 * `earlier`: the successful runs of the same database on the same server, newest first. Pure.
 */
export function findAnomalies(run: Facts, earlier: readonly RunRecord[], percent: number): Anomaly[] {
  if (percent === 0) return [];
  const recent = recentLike(run, earlier);
  const isFar = (found: number, median: number, least: number): boolean =>
    Math.abs(found - median) >= least &&
    (found < median * (1 - percent / 100) || found > median / (1 - percent / 100));
  const anomalies: Anomaly[] = [];
  const look = (anomaly: Omit<Anomaly, 'median'>, past: readonly number[], least: number): void => {
    if (past.length === 0) return;
    const median = medianOf(past);
    if (isFar(anomaly.found, median, least)) anomalies.push({ ...anomaly, median });
  };
  const sizes = recent.filter(
    (past) => past.compression === run.compression && encryptionOf(past) === encryptionOf(run),
  );
  look({ kind: 'size', found: sizeOf(run) }, sizes.map(sizeOf), LEAST_BYTES);
  const { fingerprint } = run;
  if (fingerprint?.status !== 'complete') return anomalies;
  const counted = recent.flatMap((past) =>
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

/** What a person accepted is where normal begins anew. */
function recentLike({ leftOut }: Facts, earlier: readonly RunRecord[]): RunRecord[] {
  const accepted = earlier.findIndex(({ warning }) => warning?.acceptedAt !== undefined);
  const since = accepted < 0 ? earlier : earlier.slice(0, accepted + 1);
  const recent = since.slice(0, RECENT_RUNS).filter((past) => past.leftOut.join(' ') === leftOut.join(' '));
  return recent.length >= FEWEST_RUNS || accepted >= 0 ? recent : [];
}

function sizeOf({ artifacts }: Pick<Facts, 'artifacts'>): number {
  return artifacts[0]?.sizeBytes ?? 0;
}

function medianOf(values: readonly number[]): number {
  const ordered = values.toSorted((a, b) => a - b);
  const middle = Math.floor(ordered.length / 2);
  const upper = ordered[middle] ?? 0;
  return ordered.length % 2 === 1 ? upper : ((ordered[middle - 1] ?? 0) + upper) / 2;
}

/** Records of earlier versions do not tell it. */
function encryptionOf({ encryption = 'none' }: Facts): string {
  return encryption;
}
