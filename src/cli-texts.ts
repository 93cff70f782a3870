import type { Text } from './language.ts';

/** What the help says. */
export const CLI_TEXTS = {
  usage: {
    en: 'pg-backup <command>\n\nLogical PostgreSQL backups that are read back in full and compared with their remote copy.',
    zh: 'pg-backup <命令>\n\nPostgreSQL 逻辑备份：完整读回校验，并与远端副本逐一比对。',
  },
  backup: {
    en: 'back up the database that the settings name, now',
    zh: '立即备份配置所指的数据库',
  },
  upload: {
    en: 'send the backups that wait for their upload',
    zh: '补传等待上传的备份',
  },
  list: {
    en: 'show the backups, local and remote side by side',
    zh: '列出备份，本地与远端并列显示',
  },
  json: {
    en: 'print a JSON array: run, database, startedAt, sizeBytes, local, remote, waiting, status, proof, encryption',
    zh: '以 JSON 数组输出：run、database、startedAt、sizeBytes、local、remote、waiting、status、proof、encryption',
  },
  verify: {
    en: 'check that backups are whole: size, sha256 and a full read; the newest one unless told otherwise',
    zh: '校验备份是否完好：大小、sha256 与完整读回；默认校验最新一份',
  },
  run: { en: 'the name of a run, as list shows it', zh: '运行名，见 list 的输出' },
  all: { en: 'check every backup', zh: '校验全部备份' },
  remote: {
    en: 'also check the remote copies by size and checksum',
    zh: '同时按大小与校验和校验远端副本',
  },
  prune: {
    en: 'remove the backups that the retention settings give up',
    zh: '按保留策略清理过期的备份',
  },
  dryRun: { en: 'only show what would go and why', zh: '仅显示将清理的内容及原因' },
  config: {
    en: 'show the effective settings and where each came from',
    zh: '显示生效的配置及其来源',
  },
  exitCodes: { en: 'Exit codes:', zh: '退出码：' },
  noCommand: {
    en: 'Name one command, for example: pg-backup backup',
    zh: '请给出一个命令，例如：pg-backup backup',
  },
  next: {
    en: 'Start here: pg-backup config shows what is set; pg-backup backup --help lists every setting.',
    zh: '从这里开始：pg-backup config 查看当前配置；pg-backup backup --help 列出全部配置项。',
  },
} as const satisfies Record<string, Text>;
