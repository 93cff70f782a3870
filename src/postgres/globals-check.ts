import type { Check } from '../check.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteIdentifier } from './identifier.ts';
import { mayReadPasswords } from './server.ts';
import type { Session } from './session.ts';

/** What pg_dumpall --globals-only --no-role-passwords reads; those that the server does not have are not asked for. */
const CATALOGS = [
  'pg_auth_members',
  'pg_database',
  'pg_db_role_setting',
  'pg_parameter_acl',
  'pg_roles',
  'pg_shdescription',
  'pg_shseclabel',
  'pg_tablespace',
];

/** Whether roles and tablespaces can be written, and whether with their passwords. */
export async function checkGlobals(session: Session, user: string): Promise<Check[]> {
  const role = quoteIdentifier(user);
  const denied = await session.query(`
    SELECT relname AS name FROM pg_catalog.pg_class
     WHERE relnamespace = 'pg_catalog'::regnamespace AND relname IN (${CATALOGS.map((name) => `'${name}'`).join(', ')})
       AND NOT has_table_privilege(oid, 'SELECT')
     ORDER BY relname`);
  if (denied.length > 0) {
    return denied.map((row) => ({
      id: 'globals',
      state: 'bad',
      text: fillIn(DENIED, { user, catalog: String(row['name']) }),
      remedy: `GRANT SELECT ON pg_catalog.${String(row['name'])} TO ${role};`,
    }));
  }
  if (await mayReadPasswords(session)) return [{ id: 'globals', state: 'good', text: WITH_PASSWORDS }];
  return [
    {
      id: 'globals',
      state: 'warning',
      text: fillIn(WITHOUT_PASSWORDS, { user }),
      remedy: `GRANT SELECT ON pg_catalog.pg_authid TO ${role};`,
    },
  ];
}

const DENIED: Text = {
  en: '"{user}" may not read {catalog}, which roles and tablespaces are written from (INCLUDE_GLOBALS)',
  zh: '"{user}" 无权读取 {catalog}，而导出角色与表空间需要它（INCLUDE_GLOBALS）',
};
const WITH_PASSWORDS: Text = {
  en: 'roles and tablespaces can be written, with the passwords (hashes) of the roles',
  zh: '可导出角色与表空间，含角色口令（哈希）',
};
const WITHOUT_PASSWORDS: Text = {
  en: '"{user}" may not read passwords (pg_authid): roles are written without them. A superuser can allow it, in this database',
  zh: '"{user}" 无权读取口令（pg_authid）：导出的角色不含口令。超级用户可在该数据库中授权',
};
