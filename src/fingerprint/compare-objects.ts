import type { Difference, DifferenceKind } from './compare.ts';
import { type Fingerprint, type InventoryItem, type Measured, needsQuotes } from './fingerprint.ts';

/** What both the dump and the restore can have. */
export interface ComparedParts {
  readonly owners: boolean;
  readonly grants: boolean;
  readonly definitions: boolean;
  /** The tables and sequences of which was told already that they are missing or unexpected. */
  readonly told: ReadonlySet<string>;
}

/** Compares the inventories, object by object. */
export function compareObjects(expected: Fingerprint, found: Measured, parts: ComparedParts): Difference[] {
  const { inventory } = expected;
  if (!inventory) return [];
  const isCompared = ({ kind }: InventoryItem): boolean =>
    parts.grants || !/^(grants|default acl|role setting)$/.test(kind);
  const after = new Map(found.inventory.filter(isCompared).map((item) => [keyOf(item), item]));
  const known = new Set(inventory.map(keyOf));
  return [
    ...inventory.filter(isCompared).flatMap((item) => compareObject(item, after.get(keyOf(item)), parts)),
    ...[...after.keys()]
      .filter((key) => !known.has(key) && !IN_EVERY_DATABASE.includes(key) && !parts.told.has(key))
      .map((key) => ({ kind: 'unexpected', object: key, expected: '', found: '' }) as const),
  ];
}

/** Every new database has them, whatever the dump leaves out. */
const IN_EVERY_DATABASE = ['database as a whole', 'schema public', 'extension plpgsql'];

/** Newer servers have more words that need quotes; a name that needs them for what it holds keeps them, like `qualified`. */
function keyOf({ kind, name }: InventoryItem): string {
  return `${kind} ${name.replaceAll(/"((?:[^"]|"")*)"/g, (quoted, bare: string) => (needsQuotes(bare) ? quoted : bare))}`;
}

function compareObject(
  before: InventoryItem,
  after: InventoryItem | undefined,
  parts: ComparedParts,
): Difference[] {
  const object = `${before.kind} ${before.name}`;
  if (!after)
    return parts.told.has(keyOf(before)) ? [] : [{ kind: 'missing', object, expected: '', found: '' }];
  const differences: Difference[] = [];
  const look = (kind: DifferenceKind, old: string | undefined, now: string | undefined): void => {
    if (old !== now) differences.push({ kind, object, expected: old ?? '', found: now ?? '' });
  };
  if (parts.definitions) look('definition', before.definition, after.definition);
  if (parts.owners) look('owner', before.owner, after.owner);
  if (parts.grants) look('grants', grantsOf(before, parts), grantsOf(after, parts));
  look('comment', before.comment, after.comment);
  return differences;
}

/** Servers before 17 do not know MAINTAIN, which is part of ALL. */
function grantsOf({ grants = [] }: InventoryItem, { definitions }: ComparedParts): string {
  return grants.filter((grant) => definitions || !/=MAINTAIN\*?$/.test(grant)).join(', ');
}
