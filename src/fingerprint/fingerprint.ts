import type { FingerprintLevel, FingerprintSummary, PartialReason } from '../report/record.ts';
import { compileSchema, type SchemaObject } from '../schema.ts';

/** A table as the server names it, unquoted. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/**
 * What a table holds. `leftOut`: the dump has the table without its rows. `notReached`: the time was over before, or it was rewritten
 * meanwhile, which no snapshot sees. `unreadable`: the server refused, with its words.
 */
export interface TableFacts extends TableName {
  readonly state: 'counted' | 'leftOut' | 'notReached' | 'unreadable';
  readonly rows?: number;
  /** Sum of the 64-bit hashes of all rows' texts, in decimal. */
  readonly hash?: string;
  /** Where an extension decides which rows pg_dump reads: by its access method, or by a condition, which it may see otherwise. */
  readonly mayDifferInDump?: true;
  readonly detail?: string;
}

export interface SequenceFacts extends TableName {
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/** The states mean the same as those of tables; all but the number are hashes over all of them. */
export interface LargeObjectFacts {
  readonly state: 'counted' | 'leftOut' | 'notReached';
  readonly count?: number;
  readonly hash?: string;
  readonly owners?: string;
  readonly grants?: string;
  readonly comments?: string;
}

/** One object of the database. Absent parts were not asked for, because the dump leaves them out too. */
export interface InventoryItem {
  /** As pg_identify_object(3) names it: `table`, `function`, … */
  readonly kind: string;
  /** Schema-qualified and quoted as the server does it. */
  readonly name: string;
  /** A hash of everything that defines it, comparable between servers of one major. */
  readonly definition?: string;
  readonly owner?: string;
  /** `grantee=PRIVILEGE`, with `*` where it may be granted on; in ascending order. */
  readonly grants?: readonly string[];
  /** A hash of its comments and those of its columns. */
  readonly comment?: string;
}

export interface DatabaseFacts {
  readonly encoding: string;
  readonly collation: string;
  readonly ctype: string;
  /** Absent where the C library provides it. */
  readonly locale?: string;
}

/** What a database holds, as one snapshot shows it. */
export interface Measured {
  readonly serverMajor: number;
  readonly database: DatabaseFacts;
  readonly tables: readonly TableFacts[];
  readonly sequences: readonly SequenceFacts[];
  readonly largeObjects: LargeObjectFacts;
  readonly inventory: readonly InventoryItem[];
}

/** What a backup must restore to; kept beside the dump. Parts that were not reached are null. */
export interface Fingerprint extends Pick<Measured, 'serverMajor' | 'sequences' | 'largeObjects'> {
  readonly database: DatabaseFacts | null;
  readonly tables: readonly TableFacts[] | null;
  readonly inventory: readonly InventoryItem[] | null;
  readonly version: 1;
  readonly run: string;
  /** Of the dump file that it belongs to, encrypted or not. */
  readonly dumpSha256: string;
  /** Of the globals that were made with it; absent where there are none. */
  readonly globalsSha256?: string;
  readonly level: FingerprintLevel;
  readonly status: 'complete' | 'partial';
  readonly reason?: PartialReason;
  readonly detail?: string;
  readonly takenAt: string;
  readonly durationSeconds: number;
  /** The options of pg_dump that leave something out, as written. */
  readonly leftOut: readonly string[];
}

/** A fingerprint before the dump is complete. */
export type Taken = Omit<Fingerprint, 'version' | 'run' | 'dumpSha256' | 'globalsSha256'>;

export function summarise(taken: Taken): FingerprintSummary {
  const { level, status, reason, detail, durationSeconds, tables, sequences, largeObjects, inventory } =
    taken;
  const counted = (tables ?? []).flatMap(({ rows, ...table }) =>
    rows === undefined ? [] : [[qualified(table), rows] as const],
  );
  const kinds = Map.groupBy(inventory ?? [], ({ kind }) => kind);
  return {
    level,
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(detail === undefined ? {} : { detail }),
    durationSeconds,
    rowsByTable: Object.fromEntries(counted),
    rows: counted.reduce((sum, [, rows]) => sum + rows, 0),
    sequences: sequences.length,
    largeObjects: largeObjects.count ?? null,
    inventory: Object.fromEntries([...kinds].map(([kind, items]) => [kind, items.length])),
  };
}

/** `schema.name`, quoted only where it would be misread otherwise, the same on every major. */
export function qualified({ schema, name }: TableName): string {
  return [schema, name]
    .map((part) => (needsQuotes(part) ? `"${part.replaceAll('"', '""')}"` : part))
    .join('.');
}

/** Whether a name would be misread without quotes; key words, of which each major has others, are names like any other here. */
export function needsQuotes(name: string): boolean {
  return !/^[a-z_][a-z0-9_]*$/.test(name);
}

/** The text of the file. */
export function writeFingerprint(fingerprint: Fingerprint): string {
  return `${JSON.stringify(fingerprint)}\n`;
}

/** The fingerprint in a file's text; undefined where it is none. */
export function parseFingerprint(text: string): Fingerprint | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return check(value).length === 0 ? (value as Fingerprint) : undefined;
  } catch {
    return undefined;
  }
}

const TEXT: SchemaObject = { type: 'string' };
const COUNT: SchemaObject = { type: 'integer', minimum: 0 };

const check = compileSchema({
  type: 'object',
  properties: {
    version: { const: 1 },
    run: TEXT,
    dumpSha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    globalsSha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    level: { enum: ['counts', 'content'] },
    status: { enum: ['complete', 'partial'] },
    reason: { enum: ['time', 'rewritten', 'failed'] },
    detail: TEXT,
    takenAt: TEXT,
    durationSeconds: { type: 'number', minimum: 0 },
    leftOut: { type: 'array', items: TEXT },
    serverMajor: COUNT,
    database: orNull(object({ encoding: TEXT, collation: TEXT, ctype: TEXT }, { locale: TEXT })),
    tables: orNull(
      list(
        { schema: TEXT, name: TEXT, state: { enum: ['counted', 'leftOut', 'notReached', 'unreadable'] } },
        { rows: COUNT, hash: TEXT, mayDifferInDump: { const: true }, detail: TEXT },
      ),
    ),
    sequences: list({ schema: TEXT, name: TEXT, lastValue: TEXT, isCalled: { type: 'boolean' } }),
    largeObjects: object(
      { state: { enum: ['counted', 'leftOut', 'notReached'] } },
      { count: COUNT, hash: TEXT, owners: TEXT, grants: TEXT, comments: TEXT },
    ),
    inventory: orNull(
      list(
        { kind: TEXT, name: TEXT },
        { definition: TEXT, owner: TEXT, grants: { type: 'array', items: TEXT }, comment: TEXT },
      ),
    ),
  },
  required: [
    ...['version', 'run', 'dumpSha256', 'level', 'status', 'takenAt', 'durationSeconds', 'leftOut'],
    ...['serverMajor', 'database', 'tables', 'sequences', 'largeObjects', 'inventory'],
  ],
});

function orNull(schema: SchemaObject): SchemaObject {
  return { anyOf: [{ type: 'null' }, schema] };
}

function list(
  required: Record<string, SchemaObject>,
  optional: Record<string, SchemaObject> = {},
): SchemaObject {
  return { type: 'array', items: object(required, optional) };
}

function object(
  required: Record<string, SchemaObject>,
  optional: Record<string, SchemaObject> = {},
): SchemaObject {
  return { type: 'object', properties: { ...required, ...optional }, required: Object.keys(required) };
}
