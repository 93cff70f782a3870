import type { DrillRecord } from '../report/drill-record.ts';

const HIDDEN = '***';

/**
 * The account of a drill of an encrypted backup as others may see it: how many differences there were and of which kinds, and no name or
 * value out of the database.
 */
export function withoutNames(account: Buffer): Buffer {
  const record = JSON.parse(account.toString()) as DrillRecord;
  const { error } = record;
  const shared: DrillRecord = {
    ...record,
    differences: record.differences.map(({ kind }) => {
      return { kind, object: HIDDEN, expected: HIDDEN, found: HIDDEN };
    }),
    omissions: record.omissions.map(({ kind, objects }) => ({ kind, objects: objects.map(() => HIDDEN) })),
    ...(error ? { error: { ...error, message: HIDDEN, hint: HIDDEN } } : {}),
  };
  return Buffer.from(`${JSON.stringify(shared, undefined, 2)}\n`);
}
