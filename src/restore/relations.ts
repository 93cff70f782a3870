import type { TocEntry } from '../archive/toc.ts';

/** What is a table to those who name one. */
const RELATIONS = ['TABLE', 'VIEW', 'MATERIALIZED VIEW', 'FOREIGN TABLE', 'SEQUENCE'];
/** What is nothing by itself. */
const PARTS = [
  ...['TABLE DATA', 'TABLE ATTACH', 'MATERIALIZED VIEW DATA', 'SEQUENCE SET', 'SEQUENCE OWNED BY', 'DEFAULT'],
  ...[
    'INDEX',
    'INDEX ATTACH',
    'CONSTRAINT',
    'CHECK CONSTRAINT',
    'FK CONSTRAINT',
    'TRIGGER',
    'RULE',
    'POLICY',
  ],
  ...['ROW SECURITY', 'STATISTICS', 'STATISTICS DATA', 'COMMENT', 'ACL', 'SECURITY LABEL'],
];

/** Tables, views, sequences and what else has a name among them. */
export function isRelation({ kind }: TocEntry): boolean {
  return RELATIONS.includes(kind);
}

/** Rows, indexes, constraints, triggers, comments, rights: what comes and goes with another object. */
export function isPartOfAnother({ kind }: TocEntry): boolean {
  return PARTS.includes(kind);
}

/**
 * The relation that such a part belongs to, by its dumpId; undefined where it belongs to something else. A foreign key belongs to the table that
 * has it, an attachment to what is attached. pg_dump's tags say it: `table`, or `table constraint`.
 */
export function ownRelation(entry: TocEntry, byId: ReadonlyMap<number, TocEntry>): number | undefined {
  const needed = [...new Set(entry.dependencies)].flatMap((id) => byId.get(id) ?? []);
  if (entry.kind === 'INDEX ATTACH') {
    const index = needed.find(({ kind, tag }) => {
      return kind === 'INDEX' ? tag === entry.tag : kind === 'CONSTRAINT' && tag.endsWith(` ${entry.tag}`);
    });
    return index && ownRelation(index, byId);
  }
  const relations = needed.filter(isRelation);
  if (relations.length < 2) return relations[0]?.dumpId;
  const named = relations
    .filter(({ schema, tag }) => schema === entry.schema && `${entry.tag} `.startsWith(`${tag} `))
    .sort((a, b) => b.tag.length - a.tag.length);
  return (named[0] ?? relations[0])?.dumpId;
}
