import { randomBytes } from 'node:crypto';
import type { Toc } from '../archive/toc.ts';
import type { BackupContext } from '../backup/context.ts';
import { describeError, PgBackupError } from '../errors.ts';
import { quoteIdentifier, quoteLiteral } from '../postgres/identifier.ts';
import { QueryFailed, type Session } from '../postgres/session.ts';
import {
  createDatabaseStatement,
  type DatabaseOptions,
  type DatabaseStatement,
  databaseStatements,
} from './database-options.ts';
import { openMaintenance, UNFINISHED_COMMENT } from './inspect-target.ts';
import type { RestorePlan } from './plan.ts';
import type { ServerAccess } from './server-access.ts';

/** SQLSTATE insufficient_privilege. */
const NO_PRIVILEGE = '42501';
const CLEARING_MILLISECONDS = 30_000;
/** Of a name (PostgreSQL manual, 4.1.1); the rest is for what makes it unique. */
const LONGEST_NAME_BYTES = 63;

/** A database that nobody can take for the real one. */
export function temporaryName(database: string): string {
  const end = `_restoring_${randomBytes(4).toString('hex')}`;
  let start = database;
  while (Buffer.byteLength(start + end) > LONGEST_NAME_BYTES) start = [...start].slice(0, -1).join('');
  return start + end;
}

/** Creates an empty database that says of itself whose it is. @throws as Session.execute */
export async function createUnfinished(
  access: ServerAccess,
  name: string,
  options: {
    readonly database: DatabaseOptions;
    readonly serverMajor: number;
    readonly run: string;
    readonly tablespace?: string | undefined;
  },
): Promise<void> {
  const { database, serverMajor, run, tablespace } = options;
  await atServer(access, async (session) => {
    await session.execute(createDatabaseStatement(name, database, serverMajor, tablespace));
    const comment = quoteLiteral(`${UNFINISHED_COMMENT} of ${run}`);
    await session.execute(`COMMENT ON DATABASE ${quoteIdentifier(name)} IS ${comment}`);
  });
}

/**
 * Makes its owner the one that it had, who may then be given what lies in its schema `public` (PostgreSQL manual, ALTER TABLE). What is refused is told by
 * `applyDatabaseSettings`, which asks once more.
 */
export async function giveToOwner(access: ServerAccess, toc: Toc, name: string): Promise<void> {
  const statement = ownerStatement(toc, name);
  if (statement === undefined) return;
  try {
    await atServer(access, (session) => session.execute(statement));
  } catch (error) {
    if (!(error instanceof QueryFailed)) throw error;
  }
}

function ownerStatement(toc: Toc, name: string): string | undefined {
  const owner = toc.entries.find(({ kind }) => kind === 'DATABASE')?.owner;
  return owner && `ALTER DATABASE ${quoteIdentifier(name)} OWNER TO ${quoteIdentifier(owner)}`;
}

/** Gives the database the owner, settings, rights and comment that it had; returns what was refused, which is logged as well. */
export async function applyDatabaseSettings(
  context: BackupContext,
  plan: Pick<RestorePlan, 'toc' | 'access'>,
  name: string,
  options: { readonly noOwner: boolean; readonly noPrivileges: boolean },
): Promise<string[]> {
  const refused: string[] = [];
  for (const { sql, role } of settingStatements(plan.toc, name, options)) {
    try {
      if (sql === undefined) throw new QueryFailed(FEATURE_NOT_SUPPORTED, NOT_UNDERSTOOD);
      await atServer(plan.access, (session) => session.execute(sql));
    } catch (error) {
      if (!(error instanceof QueryFailed)) throw error;
      context.log('warn', 'RESTORE_DATABASE_SETTING', { message: error.message });
      // Who does without rights does without the settings of roles that are not there.
      const isForNobody = role !== undefined && error.sqlState === UNDEFINED_OBJECT && options.noPrivileges;
      if (!isForNobody) refused.push(error.message);
    }
  }
  return refused;
}

const UNDEFINED_OBJECT = '42704';
const FEATURE_NOT_SUPPORTED = '0A000';
const NOT_UNDERSTOOD = 'the archive holds a statement about its database that pg_dump does not write';

/** The comment comes last: until then, another one marks the database as unfinished. */
function settingStatements(
  toc: Toc,
  name: string,
  { noOwner, noPrivileges }: { readonly noOwner: boolean; readonly noPrivileges: boolean },
): Pick<DatabaseStatement, 'sql' | 'role'>[] {
  const own = (sql: string) => ({ sql, role: undefined });
  const owner = ownerStatement(toc, name);
  const statements = databaseStatements(toc, name).filter(({ kind }) => kind !== 'ACL' || !noPrivileges);
  const comments = statements.filter(({ kind }) => kind === 'COMMENT');
  return [
    ...(owner && !noOwner ? [own(owner)] : []),
    ...statements.filter(({ kind }) => kind !== 'COMMENT'),
    ...(comments.length > 0 ? comments : [own(`COMMENT ON DATABASE ${quoteIdentifier(name)} IS NULL`)]),
  ];
}

/** Whether that was done is always known in the end: an interruption waits for it. @throws as Session.execute */
export async function renameDatabase(access: ServerAccess, from: string, to: string): Promise<void> {
  const rename = `ALTER DATABASE ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)}`;
  await atServer(access, (session) => session.execute(rename), new AbortController().signal);
}

/**
 * Removes a database of our own making, with the sessions of our own programs in it; also after an interruption. Returns whether it is gone; what cannot
 * be removed is named.
 */
export async function dropUnfinished(
  context: BackupContext,
  access: ServerAccess,
  name: string,
): Promise<boolean> {
  const quoted = quoteIdentifier(name);
  try {
    const signal = AbortSignal.timeout(CLEARING_MILLISECONDS);
    const dropWith = (force: string): Promise<void> =>
      atServer(access, (session) => drop(session, name, force, () => access.open(name, signal)), signal);
    await dropWith(' WITH (FORCE)').catch((error) => {
      // Autovacuum is in it, which only a superuser may end by force; without force the server asks it to leave.
      if (!(error instanceof QueryFailed && error.sqlState === NO_PRIVILEGE)) throw error;
      return dropWith('');
    });
    context.log('info', 'RESTORE_CLEARED', { temporary: name });
    return true;
  } catch (error) {
    const message =
      error instanceof PgBackupError ? describeError(error, context.language).message : String(error);
    context.log('error', 'RESTORE_LEFT', { message, quoted });
    return false;
  }
}

async function drop(
  session: Session,
  name: string,
  force: string,
  openDatabase: () => Session,
): Promise<void> {
  const quoted = quoteIdentifier(name);
  // A server goes on making a database whose client was interrupted, and would have it after we looked.
  const beginning = quoteLiteral(`CREATE DATABASE ${quoted} `);
  const ending = `
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE pid <> pg_backend_pid() AND usename = current_user AND starts_with(query, ${beginning}) AND state = 'active'`;
  while ((await session.query(ending)).length > 0);
  const [found] = await session.query(`
    SELECT datistemplate AS is_template, EXISTS (SELECT FROM pg_subscription WHERE subdbid = d.oid) AS subscribes
      FROM pg_database d WHERE datname = ${quoteLiteral(name)}`);
  // Neither a template can be dropped, which the source may have been, nor what has subscriptions.
  if (found?.['is_template'] === true) await session.execute(`ALTER DATABASE ${quoted} IS_TEMPLATE false`);
  if (found?.['subscribes'] === true) await dropSubscriptions(openDatabase());
  await session.execute(`DROP DATABASE IF EXISTS ${quoted}${force}`);
}

/** The slots at the publisher are those of the source's own subscriptions, and must stay. */
async function dropSubscriptions(session: Session): Promise<void> {
  try {
    const found = await session.query(`
      SELECT subname AS name FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE datname = current_database()`);
    for (const name of found.map((row) => quoteIdentifier(String(row['name'])))) {
      await session.execute(`ALTER SUBSCRIPTION ${name} DISABLE`);
      await session.execute(`ALTER SUBSCRIPTION ${name} SET (slot_name = NONE)`);
      await session.execute(`DROP SUBSCRIPTION ${name}`);
    }
  } finally {
    await session.close();
  }
}

async function atServer(
  access: ServerAccess,
  action: (session: Session) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const { session } = await openMaintenance(access, signal);
  try {
    await action(session);
  } finally {
    await session.close();
  }
}
