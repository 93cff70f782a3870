import type { TargetContext } from '../backup/context.ts';
import type { Check } from '../check.ts';
import { findCommand, isExecutable, pathDirectories, runCommand } from '../exec.ts';
import { howToGet } from '../how-to-get.ts';
import { fillIn, type Text } from '../language.ts';
import { checkClientMinor } from '../postgres/client-check.ts';
import { type Client, findClients } from '../postgres/clients.ts';
import { findOssutil } from '../storage/find-ossutil.ts';
import { tryCheck } from './failed-check.ts';

const SYSTEM_DIRECTORIES = ['/usr/bin', '/bin'];
/** Where exec.ts looks for it. */
const SETPRIV = '/usr/bin/setpriv';

/** Every program that a backup, an upload and a restore need, with its version. */
export async function checkPrograms(context: TargetContext): Promise<{
  readonly checks: readonly Check[];
  /** Newest first. */
  readonly clients: readonly Client[];
}> {
  const { settings, environment, signal } = context;
  let clients: readonly Client[] = [];
  const ofClients = await tryCheck('client', signal, async () => {
    clients = await findClients(settings.PG_BIN_DIR, environment['PATH']);
    return clients.map(checkClientMinor);
  });
  const others = await Promise.all([
    tryCheck('flock', signal, async () => [await checkFlock(context)]),
    Promise.resolve([checkSetpriv()]),
    tryCheck('gpg', signal, async () =>
      settings.BACKUP_ENCRYPTION === 'gpg' ? [await checkGpg(context)] : [],
    ),
    tryCheck('upload-tool', signal, () => checkUploadTool(context)),
  ]);
  return { checks: [...ofClients, ...others.flat()], clients };
}

async function checkFlock(context: TargetContext): Promise<Check> {
  const directories = [...SYSTEM_DIRECTORIES, ...pathDirectories(context.environment['PATH'])];
  const flock = findCommand('flock', directories, 'apt-get install util-linux');
  return versionOf('flock', flock, ['--version'], context);
}

function checkSetpriv(): Check {
  return isExecutable(SETPRIV)
    ? { id: 'setpriv', state: 'good', text: fillIn(PROGRAM, { name: 'setpriv', path: SETPRIV }) }
    : { id: 'setpriv', state: 'warning', text: NO_SETPRIV, remedy: 'apt-get install util-linux' };
}

async function checkGpg(context: TargetContext): Promise<Check> {
  const gpg = findCommand(
    'gpg',
    pathDirectories(context.environment['PATH']),
    'apt-get install gpg gpg-agent',
  );
  return versionOf('gpg', gpg, ['--version'], context);
}

async function checkUploadTool(context: TargetContext): Promise<Check[]> {
  const { settings, environment } = context;
  if (settings.BACKUP_MODE === 'local') return [];
  if (settings.BACKUP_UPLOAD_TOOL === 'sdk') return [{ id: 'upload-tool', state: 'good', text: SDK }];
  if (settings.BACKUP_UPLOAD_TOOL === 'rclone') {
    const directories = pathDirectories(environment['PATH']);
    const rclone = findCommand('rclone', directories, howToGet().rclone);
    return [await versionOf('upload-tool', rclone, ['version'], context, 'rclone')];
  }
  const ossutil = await findOssutil(environment['PATH'], bareEnvironment(context));
  return [await versionOf('upload-tool', ossutil, ['--version'], context, 'ossutil')];
}

async function versionOf(
  id: string,
  file: string,
  args: readonly string[],
  context: TargetContext,
  name = id,
): Promise<Check> {
  const { stdout } = await runCommand({
    file,
    args,
    environment: bareEnvironment(context),
    signal: context.signal,
  });
  context.signal.throwIfAborted();
  const version = /\d+\.\d+[\w.-]*/.exec(stdout)?.[0];
  if (version === undefined) return { id, state: 'warning', text: fillIn(SILENT, { name, path: file }) };
  return { id, state: 'good', text: fillIn(PROGRAM, { name: `${name} ${version}`, path: file }) };
}

function bareEnvironment({ environment }: TargetContext): Record<string, string> {
  return { LC_ALL: 'C', PATH: environment['PATH'] ?? '', HOME: environment['HOME'] ?? '/' };
}

const PROGRAM: Text = { en: '{name}, {path}', zh: '{name}，{path}' };
const SDK: Text = { en: 'sdk: uploads need no program', zh: 'sdk：上传无需外部程序' };
const SILENT: Text = { en: '{name} does not tell its version: {path}', zh: '{name} 未报告版本：{path}' };
const NO_SETPRIV: Text = {
  en: 'no setpriv (util-linux): programs outlive a run that is killed, and drills cannot leave root',
  zh: '缺少 setpriv（util-linux）：运行被杀死时子程序不会随之结束，且演练无法放弃 root 身份',
};
