import type { TargetContext } from '../backup/context.ts';
import { writePassfile } from '../backup/passfile.ts';
import type { Check } from '../check.ts';
import { howToGet } from '../how-to-get.ts';
import { fillIn, type Text } from '../language.ts';
import type { Client } from '../postgres/clients.ts';
import { clientEnvironment } from '../postgres/connection.ts';
import { quoteIdentifier } from '../postgres/identifier.ts';
import { chooseServerPrograms, findServerPrograms } from '../postgres/server-programs.ts';
import { openSession, type Row } from '../postgres/session.ts';
import type { Secret } from '../secret.ts';
import { tryCheck } from './failed-check.ts';

/** Where restores and drills begin; it exists unless somebody dropped it. */
const MAINTENANCE_DATABASE = 'postgres';

export interface RecoveryOptions {
  /** The newest first. */
  readonly clients: readonly Client[];
  /** Of the server that is backed up; undefined where it was not reached. */
  readonly sourceMajor: number | undefined;
  readonly temporaryDirectory: string;
}

/** What a drill restores into, and the server that restore writes to where it is another one. */
export async function checkRecovery(
  context: TargetContext,
  options: RecoveryOptions,
): Promise<readonly Check[]> {
  const { settings, environment, signal } = context;
  const { sourceMajor } = options;
  const ofDrills = await tryCheck('drill-server', signal, async () => {
    const {
      DRILL_PG_HOST: host,
      DRILL_PG_PORT: port,
      DRILL_PG_USER: user,
      DRILL_PG_PASSWORD: password,
    } = settings;
    if (host !== undefined && user !== undefined) {
      return checkServer(context, options, { id: 'drill-server', host, port, user, password });
    }
    const found = await findServerPrograms(settings.DRILL_PG_BIN_DIR, environment['PATH']);
    if (found.length === 0)
      return [
        {
          id: 'drill-server',
          state: 'warning',
          text: NO_SERVER,
          remedy: fillIn(GET_SERVER, { remedy: howToGet().server() }),
        },
      ];
    if (sourceMajor !== undefined) chooseServerPrograms(found, sourceMajor);
    return found.map(({ version, directory }): Check => {
      return { id: 'drill-server', state: 'good', text: fillIn(THROW_AWAY, { version, directory }) };
    });
  });
  const { RESTORE_PG_HOST: host, RESTORE_PG_PORT: port, RESTORE_PG_USER: user } = settings;
  if (host === undefined && user === undefined) return ofDrills;
  const ofRestores = await tryCheck('restore-server', signal, () =>
    checkServer(context, options, {
      id: 'restore-server',
      host: host ?? settings.PG_HOST,
      port: port ?? settings.PG_PORT,
      user: user ?? settings.PG_USER,
      password: settings.RESTORE_PG_PASSWORD,
    }),
  );
  return [...ofDrills, ...ofRestores];
}

interface ServerToLookAt {
  readonly id: 'drill-server' | 'restore-server';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret | undefined;
}

async function checkServer(
  { environment, hostname, signal }: TargetContext,
  { clients, sourceMajor, temporaryDirectory }: RecoveryOptions,
  { id, host, port, user, password }: ServerToLookAt,
): Promise<Check[]> {
  const [newest] = clients;
  if (!newest) return [];
  const passfile = await writePassfile(password, temporaryDirectory, `${id}-pgpass`);
  const session = openSession({
    psql: newest.psql,
    target: { host, port, user, database: MAINTENANCE_DATABASE },
    environment: clientEnvironment(environment, passfile),
    applicationName: `pg-backup doctor on ${hostname}`,
    signal,
  });
  let row: Row | undefined;
  try {
    [row] = await session.query(`
      SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
             rolsuper OR rolcreatedb AS may_create
        FROM pg_catalog.pg_roles WHERE rolname = current_user`);
  } finally {
    await session.close();
  }
  const what = WHAT[id];
  const parameters = { what, host, port, user, version: String(row?.['version']), major: sourceMajor ?? '' };
  if (row?.['may_create'] !== true) {
    const remedy = `ALTER ROLE ${quoteIdentifier(user)} CREATEDB;`;
    return [{ id, state: 'bad', text: fillIn(MAY_NOT_CREATE, parameters), remedy }];
  }
  if (sourceMajor !== undefined && Number(row?.['major']) < sourceMajor) {
    return [{ id, state: 'warning', text: fillIn(OLDER, parameters) }];
  }
  return [{ id, state: 'good', text: fillIn(NAMED, parameters) }];
}

const WHAT: Readonly<Record<ServerToLookAt['id'], Text>> = {
  'drill-server': { en: 'drills', zh: '演练' },
  'restore-server': { en: 'restore', zh: '恢复' },
};
const THROW_AWAY: Text = {
  en: 'drills: a throw-away server {version}, {directory}',
  zh: '演练：用后即弃的服务器 {version}，{directory}',
};
const NO_SERVER: Text = {
  en: 'drills: no server programs (initdb, postgres) here, and DRILL_PG_HOST is not set',
  zh: '演练：此处没有服务器程序（initdb、postgres），且未设置 DRILL_PG_HOST',
};
const GET_SERVER: Text = {
  en: '{remedy}, or set DRILL_PG_HOST and DRILL_PG_USER',
  zh: '{remedy}，或设置 DRILL_PG_HOST 与 DRILL_PG_USER',
};
const NAMED: Text = {
  en: '{what}: "{user}" may create databases on {host}:{port}, PostgreSQL {version}',
  zh: '{what}："{user}" 可在 {host}:{port}（PostgreSQL {version}）上创建数据库',
};
const MAY_NOT_CREATE: Text = {
  en: '{what}: "{user}" may not create databases on {host}:{port}',
  zh: '{what}："{user}" 无权在 {host}:{port} 上创建数据库',
};
const OLDER: Text = {
  en: '{what}: {host}:{port} is PostgreSQL {version}, older than the server that is backed up ({major})',
  zh: '{what}：{host}:{port} 是 PostgreSQL {version}，低于被备份的服务器（{major}）',
};
