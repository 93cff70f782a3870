import type { Toc, TocEntry } from '../archive/toc.ts';
import { quoteIdentifier, quoteLiteral } from '../postgres/identifier.ts';
import { readTokens, type SqlToken, splitStatements, UnterminatedSql } from './sql-statements.ts';

/** How a database was created; absent what the dump does not say. */
export interface DatabaseOptions {
  readonly encoding: string;
  readonly provider: string | undefined;
  readonly collation: string | undefined;
  readonly ctype: string | undefined;
  readonly icuLocale: string | undefined;
  readonly icuRules: string | undefined;
  readonly builtinLocale: string | undefined;
}

/** The first server that knows a provider of locales (PostgreSQL manual, CREATE DATABASE). */
const PROVIDERS: Readonly<Record<string, number>> = { libc: 15, icu: 15, builtin: 17 };
const WITH_ICU_RULES = 16;

/** Reads the options of the CREATE DATABASE that every archive holds (pg_dump.c, dumpDatabase). */
export function databaseOptions(toc: Toc): DatabaseOptions {
  const options = createOptions(toc);
  return {
    encoding: options.get('ENCODING') ?? toc.encoding,
    provider: options.get('LOCALE_PROVIDER'),
    collation: options.get('LC_COLLATE') ?? options.get('LOCALE'),
    ctype: options.get('LC_CTYPE') ?? options.get('LOCALE'),
    icuLocale: options.get('ICU_LOCALE'),
    icuRules: options.get('ICU_RULES'),
    builtinLocale: options.get('BUILTIN_LOCALE'),
  };
}

/** The tablespace that everything in the database is in unless it says otherwise; undefined for the server's own. */
export function tablespaceOf(toc: Toc): string | undefined {
  return createOptions(toc).get('TABLESPACE');
}

/** The statement that creates an empty database with these options, as far as a server of that major knows them. */
export function createDatabaseStatement(
  name: string,
  options: DatabaseOptions,
  serverMajor: number,
  tablespace?: string,
): string {
  const provider = providerOn(serverMajor, options);
  const isIcu = provider === 'icu';
  const given: readonly (readonly [string, string | undefined])[] = [
    ['ENCODING', quoted(options.encoding)],
    ['LOCALE_PROVIDER', provider],
    ['LC_COLLATE', quoted(options.collation)],
    ['LC_CTYPE', quoted(options.ctype)],
    ['ICU_LOCALE', isIcu ? quoted(options.icuLocale) : undefined],
    ['ICU_RULES', isIcu && serverMajor >= WITH_ICU_RULES ? quoted(options.icuRules) : undefined],
    ['BUILTIN_LOCALE', provider === 'builtin' ? quoted(options.builtinLocale) : undefined],
    ['TABLESPACE', tablespace === undefined ? undefined : quoteIdentifier(tablespace)],
  ];
  const clauses = given.flatMap(([clause, value]) => (value === undefined ? [] : [`${clause} = ${value}`]));
  return `CREATE DATABASE ${quoteIdentifier(name)} WITH TEMPLATE = template0 ${clauses.join(' ')}`;
}

/** Who sorts; undefined where the server does not know that provider, so that its C library takes its place. */
export function providerOn(serverMajor: number, { provider }: DatabaseOptions): string | undefined {
  const since = PROVIDERS[provider ?? ''];
  return since !== undefined && serverMajor >= since ? provider : undefined;
}

/** One statement about a database as a whole. */
export interface DatabaseStatement {
  /** Of its entry in the table of contents. */
  readonly kind: string;
  /** Written anew piece by piece, so that nothing in it is a command of psql; undefined for a statement that pg_dump does not write. */
  readonly sql: string | undefined;
  /** Where it is a setting of a role in the database. */
  readonly role: string | undefined;
}

/** The statements that give a database what belongs to it as a whole: its settings, rights and comment (pg_restore would only with --create). */
export function databaseStatements(toc: Toc, name: string): DatabaseStatement[] {
  const areDoubled = toc.entries.some(
    ({ kind, definition }) => kind === 'STDSTRINGS' && /= 'off'/.test(definition),
  );
  return toc.entries.flatMap((entry) => {
    const { kind, definition } = entry;
    if (kind === 'DATABASE' || !isOfDatabase(entry)) return [];
    const text = areDoubled ? definition.replaceAll('\\\\', '\\') : definition;
    return statementsIn(text).flatMap((tokens): DatabaseStatement[] => {
      if (tokens && SESSION.includes(tokens[0]?.value ?? '')) return [];
      return [{ kind, sql: tokens && rewrite(tokens, toc.database, name), role: roleIn(tokens) }];
    });
  });
}

/** Whether an entry is about the database as a whole: pg_restore leaves those out unless it creates the database itself. */
export function isOfDatabase({ kind, tag }: TocEntry): boolean {
  const isAboutOne = OF_OBJECTS.includes(kind) && tag.startsWith('DATABASE ');
  return kind === 'DATABASE' || kind === 'DATABASE PROPERTIES' || isAboutOne;
}

/** The roles that have settings of their own in the database. */
export function rolesOfSettings(toc: Toc): string[] {
  return databaseStatements(toc, toc.database).flatMap(({ role }) => role ?? []);
}

/** Entries that are about an object that their tag names. */
const OF_OBJECTS = ['COMMENT', 'ACL', 'SECURITY LABEL'];
/** `SET SESSION AUTHORIZATION`, around grants by others than the owner: ours are given by whoever restores. */
const SESSION = ['SET', 'RESET'];
const BEGINNINGS = ['ALTER', 'COMMENT', 'GRANT', 'REVOKE', 'SECURITY'];
const SIGNS = [',', '=', '-'];

function createOptions(toc: Toc): Map<string, string> {
  const definition = toc.entries.find(({ kind }) => kind === 'DATABASE')?.definition ?? '';
  const [tokens = []] = statementsIn(definition);
  return new Map(
    (tokens ?? []).flatMap(({ kind, value }, index): [string, string][] => {
      const isSet = kind === 'word' && tokens?.[index + 1]?.value === '=';
      const set = tokens?.[index + 2];
      return isSet && set ? [[value, set.value]] : [];
    }),
  );
}

/** Undefined for what cannot be taken apart. */
function statementsIn(definition: string): (readonly SqlToken[] | undefined)[] {
  try {
    return splitStatements(definition).map(readTokens);
  } catch (error) {
    if (error instanceof UnterminatedSql) return [undefined];
    throw error;
  }
}

/** The same statement for a database of another name. */
function rewrite(tokens: readonly SqlToken[], from: string, to: string): string | undefined {
  const place = tokens.findIndex(({ kind, value }) => kind === 'word' && value === 'DATABASE') + 1;
  const isExpected = BEGINNINGS.includes(tokens[0]?.value ?? '') && tokens[0]?.kind === 'word';
  if (!isExpected || place === 0 || tokens[place]?.value !== from) return undefined;
  const words = tokens.map((token, index) => (index === place ? quoteIdentifier(to) : written(token)));
  return words.every((word) => word !== undefined) ? words.join(' ') : undefined;
}

function written({ kind, value }: SqlToken): string | undefined {
  if (kind === 'name') return quoteIdentifier(value);
  if (kind === 'string') return quoteLiteral(value);
  return kind === 'word' || SIGNS.includes(value) ? value : undefined;
}

function roleIn(tokens: readonly SqlToken[] | undefined): string | undefined {
  const [alter, what, role] = tokens ?? [];
  return alter?.value === 'ALTER' && what?.value === 'ROLE' ? role?.value : undefined;
}

function quoted(value: string | undefined): string | undefined {
  return value === undefined ? undefined : quoteLiteral(value);
}
