import type { BackupContext } from '../backup/context.ts';
import { PgBackupError } from '../errors.ts';
import { fillIn, type Text, type TextParameters } from '../language.ts';
import type { TargetServer } from './inspect-target.ts';
import type { MissingThings } from './plan.ts';
import type { Scratch } from './scratch.ts';
import type { PrepareOptions } from './scratch-database.ts';

type About = Pick<PrepareOptions, 'source' | 'sourceMajor' | 'onSourceServer'>;

/**
 * Before anything connects to it.
 * @throws PgBackupError DRILL_REFUSED where the named server has the address of the one that was dumped
 */
export function refuseByAddress(
  { settings }: BackupContext,
  { kind, access: { host, port } }: Scratch,
  { source: { record }, onSourceServer }: About,
): void {
  const addresses = [{ host: settings.PG_HOST, port: settings.PG_PORT }, ...(record ? [record] : [])];
  const isSource = addresses.some((address) => address.host === host && address.port === port);
  if (kind === 'named' && isSource && !onSourceServer) throw refused(IS_SOURCE, SAY_SO, { host, port });
}

/**
 * What speaks against a server that was looked at.
 * @throws PgBackupError DRILL_REFUSED that names what is missing, or tells that it is the cluster that was dumped
 */
export function refuseServer(
  { kind, access: { host, port, user } }: Scratch,
  { source: { record }, sourceMajor, onSourceServer }: About,
  { target, missing }: { readonly target: TargetServer; readonly missing: MissingThings },
): void {
  const { server, mayCreateDatabases } = target;
  const identifier = record?.server?.systemIdentifier;
  if (kind === 'named' && !onSourceServer) {
    if (identifier === undefined || server.systemIdentifier === undefined) {
      throw refused(MAY_BE_SOURCE, SAY_SO, { host, port });
    }
    if (identifier === server.systemIdentifier) throw refused(IS_SOURCE, SAY_SO, { host, port });
  }
  if (server.major < sourceMajor) {
    throw refused(TOO_OLD, NEWER_SERVER, { host, port, major: server.major, sourceMajor });
  }
  if (!mayCreateDatabases) throw refused(MAY_NOT_CREATE, LET_CREATE, { user, host, port });
  const names = missing.extensions.join(', ');
  if (names !== '') throw refused(NO_EXTENSIONS, INSTALL, { names });
}

function refused(detail: Text, remedy: Text, parameters: TextParameters): PgBackupError {
  return new PgBackupError('DRILL_REFUSED', {
    detail: fillIn(detail, parameters),
    remedy: fillIn(remedy, parameters),
  });
}

const IS_SOURCE: Text = {
  en: '{host}:{port} is the server that the backup was taken from',
  zh: '{host}:{port} 正是该备份的来源服务器',
};
/** One server has many addresses: a socket, an alias, a pooler. */
const MAY_BE_SOURCE: Text = {
  en: 'nothing here tells whether {host}:{port} is the server that the backup was taken from',
  zh: '此处无从判断 {host}:{port} 是否就是该备份的来源服务器',
};
const SAY_SO: Text = {
  en: 'Set DRILL_PG_HOST to another one, or say that it may bear the load: --on-source-server.',
  zh: '请将 DRILL_PG_HOST 设为其他服务器；若允许其承受该负载，请声明：--on-source-server。',
};
const TOO_OLD: Text = {
  en: '{host}:{port} is a server {major}, and the backup is of a server {sourceMajor}',
  zh: '{host}:{port} 的主版本为 {major}，而该备份来自主版本 {sourceMajor}',
};
const NEWER_SERVER: Text = {
  en: 'Set DRILL_PG_HOST to a server that is not older.',
  zh: '请将 DRILL_PG_HOST 设为不低于该版本的服务器。',
};
const MAY_NOT_CREATE: Text = {
  en: 'the user "{user}" may not create databases on {host}:{port}',
  zh: '用户 "{user}" 无权在 {host}:{port} 上创建数据库',
};
const LET_CREATE: Text = {
  en: 'Run there as a superuser: ALTER ROLE "{user}" CREATEDB;',
  zh: '请在该服务器以超级用户执行：ALTER ROLE "{user}" CREATEDB;',
};
const NO_EXTENSIONS: Text = {
  en: 'the scratch server lacks extensions that the backup needs: {names}',
  zh: '临时服务器缺少该备份所需的扩展：{names}',
};
const INSTALL: Text = {
  en: 'Install their packages beside its server programs (postgresql-contrib, or one of their own), or set DRILL_PG_HOST to a server that has them.',
  zh: '请在其服务器程序旁安装对应软件包（postgresql-contrib 或扩展自身的包），或用 DRILL_PG_HOST 指定具备这些扩展的服务器。',
};
