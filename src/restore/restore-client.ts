import type { Toc } from '../archive/toc.ts';
import type { BackupContext } from '../backup/context.ts';
import { PgBackupError } from '../errors.ts';
import { howToGet } from '../how-to-get.ts';
import { remedyOfHoles } from '../postgres/client-check.ts';
import type { Client } from '../postgres/clients.ts';
import { neededMinor } from '../postgres/fixed-minors.ts';

/** The first client that reads a format (PostgreSQL sources, pg_backup_archiver.h). */
const OLDEST_CLIENT: Readonly<Record<number, number>> = { 14: 12, 15: 16, 16: 17 };

/**
 * The client that restores: of those that can read the archive the one of the target's major, else the next newer, else the newest; none that is older
 * than the pg_dump that wrote it, where there is one that is not.
 * @throws PgBackupError COMMAND_MISSING where none can read it
 */
export function chooseRestoreClient(clients: readonly Client[], toc: Toc, serverMajor: number): Client {
  const needed = OLDEST_CLIENT[toc.formatMinor] ?? 0;
  const able = clients.filter(({ major }) => major >= needed).toSorted((a, b) => a.major - b.major);
  const dumpMajor = Number.parseInt(toc.dumpVersion, 10) || 0;
  const best = able.find(({ major }) => major >= Math.max(serverMajor, dumpMajor)) ?? able.at(-1);
  if (best) return best;
  throw new PgBackupError('COMMAND_MISSING', {
    command: `pg_restore ${needed}`,
    places: clients.map(({ directory, version }) => `${directory} (${version})`).join(', ') || 'PATH',
    remedy: howToGet().client(needed),
  });
}

/** Logs that a crafted archive could run commands here, where the client is too old to be safe from that. */
export function warnOfHoles({ log }: BackupContext, { version, major }: Client): void {
  const fixed = neededMinor(version);
  if (fixed !== undefined)
    log('warn', 'CLIENT_INSECURE', { version, fixed, remedy: remedyOfHoles(major, fixed) });
}
