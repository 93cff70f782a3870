import { type Check, remedyText } from '../check.ts';
import { render } from '../language.ts';
import { checkClientMinor } from '../postgres/client-check.ts';
import type { Client } from '../postgres/clients.ts';
import { sharesServerProcesses, TRANSACTION_POOLER } from '../postgres/pooler-check.ts';
import { withSecondSession } from '../postgres/second-session.ts';
import type { Server } from '../postgres/server.ts';
import { openSession, type Session } from '../postgres/session.ts';
import { checkStandby } from '../postgres/standby-check.ts';
import { checkTls } from '../postgres/tls-check.ts';
import type { BackupContext } from './context.ts';
import type { DatabaseAccess } from './database-access.ts';
import type { OpenRun } from './open-run.ts';
import { checkSpace } from './space-check.ts';

/** Logs what doctor would not call good, of the checks that cost a run next to nothing. Stops no run: what does not work fails by itself, and tells more. */
export async function warnOfRisks(
  context: BackupContext,
  run: OpenRun,
  {
    access,
    server,
    client,
  }: { readonly access: DatabaseAccess; readonly server: Server; readonly client: Client },
): Promise<void> {
  const checks = [
    checkClientMinor(client),
    ...(await checkConnection(context, access, { server, client })),
    ...(await checkSpace(context, [context.settings.PG_DATABASE], run.layout.data)),
  ];
  for (const { state, text, remedy = '' } of checks) {
    if (state === 'good') continue;
    const [said, mend] = [render(text, context.language), remedyText(remedy, context.language)];
    context.log('warn', 'PREFLIGHT_WARNING', { text: said, remedy: mend });
  }
}

/** On a connection of its own: a question that fails ends its session, and that of the run holds the lock. */
async function checkConnection(
  { settings, environment, hostname, signal }: BackupContext,
  access: DatabaseAccess,
  { server, client }: { readonly server: Server; readonly client: Client },
): Promise<Check[]> {
  const { major, isStandby } = server;
  const { target, environment: ofClients } = access;
  const applicationName = `pg-backup on ${hostname}`;
  const open = (until: AbortSignal): Session =>
    openSession({ psql: client.psql, target, environment: ofClients, applicationName, signal: until });
  const checks = await withSecondSession(access.session, open, signal, async (second) => [
    await checkTls(second, { host: settings.PG_HOST, major, environment }),
    ...(await checkStandby(second, {
      isStandby,
      pausesReplay: settings.BACKUP_PAUSE_REPLAY,
      user: settings.PG_USER,
    })),
    ...((await sharesServerProcesses(access.session, second)) ? [TRANSACTION_POOLER] : []),
  ]);
  return checks ?? [];
}
