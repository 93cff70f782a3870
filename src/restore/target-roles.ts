import type { Session } from '../postgres/session.ts';
import { ROLE_FLAGS, type RoleAttributes, type RoleFlag } from './role-attributes.ts';

/** The roles of a server, as far as every user of it may see them: no passwords. */
export interface TargetRoles {
  readonly major: number;
  /** Whether the connected user may do everything. */
  readonly isSuperuser: boolean;
  readonly roles: ReadonlyMap<string, RoleAttributes>;
  readonly memberships: readonly TargetMembership[];
  /** The names of all settings that the connected user may see, in small letters. */
  readonly settings: ReadonlySet<string>;
}

/** What all grants of one role to one member come to. */
export interface TargetMembership extends MembershipOptions {
  readonly role: string;
  readonly member: string;
}

export interface MembershipOptions {
  readonly admin: boolean;
  readonly inherit: boolean;
  readonly set: boolean;
}

/** The major from which on each membership has options and a grantor of its own (release notes of PostgreSQL 16). */
export const WITH_MEMBERSHIP_OPTIONS = 16;

/**
 * What a server says of its roles.
 * @throws as `Session.query`
 */
export async function readTargetRoles(session: Session): Promise<TargetRoles> {
  const [server] = await session.query(`
    SELECT current_setting('server_version_num')::int / 10000 AS major,
           (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS is_superuser`);
  const major = Number(server?.['major']);
  const settings = await session.query('SELECT lower(name) AS name FROM pg_catalog.pg_settings');
  return {
    major,
    isSuperuser: server?.['is_superuser'] === true,
    roles: await readRoles(session),
    memberships: await readMemberships(session, major),
    settings: new Set([...HIDDEN_SETTINGS, ...settings.map((row) => String(row['name']))]),
  };
}

/** Those that a role may have and that pg_settings leaves out (PostgreSQL sources, guc_tables.c: GUC_NO_SHOW_ALL). */
const HIDDEN_SETTINGS = ['role', 'session_authorization'];

async function readRoles(session: Session): Promise<Map<string, RoleAttributes>> {
  const rows = await session.query(`
    SELECT rolname AS name, rolsuper AS superuser, rolinherit AS inherit, rolcreaterole AS createrole, rolcreatedb AS createdb,
           rolcanlogin AS login, rolreplication AS replication, rolbypassrls AS bypassrls, rolconnlimit AS connection_limit,
           CASE WHEN isfinite(rolvaliduntil) THEN to_char(rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US"+00"')
                ELSE rolvaliduntil::text END AS valid_until
      FROM pg_catalog.pg_roles`);
  return new Map(
    rows.map((row) => {
      const flags = Object.fromEntries(ROLE_FLAGS.map((flag) => [flag, row[flag] === true]));
      const validUntil = typeof row['valid_until'] === 'string' ? row['valid_until'] : undefined;
      const connectionLimit = Number(row['connection_limit']);
      return [String(row['name']), { ...(flags as Record<RoleFlag, boolean>), connectionLimit, validUntil }];
    }),
  );
}

async function readMemberships(session: Session, major: number): Promise<TargetMembership[]> {
  const options =
    major >= WITH_MEMBERSHIP_OPTIONS
      ? 'bool_or(inherit_option) AS inherit, bool_or(set_option) AS set'
      : 'bool_or(m.rolinherit) AS inherit, true AS set';
  const rows = await session.query(`
    SELECT r.rolname AS role, m.rolname AS member, bool_or(admin_option) AS admin, ${options}
      FROM pg_catalog.pg_auth_members
      JOIN pg_catalog.pg_roles r ON r.oid = roleid
      JOIN pg_catalog.pg_roles m ON m.oid = member
     GROUP BY r.rolname, m.rolname
     ORDER BY r.rolname, m.rolname`);
  return rows.map((row) => ({
    role: String(row['role']),
    member: String(row['member']),
    admin: row['admin'] === true,
    inherit: row['inherit'] === true,
    set: row['set'] === true,
  }));
}
