import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TargetContext } from '../backup/context.ts';
import { tryFileLock } from '../backup/file-lock.ts';
import { checkSpace } from '../backup/space-check.ts';
import type { Check } from '../check.ts';
import { PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import { type Layout, layoutOf } from '../files/layout.ts';
import { hasErrorCode, onDisk } from '../files/storage-error.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteWord } from '../quote-word.ts';
import { tryCheck } from './failed-check.ts';

/** More than a file system keeps beside a file's name. */
const PROBE_BYTES = 16 * 1024;
const OPEN_TO_OTHERS = 0o077;

/** Whether the directories can be written by this user, have room and locks. */
export async function checkVolume(context: TargetContext, databases: readonly string[]): Promise<Check[]> {
  const { BACKUP_BASE_DIR, BACKUP_LOG_DIR } = context.settings;
  const layout = layoutOf(BACKUP_BASE_DIR);
  const base = await checkDirectory('base-directory', 'BACKUP_BASE_DIR', BACKUP_BASE_DIR);
  const logs = await checkDirectory('log-directory', 'BACKUP_LOG_DIR', BACKUP_LOG_DIR);
  const checks = [base.check, ...(await checkInner(layout)), logs.check];
  if (base.there === undefined) return checks;
  const { there } = base;
  const look = (id: string, action: () => Promise<readonly Check[]>) => tryCheck(id, context.signal, action);
  const isWritable = base.check.state === 'good' && there === BACKUP_BASE_DIR;
  return [
    ...checks,
    ...(isWritable ? await look('file-locks', () => checkLocks(there, context.environment['PATH'])) : []),
    ...(await look('space', () => checkSpace(context, databases, there))),
  ];
}

interface DirectoryFindings {
  readonly check: Check;
  /** The directory, or where it is missing the nearest one above it; undefined where nobody can tell. */
  readonly there: string | undefined;
}

/** Really writes into it; into the nearest one above it where it is yet to be made. */
async function checkDirectory(id: string, setting: string, directory: string): Promise<DirectoryFindings> {
  let there = directory;
  for (;;) {
    const problem = await writeProbe(there);
    if (problem === 'ENOENT' && dirname(there) !== there) {
      there = dirname(there);
      continue;
    }
    const facts = await stat(there).catch(() => undefined);
    const owner = facts ? `${facts.uid}:${facts.gid}` : '?';
    const mode = facts ? (facts.mode & 0o7777).toString(8) : '?';
    const parameters = { setting, directory, there, owner, mode, us: ourselves(), problem: problem ?? '' };
    if (problem === undefined) {
      const text = fillIn(there === directory ? WRITABLE : TO_BE_MADE, parameters);
      return { check: { id, state: 'good', text }, there };
    }
    const text = fillIn(there === directory ? NOT_WRITABLE : CANNOT_BE_MADE, parameters);
    const remedy = remedyFor(problem, directory, there);
    return { check: { id, state: 'bad', text, remedy }, there: facts ? there : undefined };
  }
}

/** The code of the system's refusal; undefined where a file could be written, and is gone again. */
async function writeProbe(directory: string): Promise<string | undefined> {
  const path = join(directory, `.pg-backup-doctor-${randomUUID()}`);
  try {
    const file = await open(path, 'wx', PRIVATE_FILE_MODE);
    try {
      await file.writeFile(Buffer.alloc(PROBE_BYTES, 1));
      await file.sync();
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
}

function remedyFor(problem: string, directory: string, there: string): Text | string {
  if (problem === 'ENOSPC' || problem === 'EDQUOT') return fillIn(MAKE_ROOM, { directory });
  if (problem === 'EROFS') return fillIn(MOUNT_WRITABLE, { directory });
  if (problem === 'ENOTDIR') return fillIn(NO_DIRECTORY, { there });
  if (there === directory) return `chown -R ${ourselves()} ${quoteWord(directory)}`;
  return `mkdir -p ${quoteWord(directory)} && chown ${ourselves()} ${quoteWord(directory)}`;
}

/** What an earlier run of another user left below a base that is ours now; and data that others can look into. */
async function checkInner(layout: Layout): Promise<Check[]> {
  const { base, ...inner } = layout;
  const checks: Check[] = [];
  for (const directory of Object.values(inner)) {
    const facts = await stat(directory).catch(() => undefined);
    if (!facts) continue;
    const mode = (facts.mode & 0o7777).toString(8);
    const parameters = { directory, owner: `${facts.uid}:${facts.gid}`, mode, us: ourselves() };
    if (!(await mayWrite(directory))) {
      const remedy = `chown -R ${ourselves()} ${quoteWord(base)}`;
      checks.push({
        id: 'inner-directory',
        state: 'bad',
        text: fillIn(INNER_NOT_WRITABLE, parameters),
        remedy,
      });
    } else if (directory === layout.data && (facts.mode & OPEN_TO_OTHERS) !== 0) {
      const remedy = `chmod 700 ${quoteWord(directory)}`;
      checks.push({ id: 'inner-directory', state: 'warning', text: fillIn(OPEN, parameters), remedy });
    }
  }
  return checks;
}

/** Nothing is written: the platform reads reports/ at any time. */
async function mayWrite(directory: string): Promise<boolean> {
  try {
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EACCES', 'EPERM', 'EROFS')) return false;
    throw error;
  }
}

async function checkLocks(directory: string, searchPath: string | undefined): Promise<Check[]> {
  const path = join(directory, `.pg-backup-doctor-${randomUUID()}`);
  try {
    const [lock, other] = [await tryFileLock(path, searchPath), await tryFileLock(path, searchPath)];
    await Promise.all([lock?.release(), other?.release()]);
    if (lock && !other) return [{ id: 'file-locks', state: 'good', text: fillIn(LOCKS, { directory }) }];
    return [{ id: 'file-locks', state: 'bad', text: fillIn(NO_LOCKS, { directory }), remedy: LOCAL_LOCKS }];
  } finally {
    await onDisk(path, () => rm(path, { force: true }));
  }
}

function ourselves(): string {
  return `${process.getuid?.() ?? ''}:${process.getgid?.() ?? ''}`;
}

const LOCAL_LOCKS = 'mount -o local_lock=flock';

const WRITABLE: Text = {
  en: '{setting} {directory}: writable for us ({us}); owner {owner}, mode {mode}',
  zh: '{setting} {directory}：当前用户（{us}）可写；属主 {owner}，权限 {mode}',
};
const TO_BE_MADE: Text = {
  en: '{setting} {directory}: does not exist yet, and can be made below {there}',
  zh: '{setting} {directory}：尚不存在，可在 {there} 下创建',
};
const NOT_WRITABLE: Text = {
  en: '{setting} {directory}: not writable for us ({us}): {problem}; owner {owner}, mode {mode}',
  zh: '{setting} {directory}：当前用户（{us}）不可写：{problem}；属主 {owner}，权限 {mode}',
};
const CANNOT_BE_MADE: Text = {
  en: '{setting} {directory}: does not exist, and we ({us}) cannot make it below {there}: {problem}; owner {owner}, mode {mode}',
  zh: '{setting} {directory}：不存在，且当前用户（{us}）无法在 {there} 下创建：{problem}；属主 {owner}，权限 {mode}',
};
const INNER_NOT_WRITABLE: Text = {
  en: '{directory}: not writable for us ({us}); owner {owner}, mode {mode}',
  zh: '{directory}：当前用户（{us}）不可写；属主 {owner}，权限 {mode}',
};
const OPEN: Text = {
  en: '{directory}: other users of this machine can look into the dumps (mode {mode})',
  zh: '{directory}：本机其他用户可查看转储（权限 {mode}）',
};
const LOCKS: Text = { en: 'file locks work in {directory}', zh: '{directory} 中的文件锁有效' };
const NO_LOCKS: Text = {
  en: 'file locks do not work in {directory}: two runs would not know of each other',
  zh: '{directory} 中的文件锁无效：两次运行无法互相察觉',
};
const MAKE_ROOM: Text = {
  en: 'free space below {directory}; see what could go: pg-backup prune --dry-run',
  zh: '在 {directory} 下腾出空间；可查看可清理内容：pg-backup prune --dry-run',
};
const MOUNT_WRITABLE: Text = {
  en: 'mount the volume of {directory} writable (docker: without :ro; Kubernetes: readOnly: false)',
  zh: '以可写方式挂载 {directory} 所在卷（docker：不带 :ro；Kubernetes：readOnly: false）',
};
const NO_DIRECTORY: Text = {
  en: 'put a directory where the file {there} is',
  zh: '{there} 是文件，请改为目录',
};
