import type { Text } from './language.ts';

export interface ErrorKind {
  readonly exitCode: number;
  readonly message: Text;
  readonly hint: Text;
  /** The same run may succeed in some minutes, with nobody having mended anything. */
  readonly mayPass?: true;
}

const NO_HINT: Text = { en: '', zh: '' };

/** Every failure that a person may meet: its exit code (a contract, see docs/exit-codes.md), what happened, what to do next. */
export const ERRORS = {
  INTERNAL: {
    exitCode: 1,
    message: { en: 'Unexpected error: {detail}', zh: '意外错误：{detail}' },
    hint: {
      en: 'This is a bug: please report it with the log.',
      zh: '这是程序缺陷，请附上日志反馈。',
    },
  },
  USAGE: {
    exitCode: 2,
    message: { en: '{detail}', zh: '{detail}' },
    hint: { en: 'See: pg-backup --help', zh: '参见：pg-backup --help' },
  },
  SETTINGS_INVALID: {
    exitCode: 2,
    message: {
      en: 'Settings to correct ({count}):\n{problems}',
      zh: '需要修正的配置（{count} 项）：\n{problems}',
    },
    hint: {
      en: 'Nothing was changed. See docs/settings.md, or run: pg-backup backup --help',
      zh: '未做任何改动。参见 docs/settings.zh-CN.md，或运行：pg-backup backup --help',
    },
  },
  COMPRESSION_UNSUPPORTED: {
    exitCode: 2,
    message: {
      en: 'BACKUP_COMPRESS={compression} needs a PostgreSQL client of major {neededMajor} or newer; the chosen client is {clientVersion}.',
      zh: 'BACKUP_COMPRESS={compression} 需要主版本 {neededMajor} 或更新的 PostgreSQL 客户端；当前选用的是 {clientVersion}。',
    },
    hint: {
      en: 'Install postgresql-client-{neededMajor} or newer and set PG_BIN_DIR to it, or use BACKUP_COMPRESS=9.',
      zh: '安装 postgresql-client-{neededMajor} 或更新版本并让 PG_BIN_DIR 指向它，或使用 BACKUP_COMPRESS=9。',
    },
  },
  COMMAND_MISSING: {
    exitCode: 3,
    message: {
      en: 'Missing command: {command} (looked in {places})',
      zh: 'Missing command: {command}（查找位置：{places}）',
    },
    hint: { en: 'Install it: {remedy}', zh: '请安装：{remedy}' },
  },
  OSSUTIL_UNSUPPORTED: {
    exitCode: 3,
    message: {
      en: 'Needed is ossutil 1.7 or a newer one of version 1, but {path} is another: {found}',
      zh: '需要 ossutil 1.7 或更新的 1.x 版本，而 {path} 不是：{found}',
    },
    hint: {
      en: 'Install version 1 ({remedy}) as ossutil64, which is looked for first, or use BACKUP_UPLOAD_TOOL=sdk.',
      zh: '请安装 1.x 版本（{remedy}）并命名为 ossutil64（优先查找），或使用 BACKUP_UPLOAD_TOOL=sdk。',
    },
  },
  CLIENT_TOO_OLD: {
    exitCode: 3,
    message: {
      en: 'The server is PostgreSQL {serverVersion}, but the newest client found is {clientVersion}: pg_dump cannot dump a newer server.',
      zh: '服务器是 PostgreSQL {serverVersion}，而找到的最新客户端是 {clientVersion}：pg_dump 不能导出更新版本的服务器。',
    },
    hint: {
      en: 'Install it: {remedy}; or point PG_BIN_DIR at one.',
      zh: '请安装：{remedy}；或用 PG_BIN_DIR 指向它。',
    },
  },
  CONNECTION_FAILED: {
    exitCode: 4,
    mayPass: true,
    message: {
      en: 'Cannot connect to the database "{database}" on {host}:{port}: {detail}',
      zh: '无法连接 {host}:{port} 上的数据库 "{database}"：{detail}',
    },
    hint: {
      en: 'Check PG_HOST and PG_PORT, the network and the firewall; try: psql -h {host} -p {port} -U {user} -d postgres -c "select 1"',
      zh: '检查 PG_HOST、PG_PORT、网络与防火墙；可尝试：psql -h {host} -p {port} -U {user} -d postgres -c "select 1"',
    },
  },
  DATABASE_MISSING: {
    exitCode: 4,
    message: {
      en: 'The database "{database}" does not exist on {host}:{port}.',
      zh: '{host}:{port} 上不存在数据库 "{database}"。',
    },
    hint: {
      en: 'Check PG_DATABASE; list the names with: psql -h {host} -p {port} -U {user} -l',
      zh: '检查 PG_DATABASE；可用此命令列出库名：psql -h {host} -p {port} -U {user} -l',
    },
  },
  NO_DATABASES: {
    exitCode: 4,
    message: {
      en: 'PG_DATABASES=* stands for no database on {host}:{port}: there is none, or PG_EXCLUDE_DATABASES leaves all of them out.',
      zh: 'PG_DATABASES=* 在 {host}:{port} 上不对应任何数据库：没有数据库，或全部被 PG_EXCLUDE_DATABASES 排除。',
    },
    hint: {
      en: 'Check that it is the right server, and PG_EXCLUDE_DATABASES.',
      zh: '请确认服务器无误，并检查 PG_EXCLUDE_DATABASES。',
    },
  },
  CONNECTION_LOST: {
    exitCode: 4,
    mayPass: true,
    message: {
      en: 'The connection to {host}:{port} was lost: {detail}',
      zh: '与 {host}:{port} 的连接中断：{detail}',
    },
    hint: {
      en: 'See the PostgreSQL log for a restart, a crash or an administrator who ended the session; then run the backup again.',
      zh: '查看 PostgreSQL 日志（重启、崩溃或会话被管理员终止），然后重新备份。',
    },
  },
  AUTHENTICATION_FAILED: {
    exitCode: 5,
    message: {
      en: 'PostgreSQL on {host}:{port} refused the user "{user}": {detail}',
      zh: '{host}:{port} 上的 PostgreSQL 拒绝了用户 "{user}"：{detail}',
    },
    hint: {
      en: 'Check PG_USER and PGPASSWORD (or PGPASSWORD_FILE, ~/.pgpass), and pg_hba.conf of the server.',
      zh: '检查 PG_USER、PGPASSWORD（或 PGPASSWORD_FILE、~/.pgpass）以及服务器的 pg_hba.conf。',
    },
  },
  PERMISSION_DENIED: {
    exitCode: 6,
    message: {
      en: 'The user "{user}" may not read everything in "{database}": {objects}',
      zh: '用户 "{user}" 无权读取 "{database}" 中的全部对象：{objects}',
    },
    hint: { en: 'Run as the owner or a superuser: {remedy}', zh: '请以属主或超级用户执行：{remedy}' },
  },
  GLOBALS_DENIED: {
    exitCode: 6,
    message: {
      en: 'The user "{user}" may not read the roles and tablespaces: {detail}',
      zh: '用户 "{user}" 无权读取角色与表空间：{detail}',
    },
    hint: {
      en: 'Run as a superuser: {remedy}; or set INCLUDE_GLOBALS=false.',
      zh: '请以超级用户执行：{remedy}；或设置 INCLUDE_GLOBALS=false。',
    },
  },
  BUSY: {
    exitCode: 7,
    message: {
      en: 'Another backup of "{database}" is under way: {holder}.',
      zh: '"{database}" 已有另一个备份正在进行：{holder}。',
    },
    hint: {
      en: 'Nothing was changed. Wait for it to end, or end it there.',
      zh: '未做任何改动。请等待其结束，或在那里终止它。',
    },
  },
  DUMP_FAILED: {
    exitCode: 8,
    mayPass: true,
    message: { en: 'pg_dump failed ({outcome}): {detail}', zh: 'pg_dump 失败（{outcome}）：{detail}' },
    hint: { en: 'The log of this run has the whole output.', zh: '完整输出见本次运行的日志。' },
  },
  REPLAY_CONFLICT: {
    exitCode: 8,
    mayPass: true,
    message: {
      en: 'The standby server {host}:{port} cancelled the dump, because it had to replay changes of its primary: {detail}',
      zh: '备库 {host}:{port} 取消了转储，因为必须回放主库的变更：{detail}',
    },
    hint: {
      en: 'Set BACKUP_PAUSE_REPLAY=true; or on the standby hot_standby_feedback = on, or a max_standby_streaming_delay (and max_standby_archive_delay) longer than the dump takes; or back up the primary.',
      zh: '设置 BACKUP_PAUSE_REPLAY=true；或在备库上设 hot_standby_feedback = on，或让 max_standby_streaming_delay（及 max_standby_archive_delay）长于转储时间；或改为备份主库。',
    },
  },
  REPLAY_PAUSE_FAILED: {
    exitCode: 6,
    message: {
      en: 'The replay of WAL on {host}:{port} could not be paused: {detail}',
      zh: '无法暂停 {host}:{port} 上的 WAL 回放：{detail}',
    },
    hint: { en: '{remedy}', zh: '{remedy}' },
  },
  LOCK_TIMEOUT: {
    exitCode: 8,
    mayPass: true,
    message: {
      en: 'pg_dump waited {seconds} s in vain for the lock of {object}, held by {holder}.',
      zh: 'pg_dump 等待 {object} 的锁达 {seconds} 秒仍未获得，持锁者：{holder}。',
    },
    hint: {
      en: 'Let the backup run at another time than what alters tables, end that session, or raise BACKUP_LOCK_WAIT_SECONDS.',
      zh: '请避开修改表结构的时段进行备份，或结束该会话，或增大 BACKUP_LOCK_WAIT_SECONDS。',
    },
  },
  HOOK_FAILED: {
    exitCode: 21,
    message: {
      en: 'BACKUP_HOOK_BEFORE failed ({outcome}): {detail}',
      zh: 'BACKUP_HOOK_BEFORE 执行失败（{outcome}）：{detail}',
    },
    hint: {
      en: 'Nothing was backed up. Mend the command, or set BACKUP_HOOK_BEFORE_FAILURE=continue.',
      zh: '未进行备份。请修正该命令，或设置 BACKUP_HOOK_BEFORE_FAILURE=continue。',
    },
  },
  SOME_FAILED: {
    exitCode: 22,
    message: { en: '{count} of {total} failed: {failures}', zh: '{total} 项中有 {count} 项失败：{failures}' },
    hint: { en: 'The log above tells of each.', zh: '各项原因见上方日志。' },
  },
  TIMED_OUT: {
    exitCode: 23,
    message: {
      en: 'The run was ended after {minutes} minutes (BACKUP_TIMEOUT_MINUTES).',
      zh: '运行超过 {minutes} 分钟（BACKUP_TIMEOUT_MINUTES），已被终止。',
    },
    hint: {
      en: 'The stages in the record show where the time went. Complete files stay and are sent by the next run.',
      zh: '记录中的各阶段显示时间花在何处。已完整的文件会保留，由下次运行补传。',
    },
  },
  JOB_FAILED: {
    exitCode: 1,
    message: {
      en: 'The {kind} of the schedule failed, and could not tell of it by itself: {reason}.',
      zh: '计划中的{kind}失败，且自身无法通知：{reason}。',
    },
    hint: {
      en: 'The log of the scheduler has its last lines. What it needs is checked by: pg-backup doctor',
      zh: '其最后的输出见调度器日志。检查所需条件：pg-backup doctor',
    },
  },
  UNHEALTHY: {
    exitCode: 24,
    message: { en: '{detail}', zh: '{detail}' },
    hint: {
      en: 'See the log, and what a backup needs: pg-backup doctor',
      zh: '请查看日志，并检查备份所需的条件：pg-backup doctor',
    },
  },
  DOCTOR_FAILED: {
    exitCode: 25,
    message: {
      en: 'To be mended: {count} of {total} checks failed.',
      zh: '待修复：{total} 项检查中有 {count} 项未通过。',
    },
    hint: { en: 'Each ✗ above has what mends it below it.', zh: '上方每个 ✗ 之下都有修复方法。' },
  },
  ACCEPTANCE_OPEN: {
    exitCode: 26,
    message: {
      en: 'Not accepted yet: {count} of {total} items are open.',
      zh: '尚未通过验收：{total} 项中有 {count} 项未完成。',
    },
    hint: { en: 'Each [ ] above has what mends it below it.', zh: '上方每个 [ ] 之下都有完成方法。' },
  },
  GLOBALS_FAILED: {
    exitCode: 8,
    mayPass: true,
    message: {
      en: 'pg_dumpall --globals-only failed ({outcome}): {detail}',
      zh: 'pg_dumpall --globals-only 失败（{outcome}）：{detail}',
    },
    hint: { en: 'The log of this run has the whole output.', zh: '完整输出见本次运行的日志。' },
  },
  ARCHIVE_DAMAGED: {
    exitCode: 9,
    mayPass: true,
    message: {
      en: 'The dump cannot be read back ({outcome}): {detail}',
      zh: '转储文件无法完整读回（{outcome}）：{detail}',
    },
    hint: {
      en: 'It was removed. Check the disk below BACKUP_BASE_DIR and run the backup again.',
      zh: '该文件已删除。请检查 BACKUP_BASE_DIR 所在磁盘后重新备份。',
    },
  },
  ROWS_DIFFER: {
    exitCode: 9,
    mayPass: true,
    message: {
      en: 'The dump holds {inDump} rows of {table}, but {counted} were counted under the same snapshot',
      zh: '转储中 {table} 有 {inDump} 行，而在同一快照下统计到 {counted} 行',
    },
    hint: {
      en: 'It was removed. Check the server for damaged indexes or storage (pg_amcheck), then run the backup again; BACKUP_COMPRESS_THREADS=0 leaves the compression to pg_dump.',
      zh: '该文件已删除。请检查服务器的索引与存储是否损坏（pg_amcheck）后重新备份；BACKUP_COMPRESS_THREADS=0 可改由 pg_dump 压缩。',
    },
  },
  DISK_FULL: {
    exitCode: 10,
    mayPass: true,
    message: {
      en: 'No space left on the device while writing {path} ({freeSize} free).',
      zh: '写入 {path} 时磁盘空间不足（剩余 {freeSize}）。',
    },
    hint: {
      en: 'Free space below BACKUP_BASE_DIR, lower RETENTION_DAYS, or see what could go: pg-backup prune --dry-run',
      zh: '请在 BACKUP_BASE_DIR 下腾出空间、减小 RETENTION_DAYS，或查看可清理内容：pg-backup prune --dry-run',
    },
  },
  STORAGE_FAILED: {
    exitCode: 10,
    message: { en: 'Cannot write {path}: {detail}', zh: '无法写入 {path}：{detail}' },
    hint: {
      en: 'Check that BACKUP_BASE_DIR exists and is writable for this user: {remedy}',
      zh: '确认 BACKUP_BASE_DIR 存在且当前用户可写：{remedy}',
    },
  },
  READING_FAILED: {
    exitCode: 10,
    message: { en: 'Cannot read {path}: {detail}', zh: '无法读取 {path}：{detail}' },
    hint: {
      en: 'Let this user read it, or run as the user that makes the backups.',
      zh: '请允许当前用户读取，或以执行备份的用户运行。',
    },
  },
  UPLOAD_FAILED: {
    exitCode: 11,
    mayPass: true,
    message: { en: 'Upload of {object} failed: {detail}', zh: '上传 {object} 失败：{detail}' },
    hint: {
      en: '{remedy} The local files stay and the next run sends them again.',
      zh: '{remedy} 本地文件已保留，下次运行会重新上传。',
    },
  },
  OBJECT_EXISTS: {
    exitCode: 11,
    message: {
      en: '{object} exists already and was not made by this run: it is left as it is.',
      zh: '{object} 已存在且不是本次运行产生的：保持原样。',
    },
    hint: { en: 'Move it away, or choose another OSS_PREFIX.', zh: '请将其移走，或更换 OSS_PREFIX。' },
  },
  REMOTE_MISMATCH: {
    exitCode: 12,
    mayPass: true,
    message: {
      en: 'The remote copy {object} is not what was uploaded: {detail}',
      zh: '远端副本 {object} 与上传内容不一致：{detail}',
    },
    hint: {
      en: 'The local files stay and the next run sends them again.',
      zh: '本地文件已保留，下次运行会重新上传。',
    },
  },
  CONFIRM_FAILED: {
    exitCode: 12,
    mayPass: true,
    message: {
      en: 'The remote copy {object} could not be confirmed: {detail}',
      zh: '无法确认远端副本 {object}：{detail}',
    },
    hint: {
      en: '{remedy} The local files stay and the next run confirms or sends them again.',
      zh: '{remedy} 本地文件已保留，下次运行会再次确认或上传。',
    },
  },
  STORE_FAILED: {
    exitCode: 15,
    message: {
      en: 'The remote store failed at {object}: {detail}',
      zh: '远端存储在 {object} 处失败：{detail}',
    },
    hint: { en: '{remedy}', zh: '{remedy}' },
  },
  PENDING_REMAIN: {
    exitCode: 11,
    message: {
      en: '{count} waiting backups could not be sent: {runs}',
      zh: '有 {count} 个等待中的备份未能上传：{runs}',
    },
    hint: {
      en: 'The log above says why. Their files stay; run: pg-backup upload',
      zh: '原因见上方日志。文件已保留；可运行：pg-backup upload',
    },
  },
  FILES_CHANGED: {
    exitCode: 14,
    message: { en: '{path} {change}.', zh: '{path} {change}。' },
    hint: {
      en: 'Put it back as it was, or give up the upload of this run by removing {remedy}.',
      zh: '请将其恢复原状，或删除 {remedy} 以放弃该次备份的上传。',
    },
  },
  COPIES_DAMAGED: {
    exitCode: 14,
    message: {
      en: '{count} of {total} checked backups are not as they were: {runs}',
      zh: '在检查的 {total} 个备份中有 {count} 个与原状不符：{runs}',
    },
    hint: {
      en: 'Keep what is left of them and make a new backup: pg-backup backup',
      zh: '请保留其剩余部分并立即重新备份：pg-backup backup',
    },
  },
  ENCRYPTION_FAILED: {
    exitCode: 16,
    message: { en: '{method} failed: {detail}', zh: '{method} 失败：{detail}' },
    hint: { en: '{remedy}', zh: '{remedy}' },
  },
  NO_SUCH_RUN: {
    exitCode: 2,
    message: { en: '{detail}', zh: '{detail}' },
    hint: { en: 'See what there is: pg-backup list', zh: '查看现有备份：pg-backup list' },
  },
  RESTORE_REFUSED: {
    exitCode: 2,
    message: { en: 'Not restored: {detail}.', zh: '未恢复：{detail}。' },
    hint: { en: '{remedy} Nothing was changed.', zh: '{remedy} 未做任何改动。' },
  },
  FETCH_FAILED: {
    exitCode: 15,
    message: {
      en: 'The download of {object} broke off: {detail}',
      zh: '下载 {object} 中断：{detail}',
    },
    hint: {
      en: '{remedy} What has arrived is kept, and the next attempt goes on from there.',
      zh: '{remedy} 已到达的部分已保留，下次从该处继续。',
    },
  },
  COPY_ALTERED: {
    exitCode: 14,
    message: { en: '{path} is not what was backed up: {detail}', zh: '{path} 与备份时不一致：{detail}' },
    hint: {
      en: 'Nothing was restored from it. Look for a good copy: pg-backup verify --all --remote',
      zh: '未用其恢复任何内容。请查找完好的副本：pg-backup verify --all --remote',
    },
  },
  ARCHIVE_UNKNOWN: {
    exitCode: 14,
    message: {
      en: '{path} is no archive that can be restored: {detail}',
      zh: '{path} 不是可恢复的归档：{detail}',
    },
    hint: {
      en: 'Check the copy: pg-backup verify. An archive of a newer PostgreSQL needs a newer client.',
      zh: '请校验该副本：pg-backup verify。较新 PostgreSQL 产生的归档需要较新的客户端。',
    },
  },
  RESTORE_FAILED: {
    exitCode: 17,
    message: {
      en: 'The restore into "{database}" failed: {detail}',
      zh: '恢复到 "{database}" 失败：{detail}',
    },
    hint: { en: '{remedy}', zh: '{remedy}' },
  },
  RESTORE_INCOMPLETE: {
    exitCode: 18,
    message: {
      en: '"{database}" was restored with all rows, but without: {detail}',
      zh: '"{database}" 的全部行均已恢复，但缺少：{detail}',
    },
    hint: { en: '{remedy}', zh: '{remedy}' },
  },
  DRILL_INCOMPLETE: {
    exitCode: 18,
    message: {
      en: 'Restored, but not everything was compared, or is in the backup: {detail}',
      zh: '已恢复，但并非全部内容都经过比对或包含在备份中：{detail}',
    },
    hint: {
      en: 'The lines above and the drill record name each of them.',
      zh: '上方输出与演练记录中逐项列明。',
    },
  },
  DRILL_DIFFERENT: {
    exitCode: 19,
    message: {
      en: 'The restored database differs from what was backed up in {count} places: {detail}',
      zh: '恢复出的数据库与备份时有 {count} 处不同：{detail}',
    },
    hint: {
      en: 'The lines above and the drill record name each difference. Make a new backup, and drill it.',
      zh: '上方输出与演练记录中逐项列明。请重新备份并再次演练。',
    },
  },
  DRILL_REFUSED: {
    exitCode: 2,
    message: { en: 'No drill: {detail}', zh: '未演练：{detail}' },
    hint: { en: '{remedy} Nothing was changed.', zh: '{remedy} 未做任何改动。' },
  },
  SCRATCH_FAILED: {
    exitCode: 20,
    message: { en: 'The scratch server cannot be used: {detail}', zh: '临时服务器无法使用：{detail}' },
    hint: { en: '{remedy}', zh: '{remedy}' },
  },
  RETENTION_FAILED: {
    exitCode: 13,
    message: {
      en: 'Old backups could not be removed: {detail}. The new one, if one was made, is complete.',
      zh: '旧备份清理失败：{detail}。若刚进行了备份，新备份是完整的。',
    },
    hint: {
      en: 'Check the rights below BACKUP_BASE_DIR and, for remote copies, to list and delete objects; then run: pg-backup prune',
      zh: '检查 BACKUP_BASE_DIR 下的权限；若为远端副本，检查列出与删除对象的权限；然后运行：pg-backup prune',
    },
  },
  INTERRUPTED: {
    exitCode: 143,
    message: { en: 'Interrupted by {signal}.', zh: '被 {signal} 中断。' },
    hint: NO_HINT,
  },
  KILLED: {
    exitCode: 137,
    message: {
      en: 'The run ended without a report: its process was killed, its machine stopped or the disk was full; {remains}.',
      zh: '运行结束时未留下报表：进程被杀死、机器停机或磁盘已满；{remains}。',
    },
    hint: {
      en: 'Look for an out-of-memory kill, a restart or a stopped container at that time.',
      zh: '请检查当时是否有内存不足被杀、重启或容器被停止。',
    },
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;
