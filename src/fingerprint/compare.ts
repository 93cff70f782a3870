import type { FingerprintLevel } from '../report/record.ts';
import { type ComparedParts, compareObjects } from './compare-objects.ts';
import {
  type Fingerprint,
  type Measured,
  qualified,
  type SequenceFacts,
  type TableFacts,
} from './fingerprint.ts';
import { partsWithout } from './inventory-parts.ts';

export type DifferenceKind =
  | 'not restored'
  | 'missing'
  | 'unexpected'
  | 'rows'
  | 'content'
  | 'unreadable'
  | 'sequence'
  | 'large objects'
  | 'definition'
  | 'owner'
  | 'grants'
  | 'comment'
  | 'encoding'
  | 'collation';

export interface Difference {
  readonly kind: DifferenceKind;
  /** For example `table shop.customer`. */
  readonly object: string;
  readonly expected: string;
  readonly found: string;
}

/** Why something that the source held was not compared: the dump leaves it out, or the fingerprint or the restore does. */
export type OmissionKind =
  | 'rows'
  | 'large objects'
  | 'options'
  | 'partial'
  | 'owners'
  | 'grants'
  | 'no fingerprint';

export interface Omission {
  readonly kind: OmissionKind;
  readonly objects: readonly string[];
}

export interface Comparison {
  readonly compared: {
    readonly tables: number;
    readonly rows: number;
    readonly sequences: number;
    readonly largeObjects: number;
    readonly objects: number;
    /** Whether the rows themselves were compared, not only their number. */
    readonly contents: boolean;
    /** Whether the collation of the database was compared, which the scratch server may lack. */
    readonly collation: boolean;
    /** Whether what defines the objects was compared, which servers of two majors write differently. */
    readonly definitions: boolean;
  };
  readonly differences: readonly Difference[];
  /** What keeps it from being equal although nothing differs. */
  readonly omissions: readonly Omission[];
}

export interface CompareOptions {
  /** False where the restore could not or should not give the objects their owners. */
  readonly owners: boolean;
  readonly grants: boolean;
  readonly collation: boolean;
}

/** Compares what a database holds with what it must hold, name by name. */
export function compare(expected: Fingerprint, found: Measured, options: CompareOptions): Comparison {
  const isSameMajor = expected.serverMajor === found.serverMajor;
  const dumped = partsWithout(expected.leftOut);
  const parts: ComparedParts = {
    owners: options.owners && dumped.owners,
    // Whoever is not the owner of the same name has other rights.
    grants: options.grants && dumped.grants && options.owners && dumped.owners,
    definitions: isSameMajor,
    told: new Set([
      ...[...(expected.tables ?? []), ...(expected.tables ? found.tables : [])].map(
        (table) => `table ${qualified(table)}`,
      ),
      ...expected.sequences.map((sequence) => `sequence ${qualified(sequence)}`),
    ]),
  };
  const compared = (expected.tables ?? []).filter(({ state }) => state === 'counted');
  return {
    compared: {
      tables: compared.length,
      rows: compared.reduce((sum, { rows = 0 }) => sum + rows, 0),
      sequences: expected.sequences.length,
      largeObjects: expected.largeObjects.count ?? 0,
      objects: expected.inventory?.length ?? 0,
      contents: expected.level === 'content',
      definitions: isSameMajor,
      collation: options.collation,
    },
    differences: [
      ...compareChoices(expected, found, options),
      ...compareTables(expected, found),
      ...compareSequences(expected.sequences, found.sequences),
      ...compareLargeObjects(expected, found, parts),
      ...compareObjects(expected, found, parts),
    ],
    omissions: omissionsOf(expected, options),
  };
}

function omissionsOf(expected: Fingerprint, { owners, grants }: CompareOptions): Omission[] {
  const tablesIn = (wanted: TableFacts['state']): string[] =>
    (expected.tables ?? []).filter(({ state }) => state === wanted).map(qualified);
  const withoutRows = tablesIn('leftOut');
  const partial = [...(expected.detail ? [expected.detail] : []), ...tablesIn('notReached')];
  return [
    ...(withoutRows.length > 0 ? [{ kind: 'rows', objects: withoutRows } as const] : []),
    ...(expected.largeObjects.state === 'leftOut' ? [{ kind: 'large objects', objects: [] } as const] : []),
    ...(expected.leftOut.length > 0 ? [{ kind: 'options', objects: expected.leftOut } as const] : []),
    ...(expected.status === 'partial' ? [{ kind: 'partial', objects: partial } as const] : []),
    ...(owners ? [] : [{ kind: 'owners', objects: [] } as const]),
    ...(grants ? [] : [{ kind: 'grants', objects: [] } as const]),
  ];
}

function compareChoices(
  { database }: Fingerprint,
  found: Measured,
  { collation }: CompareOptions,
): Difference[] {
  if (!database) return [];
  const choices = [
    ['encoding', database.encoding, found.database.encoding],
    ['collation', database.collation, found.database.collation],
    ['collation', database.ctype, found.database.ctype],
    ['collation', database.locale ?? '', found.database.locale ?? ''],
  ] as const;
  return choices
    .filter(([kind, before, after]) => before !== after && (collation || kind !== 'collation'))
    .map(([kind, before, after]) => ({ kind, object: 'database', expected: before, found: after }));
}

function compareTables(expected: Fingerprint, found: Measured): Difference[] {
  if (!expected.tables) return [];
  const after = new Map(found.tables.map((table) => [qualified(table), table]));
  const known = new Set(expected.tables.map(qualified));
  return [
    ...expected.tables.flatMap((table) => compareTable(table, after.get(qualified(table)), expected.level)),
    ...[...after.keys()]
      .filter((name) => !known.has(name))
      .map((name) => ({ kind: 'unexpected', object: `table ${name}`, expected: '', found: '' }) as const),
  ];
}

function compareTable(
  before: TableFacts,
  after: TableFacts | undefined,
  level: FingerprintLevel,
): Difference[] {
  const object = `table ${qualified(before)}`;
  if (!after) return [{ kind: 'missing', object, expected: '', found: '' }];
  if (before.state !== 'counted') return [];
  if (after.state !== 'counted') {
    return [{ kind: 'unreadable', object, expected: '', found: after.detail ?? '' }];
  }
  if (before.rows !== after.rows) {
    return [{ kind: 'rows', object, expected: String(before.rows), found: String(after.rows) }];
  }
  const isSame = level === 'counts' || (before.hash !== undefined && before.hash === after.hash);
  return isSame ? [] : [{ kind: 'content', object, expected: before.hash ?? '', found: after.hash ?? '' }];
}

function compareSequences(expected: readonly SequenceFacts[], found: readonly SequenceFacts[]): Difference[] {
  const write = ({ lastValue, isCalled }: SequenceFacts): string =>
    isCalled ? lastValue : `${lastValue} (not called)`;
  const after = new Map(found.map((sequence) => [qualified(sequence), write(sequence)]));
  return expected.flatMap((sequence): Difference[] => {
    const [name, before] = [qualified(sequence), write(sequence)];
    const now = after.get(name);
    if (now === before) return [];
    const kind = now === undefined ? 'missing' : 'sequence';
    return [{ kind, object: `sequence ${name}`, expected: before, found: now ?? '' }];
  });
}

function compareLargeObjects(expected: Fingerprint, found: Measured, parts: ComparedParts): Difference[] {
  const [before, after] = [expected.largeObjects, found.largeObjects];
  if (before.state !== 'counted') return [];
  const object = 'large objects';
  if (before.count !== after.count) {
    return [{ kind: 'large objects', object, expected: String(before.count), found: String(after.count) }];
  }
  const compared = [
    ...(expected.level === 'content' ? [['content', before.hash, after.hash] as const] : []),
    ...(parts.owners ? [['owner', before.owners, after.owners] as const] : []),
    ...(parts.grants ? [['grants', before.grants, after.grants] as const] : []),
    ['comment', before.comments, after.comments] as const,
  ];
  return compared
    .filter(([, old, now]) => old !== now)
    .map(([kind, old = '', now = '']) => ({ kind, object, expected: old, found: now }));
}
