import type { Text } from './language.ts';

/** The contract with scripts and schedulers: a code never changes its meaning. */
export const EXIT_CODES: Readonly<Record<number, Text>> = {
  0: { en: 'success', zh: '成功' },
  1: { en: 'unexpected error (a bug)', zh: '意外错误（程序缺陷）' },
  2: { en: 'wrong usage or settings; nothing was changed', zh: '用法或配置错误；未做任何改动' },
  3: {
    en: 'a command is missing or of a version that cannot be used, or no client is new enough for the server',
    zh: '缺少命令或其版本不可用，或没有足够新的客户端',
  },
  4: { en: 'no connection to the database, or it was lost', zh: '无法连接数据库，或连接中断' },
  5: { en: 'the database refused the user', zh: '数据库拒绝了该用户' },
  6: { en: 'a right in the database is missing', zh: '缺少数据库权限' },
  7: {
    en: 'another backup of this database is under way; nothing was changed',
    zh: '该库已有备份在进行；未做任何改动',
  },
  8: { en: 'pg_dump or pg_dumpall failed', zh: 'pg_dump 或 pg_dumpall 失败' },
  9: { en: 'the dump could not be read back', zh: '转储无法完整读回' },
  10: {
    en: 'local storage failed: disk full, not writable or not readable',
    zh: '本地存储失败：磁盘已满、不可写或不可读',
  },
  11: { en: 'the upload failed; local files stay', zh: '上传失败；本地文件保留' },
  12: {
    en: 'the remote copy is missing, different or unconfirmed; local files stay',
    zh: '远端副本缺失、不一致或无法确认；本地文件保留',
  },
  13: { en: 'the backup is complete, but retention failed', zh: '备份已完成，但保留策略执行失败' },
  14: {
    en: 'a backup is missing, truncated, altered or unreadable; nothing was restored from it',
    zh: '备份缺失、截断、被改动或不可读；未用其恢复任何内容',
  },
  15: { en: 'the remote store could not be listed or read', zh: '无法列出或读取远端存储' },
  16: { en: 'encryption or decryption failed', zh: '加密或解密失败' },
  17: {
    en: 'the restore failed; what it had made was removed, or is named',
    zh: '恢复失败；已创建的内容已清除，或已指明',
  },
  18: {
    en: 'restored, but not everything could be restored or compared; the output names what was left out',
    zh: '已恢复，但并非全部内容都已恢复或比对；输出中指明了缺少的部分',
  },
  19: {
    en: 'a drill restored the backup, and it differs from its fingerprint',
    zh: '演练已恢复备份，但与其指纹不一致',
  },
  20: {
    en: 'the scratch server of a drill could not be used',
    zh: '演练所用的临时服务器无法使用',
  },
  21: { en: 'the command before the run failed; nothing was backed up', zh: '运行前的命令失败；未进行备份' },
  22: {
    en: 'several databases or targets failed, for different reasons',
    zh: '多个数据库或目标失败，原因各异',
  },
  23: { en: 'the run did not end within its deadline', zh: '运行未在时限内结束' },
  24: {
    en: 'a backup is overdue, or there is none yet (healthcheck)',
    zh: '备份逾期，或尚无备份（healthcheck）',
  },
  25: { en: 'something has to be mended (doctor)', zh: '存在需要修复的问题（doctor）' },
  26: {
    en: 'the acceptance checklist has open items (acceptance)',
    zh: '验收清单有未完成项（acceptance）',
  },
  129: { en: 'interrupted by SIGHUP (the terminal was closed)', zh: '被 SIGHUP 中断（终端已关闭）' },
  130: { en: 'interrupted by SIGINT (Ctrl-C)', zh: '被 SIGINT（Ctrl-C）中断' },
  137: { en: 'only in reports: a run that ended without one', zh: '仅见于报表：运行结束时未留下报表' },
  143: { en: 'interrupted by SIGTERM', zh: '被 SIGTERM 中断' },
};

/** What ends a run early, with the exit code that a shell gives it: 128 and the number of the signal. */
export const STOP_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export type StopSignal = keyof typeof STOP_SIGNALS;
