import prettyBytes from 'pretty-bytes';
import type { TargetContext } from '../backup/context.ts';
import { describeError } from '../errors.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteWord } from '../quote-word.ts';
import { at, type Evidence, finishedAt } from './evidence.ts';
import type { Item } from './item.ts';

/** Handbook, 12: a backup has come to its end with the status SUCCESS, and is there. */
export function backupItem({ newest, copy, record, scope }: Evidence): Item {
  const item = { id: 'backup', chapter: 'go-live', title: TITLES.backup } as const;
  const remedies = [`pg-backup backup${scope}`];
  if (!newest) return { ...item, state: 'open', observed: NO_BACKUP, remedies };
  const sizeBytes = copy?.sizeBytes ?? 0;
  const parameters = {
    run: newest.name,
    size: prettyBytes(sizeBytes),
    seconds: record?.durationSeconds ?? newest.report?.durationSeconds ?? 0,
  };
  const isThere = copy !== undefined && (copy.local || copy.remote === true) && sizeBytes > 0;
  const observed = fillIn(isThere ? SUCCESS : GONE, parameters);
  if (!isThere) return { ...item, state: 'open', observed, remedies };
  return { ...item, state: 'done', observed, ...at(finishedAt(newest)) };
}

/** Handbook, 12: its object is in the store now, of the size that was confirmed. */
export function remoteItem({ context, newest, copy, list, now, scope }: Evidence): Item {
  const item = { id: 'remote', chapter: 'go-live', title: TITLES.remote } as const;
  if (context.settings.BACKUP_MODE === 'local')
    return { ...item, state: 'not-applicable', observed: MODE_LOCAL };
  if (list.failure) {
    const [en, zh] = [describeError(list.failure, 'en'), describeError(list.failure, 'zh')];
    const remedies = [{ en: en.hint, zh: zh.hint }];
    return { ...item, state: 'open', observed: { en: en.message, zh: zh.message }, remedies };
  }
  const isWaiting = copy?.waiting === true;
  const remedies = [isWaiting ? `pg-backup upload${ofTarget(context)}` : `pg-backup backup${scope}`];
  if (!newest || !copy) return { ...item, state: 'open', observed: NO_BACKUP, remedies };
  const parameters = { run: newest.name, size: prettyBytes(copy.sizeBytes) };
  if (copy.remoteDiffers === false && !isWaiting)
    return { ...item, state: 'done', observed: fillIn(IN_STORE, parameters), observedAt: now };
  const text = isWaiting ? WAITS : copy.remote ? (copy.remoteDiffers ? DIFFERS : UNKNOWN_SIZE) : NOT_IN_STORE;
  return { ...item, state: 'open', observed: fillIn(text, parameters), remedies };
}

/** Tells a command that is about targets as a whole which one is meant. */
export function ofTarget({ target }: TargetContext): string {
  return target === undefined ? '' : ` --target ${quoteWord(target)}`;
}

const TITLES = {
  backup: { en: 'A backup came to its end', zh: '跑通一次备份' },
  remote: { en: 'Its copy is in the store, of the right size', zh: '远端存在对应对象且大小一致' },
} as const satisfies Record<string, Text>;

const NO_BACKUP: Text = { en: 'there is no good backup yet', zh: '尚无有效备份' };
const SUCCESS: Text = {
  en: '{run}, SUCCESS, {size}, {seconds} s',
  zh: '{run}，SUCCESS，{size}，{seconds} 秒',
};
const GONE: Text = {
  en: '{run} was a success, but its dump is neither here nor seen in the store',
  zh: '{run} 曾成功，但其转储既不在本地，也未在远端看到',
};
const MODE_LOCAL: Text = { en: 'BACKUP_MODE=local', zh: 'BACKUP_MODE=local' };
const IN_STORE: Text = {
  en: '{run}, {size}, as its record has it',
  zh: '{run}，{size}，与其记录一致',
};
const WAITS: Text = { en: '{run} waits for its upload', zh: '{run} 等待上传' };
const DIFFERS: Text = {
  en: '{run} has another size there than its record',
  zh: '{run} 的远端大小与记录不同',
};
const UNKNOWN_SIZE: Text = {
  en: '{run} has no record that tells its size, as runs of the host script have none',
  zh: '{run} 没有可比对大小的记录（宿主机脚本的备份都没有）',
};
const NOT_IN_STORE: Text = { en: '{run} is not there', zh: '远端没有 {run}' };
