import type { Text } from './language.ts';

/** What the help says. */
export const CLI_TEXTS = {
  usage: {
    en: 'pg-backup <command>\n\nLogical PostgreSQL backups that are proven: read back in full, compared with their remote copy, and restored by a drill.',
    zh: 'pg-backup <命令>\n\n经过验证的 PostgreSQL 逻辑备份：完整读回、与远端副本比对，并由演练恢复。',
  },
  backup: {
    en: 'back up the databases that the settings name, now',
    zh: '立即备份配置所指的数据库',
  },
  schedule: {
    en: 'back up, drill and verify by the schedules, for years; what was missed is caught up',
    zh: '按计划长期执行备份、演练与校验，错过的会补做',
  },
  healthcheck: {
    en: 'say whether the newest successful backup is as fresh as the schedule wants, and why not',
    zh: '判断最新的成功备份是否符合计划要求，并说明原因',
  },
  serve: {
    en: 'show the reports over HTTP: a page, the platform’s routes, an API, metrics, /healthz',
    zh: '通过 HTTP 提供报表：页面、平台接口、API、指标与 /healthz',
  },
  accept: {
    en: 'say that a backup which carries a warning is right: retention goes on; the newest such one unless told otherwise',
    zh: '确认带警告的备份无误并恢复清理；默认确认最新的一份',
  },
  target: {
    en: 'only this target: the name of its file in the directory BACKUP_ENV_FILE, without .env',
    zh: '仅此目标：BACKUP_ENV_FILE 目录中对应文件的名称（不含 .env）',
  },
  database: {
    en: 'only this database, where several are configured',
    zh: '仅此数据库（配置了多个时）',
  },
  host: { en: 'instead of REPORT_HOST', zh: '代替 REPORT_HOST' },
  port: { en: 'instead of REPORT_PORT', zh: '代替 REPORT_PORT' },
  jsonChecks: {
    en: 'print JSON: version, checks with id, state, target, database, text, remedy',
    zh: '以 JSON 输出：version 与 checks（id、state、target、database、text、remedy）',
  },
  acceptance: {
    en: 'walk the handbook’s acceptance checklist, tick what is seen, and say what completes the rest',
    zh: '逐项核对手册的验收清单：勾选已观察到的，并给出其余各项的完成方法',
  },
  jsonItems: {
    en: 'print JSON: version, items with id, chapter, state, target, database, title, observed, observedAt, remedies',
    zh: '以 JSON 输出：version 与 items（id、chapter、state、target、database、title、observed、observedAt、remedies）',
  },
  server: {
    en: 'ask the report server, or the platform, at this address whether it shows the reports',
    zh: '向该地址的报表服务或平台确认报表可展示',
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
    en: 'print a JSON array: run, database, startedAt, sizeBytes, local, remote, remoteDiffers, waiting, status, proof, encryption',
    zh: '以 JSON 数组输出：run、database、startedAt、sizeBytes、local、remote、remoteDiffers、waiting、status、proof、encryption',
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
  restore: {
    en: 'restore a backup, plan first: into a new database, or in one transaction',
    zh: '恢复备份（先给出计划）：恢复到新库，或在单个事务中进行',
  },
  doctor: {
    en: 'check everything that backups, uploads, restores and drills need; each line says what mends it',
    zh: '检查备份、上传、恢复与演练所需的一切，并给出修复命令',
  },
  drill: {
    en: 'restore a backup into a scratch server, compare it with its fingerprint, throw it away; the newest one unless told otherwise',
    zh: '将备份恢复到临时服务器并与指纹比对，然后丢弃；默认演练最新一份',
  },
  allSince: { en: 'every backup from this time on, oldest first', zh: '该时刻之后的全部备份，由旧到新' },
  onSourceServer: {
    en: 'DRILL_PG_HOST may be the very server that was backed up',
    zh: '允许 DRILL_PG_HOST 就是被备份的服务器',
  },
  latest: { en: 'the newest backup', zh: '最新的备份' },
  at: {
    en: 'the newest backup from this time or before, e.g. "2026-11-20 03:00" (UTC unless it has a zone)',
    zh: '该时刻及之前最新的备份，如 "2026-11-20 03:00"（未写时区则为 UTC）',
  },
  to: { en: 'the database to restore to', zh: '恢复到哪个数据库' },
  plan: { en: 'only show the plan', zh: '仅显示计划' },
  listArchive: { en: 'only list what is in the backup', zh: '仅列出备份内容' },
  intoExisting: {
    en: 'restore into a database that is not empty; its name has to be typed',
    zh: '恢复到非空数据库；需输入库名确认',
  },
  clean: {
    en: 'drop what the backup holds before restoring it, in the same transaction',
    zh: '恢复前先删除备份中包含的对象（同一事务内）',
  },
  overSource: {
    en: 'yes, into the very database that the backup was taken from',
    zh: '确认恢复到该备份的来源库本身',
  },
  yes: { en: 'do not ask', zh: '不再询问' },
  globals: {
    en: 'create the roles that the server lacks; existing ones are left alone',
    zh: '创建服务器上缺少的角色；已有角色保持不变',
  },
  noOwner: { en: 'objects belong to the user who restores', zh: '对象归恢复者所有' },
  noPrivileges: { en: 'give no rights', zh: '不恢复权限' },
  noTablespaces: { en: 'everything goes into the default tablespace', zh: '全部放入默认表空间' },
  schema: { en: 'only this schema (repeatable)', zh: '仅恢复该模式（可重复）' },
  table: {
    en: 'only this table with its rows, indexes and constraints, and what it needs (repeatable)',
    zh: '仅恢复该表及其数据、索引、约束和所需对象（可重复）',
  },
  schemaOnly: { en: 'no rows', zh: '不恢复数据' },
  dataOnly: { en: 'rows only, into tables that are there', zh: '仅恢复数据，表须已存在' },
  jobs: {
    en: 'connections at once; default: the cores of this machine, at most 8',
    zh: '并行连接数；默认为本机核数，至多 8',
  },
  chooseOne: {
    en: 'say which backup: a run (see pg-backup list), --latest, or --at <time>',
    zh: '请指明备份：运行名（见 pg-backup list）、--latest 或 --at <时间>',
  },
  cleanNeeds: {
    en: '--clean changes a database that is there: add --into-existing',
    zh: '--clean 会改动已有的数据库：请同时使用 --into-existing',
  },
  wrongJobs: { en: '-j takes a whole number from 1 to 256', zh: '-j 应为 1 至 256 的整数' },
  wrongTarget: {
    en: '--to {to}: a name of a database has at most 63 bytes, on one line',
    zh: '--to {to}：库名至多 63 字节，且为单行',
  },
  givenTwice: { en: '{flag} is given more than once', zh: '{flag} 出现了多次' },
  needsTarget: {
    en: 'say where to: --to <database>, or look first with --list',
    zh: '请指明目标：--to <数据库>，或先用 --list 查看',
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
