import prettyBytes from 'pretty-bytes';
import { parseCompression } from '../config/compression.ts';
import { type Encryption, openEncryption } from '../encryption/encryption.ts';
import { PgBackupError } from '../errors.ts';
import { type Client, chooseClient, findClients } from '../postgres/clients.ts';
import { clientEnvironment } from '../postgres/connection.ts';
import { describeServer, type Server } from '../postgres/server.ts';
import { openStore } from '../storage/open-store.ts';
import type { Store } from '../storage/store.ts';
import type { BackupContext } from './context.ts';
import { type DatabaseAccess, openDatabaseAccess } from './database-access.ts';
import { checkCompression } from './dump.ts';
import type { OpenRun } from './open-run.ts';
import { warnOfRisks } from './preflight-warnings.ts';

export interface Connected {
  readonly access: DatabaseAccess;
  /** Every installed client, newest first. */
  readonly clients: readonly Client[];
}

/** Connects with the newest client and becomes the one runner of the database. */
export async function connect(context: BackupContext, run: OpenRun): Promise<Connected> {
  const { settings, environment, log, hostname, signal } = context;
  const clients = await findClients(settings.PG_BIN_DIR, environment['PATH']);
  const access = await openDatabaseAccess({
    target: {
      host: settings.PG_HOST,
      port: settings.PG_PORT,
      user: settings.PG_USER,
      database: settings.PG_DATABASE,
    },
    psql: clients[0]?.psql ?? '',
    environment: clientEnvironment(environment, run.passfile),
    hostname,
    onToolLine: (tool, line) => log('warn', 'TOOL_OUTPUT', { tool, line }),
    signal,
  });
  return { access, clients };
}

export interface Prepared {
  readonly server: Server;
  readonly client: Client;
  /** Absent in mode local. */
  readonly store: Store | undefined;
  /** Absent where nothing is encrypted. */
  readonly encryption: Encryption | undefined;
}

/** Checks, before anything is written, what a backup needs; what may still go well is only a warning. What is opened is closed by `cleanUp`. */
export async function preflight(
  context: BackupContext,
  run: OpenRun,
  connected: Connected,
  cleanUp: AsyncDisposableStack,
): Promise<Prepared> {
  const { settings, environment, log } = context;
  const server = await describeServer(connected.access.session);
  const client = chooseClient(connected.clients, server);
  checkCompression(settings.BACKUP_COMPRESS, client);
  log('info', 'SERVER_FOUND', {
    serverVersion: server.version,
    size: prettyBytes(server.databaseSizeBytes),
    clientVersion: client.version,
    directory: client.directory,
  });
  if (run.journal.leftOut.length > 0) log('info', 'LEFT_OUT', { options: run.journal.leftOut.join(' ') });
  if (parseCompression(settings.BACKUP_COMPRESS).method === 'none') log('warn', 'UNCOMPRESSED');
  await warnOfRisks(context, run, { access: connected.access, server, client });
  const { temporaryDirectory } = run.journal;
  const encryption =
    settings.BACKUP_ENCRYPTION === 'none'
      ? undefined
      : await openEncryption(settings.BACKUP_ENCRYPTION, {
          settings,
          environment,
          temporaryDirectory,
          signal: context.signal,
        });
  cleanUp.defer(async () => encryption?.close());
  const store = await openStore({
    settings,
    environment,
    temporaryDirectory,
    uploadsDirectory: run.layout.uploads,
  });
  if (store) await warnOfUnreachableStore(context, store);
  return { server, client, store, encryption };
}

/** Only a warning: the dump is worth having, and waits here for its upload. */
async function warnOfUnreachableStore(context: BackupContext, store: Store): Promise<void> {
  try {
    await store.probe(context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof PgBackupError)) throw error;
    context.log('warn', 'STORE_UNREACHABLE', { detail: error.parameters['detail'] ?? '' });
  }
}
