import type { BackupContext } from '../backup/context.ts';
import { checkCompression } from '../backup/dump.ts';
import type { Check } from '../check.ts';
import { checkDumpOptions } from '../config/dump-options.ts';
import { fillIn, type Text } from '../language.ts';
import { type Client, chooseClient } from '../postgres/clients.ts';
import { clientEnvironment } from '../postgres/connection.ts';
import { checkGlobals } from '../postgres/globals-check.ts';
import { quoteIdentifier } from '../postgres/identifier.ts';
import { sharesServerProcesses, TRANSACTION_POOLER } from '../postgres/pooler-check.ts';
import { checkRights } from '../postgres/rights-check.ts';
import { withSecondSession } from '../postgres/second-session.ts';
import { describeServer, type Server } from '../postgres/server.ts';
import { openSession, type Session } from '../postgres/session.ts';
import { checkStandby } from '../postgres/standby-check.ts';
import { checkTls } from '../postgres/tls-check.ts';
import { tryCheck } from './failed-check.ts';

export interface DatabaseFindings {
  readonly checks: readonly Check[];
  /** Absent where there was no connection. */
  readonly server?: Server;
}

/** Connects as a run does, without its lock, and looks at all that a dump of the database needs. */
export async function checkDatabase(
  context: BackupContext,
  { clients, passfile }: { readonly clients: readonly Client[]; readonly passfile: string | undefined },
): Promise<DatabaseFindings> {
  const { settings, signal, hostname } = context;
  const [newest] = clients;
  if (!newest) return { checks: [] };
  const { PG_HOST: host, PG_PORT: port, PG_USER: user, PG_DATABASE: database } = settings;
  const open = (until: AbortSignal): Session =>
    openSession({
      psql: newest.psql,
      target: { host, port, user, database },
      environment: clientEnvironment(context.environment, passfile),
      applicationName: `pg-backup doctor on ${hostname}`,
      signal: until,
    });
  let server: Server | undefined;
  const connection = await tryCheck('connection', signal, () =>
    onSession(open(signal), async (session) => {
      server = await describeServer(session);
      return [connectedTo(server, { host, port, user, database })];
    }),
  );
  if (server === undefined) return { checks: connection };
  return { checks: [...connection, ...(await lookAt(context, { server, clients, open }))], server };
}

interface Subject {
  readonly server: Server;
  readonly clients: readonly Client[];
  readonly open: (signal: AbortSignal) => Session;
}

async function lookAt(context: BackupContext, { server, clients, open }: Subject): Promise<Check[]> {
  const { settings, environment, signal } = context;
  const { PG_HOST: host, PG_USER: user, BACKUP_PAUSE_REPLAY: pausesReplay } = settings;
  const { major, isStandby } = server;
  const words = settings.PG_DUMP_EXTRA_OPTS ?? [];
  const { leavesOut } = checkDumpOptions(words);
  // Each on a session of its own, because a question that fails ends it.
  const look = (id: string, action: (session: Session) => Promise<readonly Check[]>) =>
    tryCheck(id, signal, () => onSession(open(signal), action));
  const checks = [
    await tryCheck('client-major', signal, async () => [checkFit(clients, server, settings.BACKUP_COMPRESS)]),
    await look('tls', async (session) => [await checkTls(session, { host, major, environment })]),
    await look('pooler', async (session) =>
      (await withSecondSession(session, open, signal, (second) => sharesServerProcesses(session, second)))
        ? [TRANSACTION_POOLER]
        : [],
    ),
    await look('standby', (session) => checkStandby(session, { isStandby, pausesReplay, user })),
    await look('globals', async (session) => (settings.INCLUDE_GLOBALS ? checkGlobals(session, user) : [])),
    await look('rights', async (session) => {
      const role = dumpRole(words);
      if (role !== undefined) {
        // Behind a pooler it would reach others without a transaction.
        await session.execute('BEGIN');
        await session.execute(`SET LOCAL ROLE ${quoteIdentifier(role)}`);
      }
      return checkRights(session, { user: role ?? user, major, leavesOut });
    }),
  ];
  return checks.flat();
}

async function onSession<T>(session: Session, action: (session: Session) => Promise<T>): Promise<T> {
  try {
    return await action(session);
  } finally {
    await session.close();
  }
}

function checkFit(clients: readonly Client[], server: Server, compression: string): Check {
  const client = chooseClient(clients, server);
  checkCompression(compression, client);
  return {
    id: 'client-major',
    state: 'good',
    text: fillIn(FITS, { clientVersion: client.version, serverVersion: server.version }),
  };
}

/** Of `--role`, which pg_dump takes on. */
function dumpRole(words: readonly string[]): string | undefined {
  const index = words.findLastIndex((word) => word === '--role' || word.startsWith('--role='));
  const word = words[index];
  return word === '--role' ? words[index + 1] : word?.slice('--role='.length);
}

function connectedTo(
  { version, isStandby }: Server,
  target: { readonly host: string; readonly port: number; readonly user: string; readonly database: string },
): Check {
  const kind: Text = isStandby ? { en: 'standby', zh: '备库' } : { en: 'primary', zh: '主库' };
  return { id: 'connection', state: 'good', text: fillIn(CONNECTED, { ...target, version, kind }) };
}

const CONNECTED: Text = {
  en: '"{user}" connects to "{database}" on {host}:{port}: PostgreSQL {version}, {kind}',
  zh: '"{user}" 可连接 {host}:{port} 上的 "{database}"：PostgreSQL {version}，{kind}',
};
const FITS: Text = {
  en: 'the client {clientVersion} dumps the server {serverVersion}',
  zh: '客户端 {clientVersion} 可转储服务器 {serverVersion}',
};
