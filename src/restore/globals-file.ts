import { decodeText } from '../archive/encoding.ts';
import { PgBackupError } from '../errors.ts';
import type { Text } from '../language.ts';
import type { Secret } from '../secret.ts';
import { addStatement, emptyDraft } from './globals-statements.ts';
import type { RoleAttributes } from './role-attributes.ts';
import { UnexpectedSql } from './sql-reader.ts';
import { splitStatements, UnterminatedSql } from './sql-statements.ts';

/** What `pg_dumpall --globals-only` wrote. Passwords are inside of Secrets: the rest may be shown. */
export interface Globals {
  /** In the order of the file. */
  readonly roles: readonly RoleDefinition[];
  readonly memberships: readonly Membership[];
  readonly parameterGrants: readonly ParameterGrant[];
  readonly tablespaces: readonly Tablespace[];
  /** Of every statement that is none of these its key words, for example `GRANT SET ON PARAMETER work_mem TO PUBLIC`. */
  readonly other: readonly string[];
}

export interface RoleDefinition {
  readonly name: string;
  readonly attributes: RoleAttributes;
  /** Almost always a verifier (`SCRAM-SHA-256$…`); none where the role has none or the backup was made without them. */
  readonly password: Secret | undefined;
  /** `ALTER ROLE … SET`; those for a single database belong to that database's dump and are left out. */
  readonly settings: readonly RoleSetting[];
  readonly comment: string | undefined;
  /** The providers of its security labels. */
  readonly labels: readonly string[];
}

export interface RoleSetting {
  readonly name: string;
  /** More than one for a list such as `search_path`. */
  readonly values: readonly string[];
}

/** `GRANT role TO member`. */
export interface Membership {
  readonly role: string;
  readonly member: string;
  readonly admin: boolean;
  /** Undefined where the file does not say it: then it is as the member's attribute says (before 16 always). */
  readonly inherit: boolean | undefined;
  readonly set: boolean;
  readonly grantor: string | undefined;
}

/** `GRANT privileges ON PARAMETER parameter TO role`. */
export interface ParameterGrant {
  readonly role: string;
  readonly parameter: string;
  /** In SQL's own words. */
  readonly privileges: readonly string[];
  readonly withGrantOption: boolean;
}

export interface Tablespace {
  readonly name: string;
  /** As they stand in the file. */
  readonly statements: readonly string[];
}

/** The text of a globals file in the encoding that it names itself: that of the database which pg_dumpall was connected to. */
export function decodeGlobals(bytes: Buffer): string {
  const encoding = /^SET client_encoding = '(\w+)';$/m.exec(bytes.toString('latin1'))?.[1];
  return decodeText(bytes, encoding ?? 'UTF8');
}

/**
 * Takes a globals file of pg_dumpall 14 to 18 apart; `path` is for the error. What the file says of a role must be understood in full.
 * @throws PgBackupError ARCHIVE_UNKNOWN for another file, one that was cut, or a statement about a role that is not known here.
 */
export function parseGlobals(sql: string, path: string): Globals {
  const unknown = (detail: Text) => new PgBackupError('ARCHIVE_UNKNOWN', { path, detail });
  if (!BEGINNING.test(sql)) throw unknown(NOT_GLOBALS);
  if (!END.test(sql)) throw unknown(CUT);
  const draft = emptyDraft();
  let count = 0;
  try {
    for (const statement of splitStatements(sql)) {
      count += 1;
      addStatement(draft, statement);
    }
  } catch (error) {
    if (error instanceof UnterminatedSql) throw unknown(CUT);
    if (error instanceof UnexpectedSql) throw unknown(notUnderstood(count));
    throw error;
  }
  return {
    ...draft,
    roles: [...draft.roles.values()],
    tablespaces: [...draft.tablespaces].map(([name, statements]) => ({ name, statements })),
  };
}

const BEGINNING = /^--\n-- PostgreSQL database cluster dump\n--\n/;
/** A string that was cut behind such lines is found by its missing quote. */
const END = /\n-- PostgreSQL database cluster dump complete\n--\s*$/;

const NOT_GLOBALS: Text = { en: 'not written by pg_dumpall', zh: '不是 pg_dumpall 的输出' };
const CUT: Text = { en: 'it was cut short', zh: '文件不完整' };

function notUnderstood(count: number): Text {
  return {
    en: `statement ${count} says of a role what is not known here`,
    zh: `第 ${count} 条语句含有无法识别的角色定义`,
  };
}
