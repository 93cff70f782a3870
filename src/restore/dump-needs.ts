import type { Toc, TocEntry } from '../archive/toc.ts';
import { rolesOfSettings, tablespaceOf } from './database-options.ts';

/** What a server must have before a dump can be restored to it. */
export interface DumpNeeds {
  /** Roles that own something. */
  readonly owners: readonly string[];
  /** Roles that rights are given to, by whom, or for whom they are defaults; and those that have settings in the database. */
  readonly grantees: readonly string[];
  /** Roles that policies and user mappings are for: nothing can leave them out. */
  readonly others: readonly string[];
  readonly extensions: readonly string[];
  readonly tablespaces: readonly string[];
}

/**
 * Reads it from the table of contents, or from the part of it that is restored; in the definitions only statements of pg_dump's own making are
 * looked at.
 */
export function needsOf(toc: Toc): DumpNeeds {
  const owners = toc.entries.map(({ owner }) => owner);
  const grants = toc.entries.filter(({ kind }) => kind === 'ACL' || kind === 'DEFAULT ACL');
  const others = toc.entries.filter(({ kind }) => kind === 'POLICY' || kind === 'USER MAPPING');
  const tablespaces = toc.entries.map(({ tablespace }) => tablespace);
  return {
    owners: distinct(owners),
    grantees: distinct([...grants.flatMap(rolesInGrants), ...rolesOfSettings(toc)]),
    others: distinct(others.flatMap(rolesInDefinition)),
    extensions: distinct(toc.entries.filter(({ kind }) => kind === 'EXTENSION').map(({ tag }) => tag)),
    tablespaces: distinct([...tablespaces, tablespaceOf(toc) ?? '']),
  };
}

const NAME = /("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)/u.source;
const GRANT = new RegExp(
  `^(?:ALTER DEFAULT PRIVILEGES .*|GRANT .*|REVOKE .*) (?:TO|FROM) ${NAME}(?: WITH GRANT OPTION)?;$`,
  'gmu',
);
const DEFAULTS = new RegExp(`^ALTER DEFAULT PRIVILEGES FOR ROLE ${NAME} `, 'gmu');
const AS_ROLE = new RegExp(`^SET SESSION AUTHORIZATION ${NAME};$`, 'gmu');
/** Up to its roles; in its conditions anything may stand. */
const POLICY = new RegExp(
  `^CREATE POLICY ${NAME} ON ${NAME}(?:\\.${NAME})?(?: AS \\w+)?(?: FOR \\w+)? TO (?<roles>${NAME}(?:, ${NAME})*)`,
  'u',
);
const MAPPING = new RegExp(`^CREATE USER MAPPING FOR (?<roles>${NAME}) `, 'u');

function rolesInGrants({ definition }: TocEntry): string[] {
  return [GRANT, DEFAULTS, AS_ROLE].flatMap((pattern) =>
    [...definition.matchAll(pattern)].flatMap(([, name = '']) => unquoted(name)),
  );
}

function rolesInDefinition({ kind, definition }: TocEntry): string[] {
  const list = (kind === 'POLICY' ? POLICY : MAPPING).exec(definition)?.groups?.['roles'] ?? '';
  return [...list.matchAll(new RegExp(NAME, 'gu'))].flatMap(([name]) => unquoted(name));
}

/** None for words that are no roles. */
function unquoted(name: string): string[] {
  if (name.startsWith('"')) return [name.slice(1, -1).replaceAll('""', '"')];
  return /^(public|current_user|session_user|default|user)$/i.test(name) ? [] : [name];
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names.filter((name) => name !== ''))].sort();
}
