import { PROOFS } from '../../report/record.ts';
import { dayAfter, startOfDay } from '../page/days.ts';
import type { FilterValues } from '../page/runs-filter-form.tsx';
import { type Cursor, readCursor } from './cursor.ts';
import type { RunsFilter } from './find-runs.ts';

export interface RunsQuery {
  /** As the form shows it. */
  readonly values: FilterValues;
  readonly filter: RunsFilter;
  readonly cursor: Cursor | undefined;
}

/** What the address of the list asks for: an empty field asks for nothing, days are those of the zone. undefined for what makes no sense. */
export function readRunsQuery(query: URLSearchParams, zone: string): RunsQuery | undefined {
  const given = (name: string): string | undefined => query.get(name) || undefined;
  const status = given('status');
  const proof = given('proof');
  const cursor = given('cursor');
  const values = {
    target: given('target'),
    database: given('database'),
    status: STATUSES.find((known) => known === status),
    proof: PROOFS.find((known) => known === proof),
    from: given('from'),
    to: given('to'),
  };
  const from = values.from === undefined ? Number.NEGATIVE_INFINITY : startOfDay(values.from, zone);
  const to = values.to === undefined ? Number.POSITIVE_INFINITY : endOfDay(values.to, zone);
  const readAt = cursor === undefined ? undefined : readCursor(cursor);
  const isKnown = values.status === status && values.proof === proof && (cursor === undefined || readAt);
  if (from === undefined || to === undefined || !isKnown) return undefined;
  return { values, filter: { ...values, from, to }, cursor: readAt };
}

const STATUSES = ['SUCCESS', 'FAILED'] as const;

function endOfDay(day: string, zone: string): number | undefined {
  return startOfDay(day, zone) === undefined ? undefined : startOfDay(dayAfter(day), zone);
}
