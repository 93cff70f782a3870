import { randomBytes } from 'node:crypto';
import type { TocEntry } from '../archive/toc.ts';
import { quoteLiteral } from '../postgres/identifier.ts';

/**
 * A statement that fails where a row of one of these tables refers to a row that is not there: the triggers that see to that are off while rows are
 * restored alone. It asks as ri_triggers.c does when a foreign key is added (RI_Initial_Check).
 */
export function foreignKeyCheck(tables: readonly Pick<TocEntry, 'schema' | 'tag'>[]): string {
  const names = tables.map(({ schema, tag }) => `(${quoteLiteral(schema)}, ${quoteLiteral(tag)})`);
  if (names.length === 0) return '';
  // No name can end the body then.
  const tag = `$fk_${randomBytes(8).toString('hex')}$`;
  return `DO ${tag}${BEGINNING}${names.join(', ')}${END}${tag};`;
}

/** With an empty search_path, as pg_restore leaves it, names come with their schemas. The keys of partitions that a key leads to are not its own. */
const BEGINNING = `
DECLARE
  key record;
  is_broken boolean;
BEGIN
  FOR key IN
    SELECT c.conname AS name, c.conrelid::regclass AS child, c.confrelid::regclass AS parent,
           CASE child.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END AS child_only,
           CASE parent.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END AS parent_only,
           string_agg(format('child.%I IS NOT NULL', own.attname), CASE c.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END) AS filled,
           string_agg(format('parent.%I OPERATOR(%I.%s) child.%I', other.attname, n.nspname, o.oprname, own.attname), ' AND ') AS joined
      FROM pg_constraint c
      JOIN pg_class child ON child.oid = c.conrelid
      JOIN pg_namespace s ON s.oid = child.relnamespace
      JOIN pg_class parent ON parent.oid = c.confrelid
      CROSS JOIN LATERAL unnest(c.conkey, c.confkey, c.conpfeqop) AS k (own, other, operator)
      JOIN pg_attribute own ON own.attrelid = c.conrelid AND own.attnum = k.own
      JOIN pg_attribute other ON other.attrelid = c.confrelid AND other.attnum = k.other
      JOIN pg_operator o ON o.oid = k.operator
      JOIN pg_namespace n ON n.oid = o.oprnamespace
     WHERE c.contype = 'f' AND c.convalidated AND (to_jsonb(c) ->> 'conperiod') IS DISTINCT FROM 'true'
       AND NOT EXISTS (SELECT FROM pg_constraint up WHERE up.oid = c.conparentid AND up.conrelid = c.conrelid)
       AND (s.nspname, child.relname) IN (VALUES `;
const END = `)
     GROUP BY c.oid, child.relkind, parent.relkind
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s%s child WHERE (%s) AND NOT EXISTS (SELECT FROM %s%s parent WHERE %s))',
      key.child_only, key.child, key.filled, key.parent_only, key.parent, key.joined) INTO is_broken;
    IF is_broken THEN
      RAISE EXCEPTION 'rows of % refer to rows of % that are not there: %', key.child, key.parent, key.name;
    END IF;
  END LOOP;
END `;
