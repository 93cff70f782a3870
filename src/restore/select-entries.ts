import type { Toc, TocEntry } from '../archive/toc.ts';
import { entriesOfSchema, relationsNamed } from './entries-by-name.ts';
import { isPartOfAnother, isRelation, ownRelation } from './relations.ts';
import type { DumpPart } from './restore-options.ts';

/** Settings that every restore begins with. */
const ALWAYS = ['ENCODING', 'STDSTRINGS', 'SEARCHPATH'];

/**
 * The entries for a part of a dump, by dumpId: what was named, what hangs on it (rows, partitions, indexes, constraints, triggers, rights, owned
 * sequences), and with `withNeeds`, for a database that has nothing yet, whatever all that needs; what leads to a table that is no part of it is then
 * left out, such as a foreign key. Undefined where no schema and no table is named.
 * @throws PgBackupError USAGE for a name that the dump does not have, or has more than once
 */
export function selectEntries(
  toc: Toc,
  { schemas, tables }: DumpPart,
  { withNeeds }: { readonly withNeeds: boolean },
): ReadonlySet<number> | undefined {
  if (schemas.length === 0 && tables.length === 0) return undefined;
  const byId = new Map(toc.entries.map((entry) => [entry.dumpId, entry]));
  const chosen = new Set<number>();
  for (const name of schemas) for (const { dumpId } of entriesOfSchema(toc, name)) chosen.add(dumpId);
  for (const name of tables) for (const { dumpId } of relationsNamed(toc, name)) chosen.add(dumpId);
  for (let before = -1; before < chosen.size; ) {
    before = chosen.size;
    addPartitions(toc, chosen);
    addOwnedSequences(toc, byId, chosen);
    if (withNeeds) addNeeds(toc, byId, chosen);
    addHangers(toc, byId, chosen, withNeeds);
  }
  for (const { kind, dumpId } of toc.entries) if (ALWAYS.includes(kind)) chosen.add(dumpId);
  return chosen;
}

/**
 * The chosen entries in the order in which they are to be restored. What is attached to a table that is there already comes last: that table would give
 * it its indexes, which are then adopted where they are made before.
 */
export function inOrder(toc: Toc, chosen: ReadonlySet<number>): TocEntry[] {
  const entries = toc.entries.filter(({ dumpId }) => chosen.has(dumpId));
  const isLast = ({ kind, dependencies }: TocEntry): boolean =>
    kind.endsWith(' ATTACH') && !dependencies.every((id) => chosen.has(id));
  return [...entries.filter((entry) => !isLast(entry)), ...entries.filter(isLast)];
}

/** What is not chosen although something that is chosen is part of it: foreign keys of others, attachments to others, publications. */
export function looseEntries(toc: Toc, chosen: ReadonlySet<number>): TocEntry[] {
  return toc.entries.filter(
    (entry) =>
      !chosen.has(entry.dumpId) &&
      (isPartOfAnother(entry) || entry.kind.startsWith('PUBLICATION ')) &&
      entry.dependencies.some((id) => chosen.has(id)),
  );
}

/** The rows of a partitioned table are in its partitions, which may themselves have some. */
function addPartitions(toc: Toc, chosen: Set<number>): void {
  const attachments = partitionsIn(toc);
  for (let before = -1; before < chosen.size; ) {
    before = chosen.size;
    for (const { partition, parents } of attachments) {
      if (parents.some((id) => chosen.has(id))) chosen.add(partition);
    }
  }
}

function partitionsIn(toc: Toc): { readonly partition: number; readonly parents: readonly number[] }[] {
  const relations = new Map(toc.entries.filter(isRelation).map((entry) => [nameOf(entry), entry.dumpId]));
  return toc.entries.flatMap((entry) => {
    const partition = entry.kind === 'TABLE ATTACH' ? relations.get(nameOf(entry)) : undefined;
    if (partition === undefined) return [];
    return [{ partition, parents: entry.dependencies.filter((id) => id !== partition) }];
  });
}

function nameOf({ schema, tag }: TocEntry): string {
  return JSON.stringify([schema, tag]);
}

/** Those of its columns: of a `serial` one, of an identity, of a default. */
function addOwnedSequences(toc: Toc, byId: ReadonlyMap<number, TocEntry>, chosen: Set<number>): void {
  for (const { kind, dumpId, dependencies } of toc.entries) {
    if (!dependencies.some((id) => chosen.has(id) && isTable(byId.get(id)))) continue;
    if (kind === 'SEQUENCE') chosen.add(dumpId);
    if (kind !== 'DEFAULT') continue;
    for (const id of dependencies) if (byId.get(id)?.kind === 'SEQUENCE') chosen.add(id);
  }
}

function isTable(entry: TocEntry | undefined): boolean {
  return entry !== undefined && isRelation(entry) && entry.kind !== 'SEQUENCE';
}

/** A partition is made as a table of its own and attached afterwards, so its parent is no need of it. */
function addNeeds(toc: Toc, byId: ReadonlyMap<number, TocEntry>, chosen: Set<number>): void {
  const parentsOf = new Map(partitionsIn(toc).map(({ partition, parents }) => [partition, parents]));
  const open = [...chosen];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const needed of byId.get(id)?.dependencies ?? []) {
      if (chosen.has(needed) || !byId.has(needed) || parentsOf.get(id)?.includes(needed)) continue;
      chosen.add(needed);
      open.push(needed);
    }
  }
}

function addHangers(
  toc: Toc,
  byId: ReadonlyMap<number, TocEntry>,
  chosen: Set<number>,
  isAlone: boolean,
): void {
  for (const entry of toc.entries) {
    if (chosen.has(entry.dumpId) || !isPartOfAnother(entry)) continue;
    const own = ownRelation(entry, byId);
    const isOwn = own === undefined ? entry.dependencies.some((id) => chosen.has(id)) : chosen.has(own);
    const isMet = (id: number): boolean => chosen.has(id) || !leadsElsewhere(byId.get(id));
    if (isOwn && (!isAlone || entry.dependencies.every(isMet))) chosen.add(entry.dumpId);
  }
}

/** To a table, or to an index or constraint of one, which needs its table. */
function leadsElsewhere(entry: TocEntry | undefined): boolean {
  return entry !== undefined && (isRelation(entry) || /^(INDEX|CONSTRAINT)$/.test(entry.kind));
}
