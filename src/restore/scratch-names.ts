import { randomBytes } from 'node:crypto';
import type { BackupContext } from '../backup/context.ts';
import type { Session } from '../postgres/session.ts';
import type { TargetServer } from './inspect-target.ts';
import { dropUnfinished } from './new-database.ts';
import type { ServerAccess } from './server-access.ts';
import { scratchFailed } from './server-failure.ts';

const PREFIX = 'pgbackup_drill_';
const NAME = `^${PREFIX}[0-9a-f]{12}$`;

/** A name that no database has. */
export function scratchName(): string {
  return `${PREFIX}${randomBytes(6).toString('hex')}`;
}

/**
 * Tells other drills that the database of that name, which need not be there yet, belongs to a living one: an advisory lock, which the server frees
 * when the session ends, by `close` or by a death of any kind.
 * @throws PgBackupError SCRATCH_FAILED
 */
export async function startClaim(
  access: ServerAccess,
  { maintenanceDatabase }: TargetServer,
  name: string,
): Promise<Session> {
  const session = access.open(maintenanceDatabase);
  try {
    if (await claim(session, name)) return session;
    throw scratchFailed(`${name} is held by another session`);
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Removes the databases of drills that were killed. What may not be removed is named; it hinders nobody. */
export async function removeLeftDatabases(
  context: BackupContext,
  access: ServerAccess,
  { maintenanceDatabase }: TargetServer,
): Promise<void> {
  const session = access.open(maintenanceDatabase);
  try {
    const found = await session.query(`SELECT datname AS name FROM pg_database WHERE datname ~ '${NAME}'`);
    for (const name of found.map((row) => String(row['name']))) {
      // Held until the session ends, so that two drills do not remove it at once.
      if (await claim(session, name)) await dropUnfinished(context, access, name);
    }
  } finally {
    await session.close();
  }
}

async function claim(session: Session, name: string): Promise<boolean> {
  const key = BigInt(`0x${name.slice(PREFIX.length)}`);
  const [row] = await session.query(`SELECT pg_try_advisory_lock(${key}) AS is_ours`);
  return row?.['is_ours'] === true;
}
