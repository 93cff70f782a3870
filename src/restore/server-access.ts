import type { BackupContext } from '../backup/context.ts';
import { writePassfile } from '../backup/passfile.ts';
import type { Client } from '../postgres/clients.ts';
import { clientEnvironment, connectionString, type Target } from '../postgres/connection.ts';
import { openSession, type Session } from '../postgres/session.ts';
import type { Secret } from '../secret.ts';

/** A server that is restored to. */
export interface ServerAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Of every client program that connects to it. */
  readonly environment: Readonly<Record<string, string>>;
  target(database: string): Target;
  /** The connection as libpq's programs take it. */
  connection(database: string): string;
  /** `signal` is another one than the restore's where something has to be cleared away after an interruption. */
  open(database: string, signal?: AbortSignal): Session;
}

export interface ServerAccessOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret | undefined;
  readonly client: Client;
  /** Private; the passfile goes there. */
  readonly temporaryDirectory: string;
}

export async function openServerAccess(
  context: BackupContext,
  options: ServerAccessOptions,
): Promise<ServerAccess> {
  const { host, port, user, password, client, temporaryDirectory } = options;
  const passfile = await writePassfile(password, temporaryDirectory, 'target-pgpass');
  const environment = clientEnvironment(context.environment, passfile);
  const applicationName = `pg-backup restore on ${context.hostname}`;
  const target = (database: string): Target => ({ host, port, user, database });
  return {
    ...{ host, port, user, environment, target },
    connection: (database) => connectionString(target(database), applicationName),
    open: (database, signal = context.signal) =>
      openSession({ psql: client.psql, target: target(database), environment, applicationName, signal }),
  };
}

/** Where restore writes to: RESTORE_PG_*, or what PG_* says. */
export function restoreServer({
  settings,
}: BackupContext): Omit<ServerAccessOptions, 'client' | 'temporaryDirectory'> {
  const host = settings.RESTORE_PG_HOST ?? settings.PG_HOST;
  const port = settings.RESTORE_PG_PORT ?? settings.PG_PORT;
  const user = settings.RESTORE_PG_USER ?? settings.PG_USER;
  const isSameLogin = host === settings.PG_HOST && port === settings.PG_PORT && user === settings.PG_USER;
  return {
    host,
    port,
    user,
    password: settings.RESTORE_PG_PASSWORD ?? (isSameLogin ? settings.PGPASSWORD : undefined),
  };
}
