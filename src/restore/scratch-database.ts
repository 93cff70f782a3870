import type { Toc } from '../archive/toc.ts';
import type { BackupContext } from '../backup/context.ts';
import { PgBackupError } from '../errors.ts';
import { quoteIdentifier } from '../postgres/identifier.ts';
import { QueryFailed } from '../postgres/session.ts';
import { type DatabaseOptions, databaseOptions, rolesOfSettings } from './database-options.ts';
import { needsOf } from './dump-needs.ts';
import type { Globals } from './globals-file.ts';
import { inspectTarget, type TargetServer } from './inspect-target.ts';
import { createUnfinished, dropUnfinished, giveToOwner } from './new-database.ts';
import { type MissingThings, missingThings } from './plan.ts';
import { createRoles, planRoles } from './roles.ts';
import type { RunSource } from './run-source.ts';
import type { Scratch } from './scratch.ts';
import { removeLeftDatabases, scratchName, startClaim } from './scratch-names.ts';
import { refuseByAddress, refuseServer } from './scratch-refusals.ts';
import { scratchFailed } from './server-failure.ts';

/** An empty database that is ready for a restore. */
export interface ScratchDatabase {
  readonly name: string;
  readonly target: TargetServer;
  /** Whether every role is there and may be given something, so that owners and rights can be restored. */
  readonly hasRoles: boolean;
  /** False where the server lacks the collation and C takes its place. */
  readonly hasCollation: boolean;
}

/** What has to be done at the end, the last one first. */
export type Clearing = (() => Promise<unknown>)[];

export interface PrepareOptions {
  readonly source: RunSource;
  readonly toc: Toc;
  readonly globals: Globals | undefined;
  readonly sourceMajor: number;
  readonly onSourceServer: boolean;
  readonly clearing: Clearing;
}

/**
 * Makes a database on the scratch server, and on one of our own also the backup's roles, which are part of what is proven.
 * @throws PgBackupError DRILL_REFUSED, for example for missing extensions; RESTORE_FAILED where the roles cannot be created
 */
export async function prepareScratch(
  context: BackupContext,
  scratch: Scratch,
  options: PrepareOptions,
): Promise<ScratchDatabase> {
  const { kind, access } = scratch;
  const { source, toc, globals, clearing } = options;
  // By its address first: the source is not even connected to.
  refuseByAddress(context, scratch, options);
  const name = scratchName();
  const target = await inspectTarget(access, name);
  const asked = databaseOptions(toc);
  const missing = missingThings(needsOf(toc), asked, target);
  refuseServer(scratch, options, { target, missing });
  if (kind === 'embedded') {
    await makeRoles(access, target, globals, [...rolesIn(missing), ...rolesOfSettings(toc)]);
  } else {
    await removeLeftDatabases(context, access, target);
    const claim = await startClaim(access, target, name);
    clearing.push(() => claim.close());
    clearing.push(() => dropScratch(context, scratch, name));
  }
  const hasCollation = await create(scratch, name, { source, asked, missing, target });
  const lacksRoles = rolesIn(missing).length > 0 || missing.unassignable.length > 0;
  const hasRoles = kind === 'embedded' || !lacksRoles;
  if (hasRoles) await giveToOwner(access, toc, name);
  return { name, target, hasRoles, hasCollation };
}

async function dropScratch(context: BackupContext, { access }: Scratch, name: string): Promise<void> {
  const isGone = await dropUnfinished(context, access, name);
  if (!isGone) throw scratchFailed({ en: `${name} was left`, zh: `${name} 未能删除` });
}

function rolesIn({ owners, grantees, otherRoles }: MissingThings): string[] {
  return [...new Set([...owners, ...grantees, ...otherRoles])];
}

/** Those of the globals; and bare ones for a backup that was made without. */
async function makeRoles(
  access: Scratch['access'],
  { maintenanceDatabase, roles }: TargetServer,
  globals: Globals | undefined,
  needed: readonly string[],
): Promise<void> {
  const session = access.open(maintenanceDatabase);
  try {
    const plan = globals && (await planRoles(session, globals));
    if (plan) await createRoles(session, plan);
    const bare = needed.filter((name) => !plan?.missing.includes(name) && !roles.has(name));
    for (const role of new Set(bare)) await session.execute(`CREATE ROLE ${quoteIdentifier(role)}`);
  } catch (error) {
    if (!(error instanceof QueryFailed)) throw error;
    const parameters = { database: 'globals', detail: error.message, remedy: BAD_GLOBALS };
    throw new PgBackupError('RESTORE_FAILED', parameters, error);
  } finally {
    await session.close();
  }
}

/** What servers say of a locale that they do not have, or of a provider (PostgreSQL sources, dbcommands.c and pg_locale.c). */
const NO_SUCH_LOCALE = ['42809', '22023', '0A000'];

/** Returns false where C had to take the place of the collation. */
async function create(
  { access }: Scratch,
  name: string,
  options: {
    readonly source: RunSource;
    readonly asked: DatabaseOptions;
    readonly missing: MissingThings;
    readonly target: TargetServer;
  },
): Promise<boolean> {
  const { source, asked, missing, target } = options;
  const createWith = (database: DatabaseOptions): Promise<void> =>
    createUnfinished(access, name, { database, serverMajor: target.server.major, run: source.run });
  if (missing.collation === undefined) {
    try {
      await createWith(asked);
      return true;
    } catch (error) {
      if (!(error instanceof QueryFailed && NO_SUCH_LOCALE.includes(error.sqlState))) throw error;
    }
  }
  await createWith(inC(asked, target));
  return false;
}

/** Sorts by bytes; but what a letter is, which constraints may ask, stays as it is in every UTF-8 locale where the server can tell. */
function inC(options: DatabaseOptions, { collations }: TargetServer): DatabaseOptions {
  const unicode = ['C.UTF-8', 'C.utf8'].find((name) => collations.has(name));
  const ctype = options.encoding === 'UTF8' && unicode !== undefined ? unicode : 'C';
  return { ...options, provider: undefined, collation: 'C', ctype };
}

const BAD_GLOBALS = {
  en: 'The roles of the backup cannot be created: look at its globals file.',
  zh: '无法创建备份中的角色：请检查其全局对象文件。',
};
