import type { Toc, TocEntry } from '../archive/toc.ts';
import { nearestNames } from '../config/typos.ts';
import { PgBackupError } from '../errors.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteIdentifier } from '../postgres/identifier.ts';
import { isPartOfAnother, isRelation } from './relations.ts';

const SHOWN_NAMES = 5;

/** The schema of that name and what is in it. @throws PgBackupError USAGE where there is none */
export function entriesOfSchema(toc: Toc, name: string): TocEntry[] {
  const wanted = partsOf(name)?.length === 1 ? partsOf(name)?.[0] : name;
  const found = toc.entries.filter((entry) => {
    // What is part of a table comes by that, unless it leads to another one.
    if (isPartOfAnother(entry) || entry.kind.startsWith('PUBLICATION ')) return false;
    return entry.schema === wanted || (entry.kind === 'SCHEMA' && entry.tag === wanted);
  });
  if (found.length > 0) return found;
  const schemas = new Set(toc.entries.map(({ schema }) => schema).filter((schema) => schema !== ''));
  throw unknown(NO_SCHEMA, name, [...schemas]);
}

/**
 * The table, view or sequence of that name: by itself, with its schema before it, either of them quoted as in SQL or not.
 * @throws PgBackupError USAGE where there is none, or more than one
 */
export function relationsNamed(toc: Toc, name: string): TocEntry[] {
  const relations = toc.entries.filter(isRelation);
  const quoted = partsOf(name);
  const found = relations.filter(({ schema, tag }) => {
    if (!quoted) return name === tag || name === `${schema}.${tag}`;
    return quoted.at(-1) === tag && (quoted.length === 1 || quoted[0] === schema);
  });
  if (found.length === 0) {
    throw unknown(
      NO_TABLE,
      name,
      relations.map(({ schema, tag }) => `${schema}.${tag}`),
    );
  }
  if (found.length > 1) {
    const choices = found.map(({ schema, tag }) => `${quoteIdentifier(schema)}.${quoteIdentifier(tag)}`);
    throw new PgBackupError('USAGE', { detail: fillIn(AMBIGUOUS, { name, choices: choices.join(', ') }) });
  }
  return found;
}

/** Of a name with quotes, what stands on both sides of the dot; undefined for one that has none. */
function partsOf(name: string): string[] | undefined {
  const [, first, second] = QUOTED_NAME.exec(name) ?? [];
  if (!name.includes('"') || first === undefined) return undefined;
  return [first, ...(second === undefined ? [] : [second])].map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part,
  );
}

const PART = '"(?:[^"]|"")+"|[^".]+';
const QUOTED_NAME = new RegExp(`^(${PART})(?:\\.(${PART}))?$`);

function unknown(text: Text, name: string, candidates: readonly string[]): PgBackupError {
  const some = nearestNames(name, candidates).slice(0, SHOWN_NAMES).join(', ') || '-';
  return new PgBackupError('USAGE', { detail: fillIn(text, { name, candidates: some }) });
}

const NO_SCHEMA: Text = {
  en: 'the backup has nothing in a schema {name}; it has, for example: {candidates}',
  zh: '备份中没有模式 {name}；其中有例如：{candidates}',
};
const NO_TABLE: Text = {
  en: 'the backup has no table {name}; it has, for example: {candidates}',
  zh: '备份中没有表 {name}；其中有例如：{candidates}',
};
const AMBIGUOUS: Text = {
  en: 'several tables are called {name}: {choices}; name the schema too',
  zh: '有多张名为 {name} 的表：{choices}；请同时写出模式名',
};
