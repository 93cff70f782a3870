import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { layoutOf } from '../files/layout.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteWord } from '../quote-word.ts';
import { at, type Evidence, finishedAt } from './evidence.ts';
import type { Item } from './item.ts';

/** Of a Secret of Kubernetes the group of the pod reads it. */
const TOO_OPEN = 0o037;
const OPEN_TO_OTHERS = 0o077;

/** Handbook, 10: nobody else reads the file with the settings. */
export async function envFileItem({ context, now }: Evidence): Promise<Item> {
  const item = { id: 'env-file', chapter: 'security', title: TITLES.envFile } as const;
  const path = context.environment['BACKUP_ENV_FILE'];
  if (!path) return { ...item, state: 'not-applicable', observed: NO_FILE };
  const mode = await modeOf(path);
  const parameters = { path, mode: mode?.toString(8) ?? '?' };
  if (mode !== undefined && (mode & TOO_OPEN) === 0)
    return { ...item, state: 'done', observed: fillIn(PRIVATE, parameters), observedAt: now };
  return {
    ...item,
    state: 'open',
    observed: fillIn(OPEN, parameters),
    remedies: [`chmod 600 ${quoteWord(path)}`],
  };
}

/** Handbook, 10: nobody else reads the newest dump, and the password verifiers in the globals beside it. */
export async function filesItem({ context, newest, copy, now }: Evidence): Promise<Item> {
  const item = { id: 'private-files', chapter: 'security', title: TITLES.files } as const;
  if (!newest || !copy?.local) return { ...item, state: 'not-applicable', observed: NO_LOCAL_FILES };
  const { data } = layoutOf(context.settings.BACKUP_BASE_DIR);
  const paths = newest.artifactNames.map((name) => join(data, name));
  const modes = await Promise.all(paths.map(modeOf));
  const open = paths.filter((_, index) => ((modes[index] ?? 0) & OPEN_TO_OTHERS) !== 0);
  if (open.length > 0) {
    const observed = fillIn(OPEN_FILES, { count: open.length, run: newest.name });
    return { ...item, state: 'open', observed, remedies: [`chmod 600 ${open.map(quoteWord).join(' ')}`] };
  }
  const count = modes.filter((mode) => mode !== undefined).length;
  return {
    ...item,
    state: 'done',
    observed: fillIn(PRIVATE_FILES, { count, run: newest.name }),
    observedAt: now,
  };
}

/** Handbook, 10: what is encrypted before it is uploaded, where that is wanted. */
export function encryptedItem({ context, newest, copy, scope }: Evidence): Item {
  const item = { id: 'encrypted', chapter: 'security', title: TITLES.encrypted } as const;
  const { BACKUP_ENCRYPTION: method } = context.settings;
  if (method === 'none') return { ...item, state: 'not-applicable', observed: NOT_WANTED };
  const parameters = { method, run: newest?.name ?? '-', found: copy?.encryption ?? '-' };
  if (newest && copy?.encryption === method)
    return { ...item, state: 'done', observed: fillIn(ENCRYPTED, parameters), ...at(finishedAt(newest)) };
  return {
    ...item,
    state: 'open',
    observed: fillIn(OTHERWISE, parameters),
    remedies: [`pg-backup backup${scope}`],
  };
}

/** Handbook, 13: the mode that is set is no rollback that somebody forgot, and the newest run was made with it. */
export function modeItem({ context, newest, record, scope }: Evidence): Item {
  const item = { id: 'mode', chapter: 'change', title: TITLES.mode } as const;
  const { BACKUP_MODE: mode, OSS_BUCKET: bucket, RCLONE_PATH: path } = context.settings;
  const place = bucket ?? path;
  const parameters = {
    mode,
    place: place ?? '',
    run: newest?.name ?? '-',
    found: record?.mode ?? newest?.report?.mode ?? '-',
  };
  if (mode === 'local' && place !== undefined)
    return { ...item, state: 'open', observed: fillIn(ROLLED_BACK, parameters), remedies: [BACK_TO_BOTH] };
  const remedies = [`pg-backup backup${scope}`];
  if (!newest) return { ...item, state: 'open', observed: NO_RUN, remedies };
  if (parameters.found === mode)
    return { ...item, state: 'done', observed: fillIn(SAME_MODE, parameters), ...at(finishedAt(newest)) };
  return { ...item, state: 'open', observed: fillIn(OTHER_MODE, parameters), remedies };
}

async function modeOf(path: string): Promise<number | undefined> {
  const facts = await stat(path).catch(() => undefined);
  return facts && facts.mode & 0o777;
}

const TITLES = {
  envFile: { en: 'The env file is private', zh: '配置文件权限受限' },
  files: { en: 'The files of the backup are private', zh: '备份文件权限受限' },
  encrypted: { en: 'The backup is encrypted', zh: '备份已加密' },
  mode: { en: 'No rollback is left in force', zh: '没有遗留的临时回滚' },
} as const satisfies Record<string, Text>;

const NO_FILE: Text = { en: 'BACKUP_ENV_FILE is not set', zh: '未设置 BACKUP_ENV_FILE' };
const PRIVATE: Text = { en: '{path} has mode {mode}', zh: '{path} 的权限为 {mode}' };
const OPEN: Text = { en: '{path} has mode {mode}', zh: '{path} 的权限为 {mode}' };
const NO_LOCAL_FILES: Text = { en: 'no files of the newest backup lie here', zh: '本地没有最新备份的文件' };
const PRIVATE_FILES: Text = { en: '{count} files of {run}', zh: '{run} 的 {count} 个文件' };
const OPEN_FILES: Text = {
  en: '{count} files of {run} can be read by others',
  zh: '{run} 有 {count} 个文件可被其他用户读取',
};
const NOT_WANTED: Text = {
  en: 'BACKUP_ENCRYPTION=none; the handbook leaves it to you',
  zh: 'BACKUP_ENCRYPTION=none；手册将其列为可选',
};
const ENCRYPTED: Text = { en: '{run}, with {method}', zh: '{run}，{method}' };
const OTHERWISE: Text = {
  en: 'BACKUP_ENCRYPTION={method}, but {run} has {found}',
  zh: 'BACKUP_ENCRYPTION={method}，而 {run} 为 {found}',
};
const ROLLED_BACK: Text = {
  en: 'BACKUP_MODE=local, although there are settings for {place}',
  zh: 'BACKUP_MODE=local，但存在 {place} 的配置',
};
const BACK_TO_BOTH: Text = { en: 'set BACKUP_MODE=both', zh: '设置 BACKUP_MODE=both' };
const SAME_MODE: Text = { en: '{run} was made with BACKUP_MODE={mode}', zh: '{run} 的 BACKUP_MODE={mode}' };
const NO_RUN: Text = { en: 'there is no good run yet', zh: '尚无成功的运行' };
const OTHER_MODE: Text = {
  en: 'BACKUP_MODE={mode}, but the newest good run ({run}) has {found}',
  zh: 'BACKUP_MODE={mode}，而最新的成功运行（{run}）为 {found}',
};
