import { availableParallelism } from 'node:os';
import type { Toc, TocEntry } from '../archive/toc.ts';
import type { BackupContext } from '../backup/context.ts';
import { PgBackupError } from '../errors.ts';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import type { Client } from '../postgres/clients.ts';
import { type DatabaseOptions, databaseOptions, isOfDatabase } from './database-options.ts';
import { type DumpNeeds, needsOf } from './dump-needs.ts';
import { expectedRestoreSeconds } from './expected-duration.ts';
import type { TargetServer } from './inspect-target.ts';
import { type DumpPart, isWhole, type RestoreOptions } from './restore-options.ts';
import { planRoles, type RolePlan } from './roles.ts';
import type { RunSource } from './run-source.ts';
import { looseEntries, selectEntries } from './select-entries.ts';
import type { ServerAccess } from './server-access.ts';

/** Each worker is one connection, and works on one table at a time. */
const MOST_JOBS = 8;

/** Everything that is known before a restore begins, and what follows from it. */
export interface RestorePlan {
  readonly source: RunSource;
  readonly toc: Toc;
  readonly fingerprint: Fingerprint | undefined;
  /** Why it cannot be read; that keeps no dump from being restored. */
  readonly fingerprintFault: PgBackupError | undefined;
  readonly options: RestoreOptions;
  readonly target: TargetServer;
  readonly access: ServerAccess;
  readonly client: Client;
  readonly jobs: number;
  /** `new database`: under another name until it is complete. `one transaction`: in the database that is there. */
  readonly method: 'new database' | 'one transaction';
  readonly databaseOptions: DatabaseOptions;
  /** Entries of the table of contents, where only a part is restored. */
  readonly selected: ReadonlySet<number> | undefined;
  /** What belongs to the part and to a table that is no part of it, such as a foreign key. */
  readonly loose: readonly TocEntry[];
  readonly needs: DumpNeeds;
  readonly missing: MissingThings;
  /** Where they were asked for: what happens to the roles. undefined for a backup without globals. */
  readonly roles: RolePlan | undefined;
  /** Whether the target is the very database that the dump came from. */
  readonly isSource: boolean;
  /** By the last drill of the same database; undefined before the first one. */
  readonly expectedSeconds: number | undefined;
}

export interface MissingThings {
  readonly owners: readonly string[];
  /** Owners that are there, and that the user may not make the owner of anything. */
  readonly unassignable: readonly string[];
  readonly grantees: readonly string[];
  readonly otherRoles: readonly string[];
  readonly extensions: readonly string[];
  readonly tablespaces: readonly string[];
  /** The collation of the database, where the server is not known to have it. */
  readonly collation: string | undefined;
}

/**
 * Looks at the backup and at the server. Changes nothing.
 * @throws PgBackupError for a source that cannot be read or a server that cannot be reached
 */
export async function makePlan(
  context: BackupContext,
  options: RestoreOptions,
  parts: {
    readonly source: RunSource;
    readonly access: ServerAccess;
    readonly client: Client;
    readonly toc: Toc;
    readonly target: TargetServer;
  },
): Promise<RestorePlan> {
  const { source, access, client, toc, target } = parts;
  const isFilled = target.existing?.isEmpty === false;
  const selected = selectEntries(toc, options.part, { withNeeds: !isFilled });
  const method = target.existing ? 'one transaction' : 'new database';
  const needs = needsOf({
    ...toc,
    entries: toc.entries.filter((entry) => isRestored(entry, { method, selected, part: options.part })),
  });
  const created = databaseOptions(toc);
  return {
    ...{ source, toc, options, target, access, client, method, selected, needs },
    ...(await readFingerprint(context, source)),
    loose: selected ? looseEntries(toc, selected) : [],
    jobs: method === 'one transaction' || source.encryption !== 'none' ? 1 : jobsFor(options),
    databaseOptions: created,
    missing: missingThings(needs, created, target),
    roles: options.globals ? await planRolesOf(source, access, target) : undefined,
    isSource: isSourceDatabase(source, toc, options.to, target, access),
    expectedSeconds: isWhole(options.part)
      ? await expectedRestoreSeconds(context, toc.database, source.dump.sizeBytes)
      : undefined,
  };
}

/** Whether an entry makes demands on the server; of the database as a whole those do only where it is made. */
function isRestored(
  entry: TocEntry,
  { method, selected, part }: Pick<RestorePlan, 'method' | 'selected'> & { readonly part: DumpPart },
): boolean {
  if (isOfDatabase(entry)) return method === 'new database';
  // Rows belong to nobody; large objects do.
  const isLargeObject = entry.kind.startsWith('BLOB') || entry.tag.startsWith('LARGE OBJECT ');
  if (part.dataOnly && !isLargeObject) return false;
  return selected?.has(entry.dumpId) ?? true;
}

async function readFingerprint(
  { signal }: BackupContext,
  source: RunSource,
): Promise<Pick<RestorePlan, 'fingerprint' | 'fingerprintFault'>> {
  try {
    return { fingerprint: await source.readFingerprint(), fingerprintFault: undefined };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PgBackupError)) throw error;
    return { fingerprint: undefined, fingerprintFault: error };
  }
}

async function planRolesOf(
  source: RunSource,
  access: ServerAccess,
  { maintenanceDatabase }: TargetServer,
): Promise<RolePlan | undefined> {
  const globals = await source.readGlobals();
  if (!globals) return undefined;
  const session = access.open(maintenanceDatabase);
  try {
    return await planRoles(session, globals);
  } finally {
    await session.close();
  }
}

/** The cores of this machine, which are a good guess at those of the server. */
export function jobsFor({ jobs }: Pick<RestoreOptions, 'jobs'>): number {
  return jobs ?? Math.min(availableParallelism(), MOST_JOBS);
}

export function missingThings(
  needs: DumpNeeds,
  { provider, collation }: DatabaseOptions,
  target: TargetServer,
): MissingThings {
  const lacking = (names: readonly string[], there: ReadonlySet<string>): string[] =>
    names.filter((name) => !there.has(name));
  const known = new Set([...target.collations].map(normalised));
  const isCollationThere = collation === undefined || provider === 'icu' || known.has(normalised(collation));
  return {
    owners: lacking(needs.owners, target.roles),
    unassignable: needs.owners.filter((name) => target.roles.has(name) && !target.assignableRoles.has(name)),
    grantees: lacking(needs.grantees, target.roles),
    otherRoles: lacking(needs.others, target.roles),
    extensions: lacking(needs.extensions, target.extensions),
    tablespaces: lacking(needs.tablespaces, target.tablespaces),
    collation: isCollationThere || target.existing ? undefined : collation,
  };
}

/** The C library takes `C.UTF-8` and `C.utf8` for one. */
function normalised(locale: string): string {
  return locale.toLowerCase().replace(/utf-8$/, 'utf8');
}

/** Unless it is known to be another one, by the identity of its cluster and by its address. */
function isSourceDatabase(
  { record }: RunSource,
  toc: Toc,
  database: string,
  { server, existing }: TargetServer,
  { host, port }: ServerAccess,
): boolean {
  if (!existing || database !== toc.database) return false;
  if (record?.host === host && record.port === port) return true;
  const identifier = record?.server?.systemIdentifier;
  const isKnown = identifier !== undefined && server.systemIdentifier !== undefined;
  return !isKnown || identifier === server.systemIdentifier;
}
