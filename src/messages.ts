import type { Text } from './language.ts';

/** Everything that the log says, in both languages. */
export const MESSAGES = {
  SETTING_WARNING: { en: '{warning}', zh: '{warning}' },
  LOG_FILE_UNWRITABLE: {
    en: 'The log file {path} cannot be written ({detail}); the log goes on here only',
    zh: '无法写入日志文件 {path}（{detail}）；日志仅输出到此处',
  },
  RUN_STARTED: {
    en: 'Backup of {database} on {host}:{port} started: {run}',
    zh: '开始备份 {host}:{port} 上的 {database}：{run}',
  },
  RUN_SUCCEEDED: {
    en: 'Backup succeeded: {file} ({size}) in {seconds} s; proven: {proof}',
    zh: '备份成功：{file}（{size}），用时 {seconds} 秒；验证程度：{proof}',
  },
  RUN_UNLIKE: {
    en: 'This backup looks unlike the recent ones: {detail}',
    zh: '本次备份与近期差异过大：{detail}',
  },
  RUN_LOST: {
    en: 'Nothing old is removed until a run is like the others again, or until you say that this one is right: pg-backup accept {run}',
    zh: '在运行恢复正常之前不清理旧备份；若确认本次无误，请执行：pg-backup accept {run}',
  },
  RETENTION_HELD: {
    en: 'Retention is held: {count} old backups stay, because the newest one looks unlike them; if it is right: pg-backup accept',
    zh: '暂停清理：保留 {count} 个旧备份，因为最新备份与它们差异过大；若确认无误，请执行：pg-backup accept',
  },
  ACCEPTED: {
    en: '{run} is accepted as it is: retention goes on, and the next backups are compared with it',
    zh: '已确认 {run}：恢复清理，之后的备份以其为准进行比较',
  },
  TRYING_AGAIN: {
    en: '[{code}] {message} Trying again in {minutes} minutes ({retry} of {retries})',
    zh: '[{code}] {message} {minutes} 分钟后重试（第 {retry} 次，共 {retries} 次）',
  },
  DATABASE_NEW: { en: 'New on the server: the database {database}', zh: '服务器上有新数据库：{database}' },
  DATABASE_GONE: {
    en: 'Gone from the server: the database {database}; its backups stay',
    zh: '服务器上已没有数据库 {database}；其备份保留',
  },
  DATABASES_UNKNOWN: {
    en: 'The server could not be asked for its databases ({detail}); those of the last time are backed up',
    zh: '无法向服务器询问数据库列表（{detail}）；按上次的列表备份',
  },
  DATABASES_FOUND: {
    en: 'Backing up {count} databases, {parallel} at a time: {databases}',
    zh: '将备份 {count} 个数据库，同时 {parallel} 个：{databases}',
  },
  COMMAND_FAILED: { en: '[{code}] {message} {hint}', zh: '[{code}] {message} {hint}' },
  STAGE_DONE: { en: '{stage}: done in {seconds} s', zh: '{stage}：完成，用时 {seconds} 秒' },
  STAGE_FAILED: { en: '{stage}: failed after {seconds} s', zh: '{stage}：失败，用时 {seconds} 秒' },
  STAGE_PROGRESS: { en: '{stage}: {progress}', zh: '{stage}：{progress}' },
  SERVER_FOUND: {
    en: 'PostgreSQL {serverVersion}, database size {size}; client {clientVersion} from {directory}',
    zh: 'PostgreSQL {serverVersion}，数据库大小 {size}；客户端 {clientVersion}，位于 {directory}',
  },
  LEFT_OUT: {
    en: 'This backup leaves out what PG_DUMP_EXTRA_OPTS says: {options}',
    zh: '本次备份按 PG_DUMP_EXTRA_OPTS 不包含：{options}',
  },
  STORE_UNREACHABLE: {
    en: 'The bucket cannot be used now ({detail}). The dump is taken all the same; its files stay until they are uploaded',
    zh: '目前无法使用该桶（{detail}）。仍会进行转储；文件保留到上传为止',
  },
  UNCOMPRESSED: {
    en: 'BACKUP_COMPRESS=0: reading an uncompressed archive back proves little; the checksum still finds every change',
    zh: 'BACKUP_COMPRESS=0：读回未压缩的归档能证明的很少；校验和仍可发现任何改动',
  },
  PREFLIGHT_WARNING: { en: '{text}. To mend it: {remedy}', zh: '{text}。处理方法：{remedy}' },
  GLOBALS_WITHOUT_PASSWORDS: {
    en: 'The user "{user}" may not read passwords (pg_authid): the globals are written without them (--no-role-passwords)',
    zh: '用户 "{user}" 无权读取口令（pg_authid）：全局对象将不含口令（--no-role-passwords）',
  },
  FINGERPRINT_UNAVAILABLE: {
    en: 'No fingerprint is taken: {message} The dump goes on without it, and a drill can then compare nothing',
    zh: '未采集指纹：{message} 转储照常进行，但演练将无从比对',
  },
  FINGERPRINT_DEFERRABLE: {
    en: 'No fingerprint is taken: --serializable-deferrable shares its snapshot with nobody',
    zh: '未采集指纹：--serializable-deferrable 无法与其他会话共享快照',
  },
  FINGERPRINT_WITHOUT_SNAPSHOT: {
    en: 'The fingerprint was given up: pg_dump could not share its snapshot (does a load balancer stand before several servers, or has the user no third connection?) or wrote an archive that is not understood',
    zh: '已放弃指纹：pg_dump 无法共享其快照（前面是否有负载均衡指向多台服务器，或该账号没有第三个连接可用？），或其归档无法解析',
  },
  FINGERPRINT_PARTIAL: {
    en: 'The fingerprint is partial: {reason}. {detail}',
    zh: '指纹不完整：{reason}。{detail}',
  },
  COMPRESSED_BY_PG_DUMP: {
    en: 'pg_dump compresses the dump itself, on one core: what it writes is not understood here ({detail})',
    zh: '由 pg_dump 自行单核压缩转储：无法解析其输出（{detail}）',
  },
  NOT_READ_BACK: {
    en: 'The archive was encrypted but cannot be read back here: no identity or passphrase is set',
    zh: '归档已加密，但无法在此处读回：未设置身份文件或口令',
  },
  REPLAY_NOTHING_TO_PAUSE: {
    en: 'BACKUP_PAUSE_REPLAY: {host}:{port} is no standby server, so there is nothing to pause',
    zh: 'BACKUP_PAUSE_REPLAY：{host}:{port} 不是备库，无需暂停回放',
  },
  REPLAY_PAUSED: {
    en: 'Replay of WAL on {host}:{port} is paused; the server resumes it by itself once this run needs that no more',
    zh: '{host}:{port} 的 WAL 回放已暂停；本次运行不再需要时，服务器会自行恢复回放',
  },
  REPLAY_FOUND_PAUSED: {
    en: 'Replay of WAL on {host}:{port} was paused already, by another run or by somebody else: whoever paused it resumes it',
    zh: '{host}:{port} 的 WAL 回放此前已暂停（其他运行或他人所为）：由暂停者恢复',
  },
  REPLAY_RESUMED: {
    en: 'Replay of WAL on {host}:{port} goes on again; it was paused for {seconds} s',
    zh: '{host}:{port} 的 WAL 回放已恢复；共暂停 {seconds} 秒',
  },
  REPLAY_RESUMES_LATER: {
    en: 'Replay of WAL on {host}:{port} was paused by this run, for {seconds} s so far; the server resumes it by itself once no run needs that any more',
    zh: '{host}:{port} 的 WAL 回放由本次运行暂停，至今 {seconds} 秒；所有运行都不再需要后，服务器会自行恢复回放',
  },
  REPLAY_RESUMED_EARLY: {
    en: 'Replay of WAL on {host}:{port} goes on before this run is through with the database: somebody resumed it, ended its guard or promoted the server. From now on replay conflicts can cancel the dump',
    zh: '{host}:{port} 的 WAL 回放在本次运行用完数据库之前已恢复：有人恢复了回放、终止了守护会话或提升了该备库。此后转储可能被回放冲突取消',
  },
  SERVER_REMOVED: {
    en: 'Removed the throw-away server that a drill left when it was killed: {directory}',
    zh: '已清除被杀死的演练遗留的临时服务器：{directory}',
  },
  LOCK_AWAITED: {
    en: 'pg_dump waits for the lock of {object}, held by {holder}',
    zh: 'pg_dump 正在等待 {object} 的锁，持锁者：{holder}',
  },
  HOOK_OUTPUT: { en: '{hook}: {line}', zh: '{hook}：{line}' },
  HOOK_OUTPUT_LEFT_OUT: {
    en: '{hook} says more than {count} lines; the others are not logged',
    zh: '{hook} 输出超过 {count} 行；其余不记入日志',
  },
  HOOK_FAILED_AND_IGNORED: {
    en: '{hook} failed ({outcome}): {detail}. The run goes on as it is',
    zh: '{hook} 执行失败（{outcome}）：{detail}。本次运行不受影响',
  },
  TOOL_OUTPUT: { en: '{tool}: {line}', zh: '{tool}：{line}' },
  SENT_ALONG: {
    en: '{size} of the dump were uploaded while it was being made',
    zh: '转储进行的同时已上传 {size}',
  },
  ALONG_FAILED: {
    en: 'Uploading along with the dump has ended early: {message} The rest is sent once the dump is complete',
    zh: '边转储边上传提前结束：{message} 其余部分将在转储完成后上传',
  },
  OBJECT_CONFIRMED: {
    en: 'Confirmed: {object} ({size}, {checksum})',
    zh: '已确认：{object}（{size}，{checksum}）',
  },
  PENDING_UPLOADED: { en: 'Sent the waiting backup {run}', zh: '已补传等待中的备份 {run}' },
  PENDING_FAILED: {
    en: 'The waiting backup {run} could not be sent: {message} It stays and is tried again',
    zh: '等待中的备份 {run} 未能上传：{message} 文件保留，稍后重试',
  },
  PENDING_CHANGED: {
    en: 'The waiting backup {run} cannot be sent: {message} {hint}',
    zh: '等待中的备份 {run} 无法上传：{message} {hint}',
  },
  OUTBOX_FAILED: {
    en: 'The waiting backups could not be looked after: {message} They stay and are tried again',
    zh: '未能处理等待中的备份：{message} 文件保留，稍后重试',
  },
  ABANDONED_REMAIN: {
    en: 'What was sent of {count} uploads that nobody waits for could not be given up yet, and may be charged: {names}',
    zh: '有 {count} 个无人等待的上传尚未能放弃，其已传部分可能计费：{names}',
  },
  NOTHING_WAITS: {
    en: 'No backup of {database} waits for its upload',
    zh: '{database} 没有等待上传的备份',
  },
  LOCAL_FILES_REMOVED: {
    en: 'Local files of {run} removed: the copy in OSS is confirmed',
    zh: '已删除 {run} 的本地文件：OSS 副本已确认',
  },
  STORE_NOT_LISTED: {
    en: 'The store cannot be asked now ({message}); only the backups that are here are looked at',
    zh: '目前无法访问远端存储（{message}）；仅考虑本地备份',
  },
  RESTORE_TEMPORARY: {
    en: 'Restoring into "{temporary}", which becomes "{database}" when it is complete. Should this process be killed, remove it: DROP DATABASE {quoted} WITH (FORCE);',
    zh: '正在恢复到 "{temporary}"，完成后更名为 "{database}"。若本进程被杀死，请将其删除：DROP DATABASE {quoted} WITH (FORCE);',
  },
  RESTORE_PROBLEM: { en: '{class}: {object}: {message}', zh: '{class}：{object}：{message}' },
  RESTORE_PROBLEMS: {
    en: 'pg_restore could not do everything: {fault} objects or rows are missing, {lesser} rights, owners, comments or the like are missing, {harmless} mean nothing',
    zh: 'pg_restore 未能完成全部操作：{fault} 个对象或数据缺失，{lesser} 个权限、属主、注释等缺失，{harmless} 个无影响',
  },
  RESTORE_DATABASE_SETTING: {
    en: 'A setting of the database could not be given to it: {message}',
    zh: '未能应用该库的一项设置：{message}',
  },
  RESTORE_CLEARED: {
    en: 'The unfinished database "{temporary}" was removed',
    zh: '未完成的数据库 "{temporary}" 已删除',
  },
  RESTORE_LEFT: {
    en: 'The unfinished database could not be removed ({message}). Remove it: DROP DATABASE {quoted} WITH (FORCE);',
    zh: '未完成的数据库无法删除（{message}）。请手动删除：DROP DATABASE {quoted} WITH (FORCE);',
  },
  RESTORE_ROLES_STAY: {
    en: 'These roles were created before, and stay: {names}',
    zh: '此前创建的以下角色将保留：{names}',
  },
  RESTORE_ROLES_CREATED: { en: 'Created the roles {names}', zh: '已创建角色 {names}' },
  DOWNLOAD_KEPT: {
    en: 'The dump that was fetched stays for the next attempt, for three days: {path}',
    zh: '已下载的转储保留三天供下次尝试使用：{path}',
  },
  RESTORE_DONE: {
    en: 'Restored {run} into "{database}" on {host}:{port} in {seconds} s',
    zh: '已将 {run} 恢复到 {host}:{port} 上的 "{database}"，用时 {seconds} 秒',
  },
  CLIENT_INSECURE: {
    en: 'The client {version} has known security holes: a crafted archive can run commands on this machine. Fixed in {fixed}. Mend it: {remedy}',
    zh: '客户端 {version} 存在已知安全漏洞：精心构造的归档可在本机执行命令。已在 {fixed} 中修复。修复方法：{remedy}',
  },
  RETENTION_REMOVED: { en: 'Removed {run}: {reason}', zh: '已清理 {run}：{reason}' },
  RETENTION_DONE: {
    en: 'Retention: {kept} kept, {removed} removed',
    zh: '保留策略：保留 {kept}，清理 {removed}',
  },
  REMOTE_REMOVED: {
    en: 'Removed the remote copy of {run}: {reason}',
    zh: '已清理 {run} 的远端副本：{reason}',
  },
  REMOTE_IMMUTABLE: {
    en: 'The remote copies of {count} expired backups stay: a retention rule of the bucket (WORM) protects them',
    zh: '{count} 个过期备份的远端副本保留：受桶的合规保留策略（WORM）保护',
  },
  REMOTE_VERSIONED: {
    en: 'The bucket keeps versions: the remote copies of {count} expired backups are hidden, and their versions stay until a lifecycle rule removes them',
    zh: '桶已开启版本控制：{count} 个过期备份的远端副本已隐藏，其历史版本保留到生命周期规则将其清除为止',
  },
  REMOTE_RETENTION_DONE: {
    en: 'Remote retention: {kept} kept, {removed} removed; {others} other objects were left alone',
    zh: '远端保留策略：保留 {kept}，清理 {removed}；其余 {others} 个对象保持原样',
  },
  UPLOADS_ELSEWHERE: {
    en: 'Another process on this machine is sending the waiting backups of this database: they are left to it',
    zh: '本机另有进程正在补传该库等待中的备份：交由其完成',
  },
  REPORTS_SENT: {
    en: 'Reports and records put to {source}: {count}',
    zh: '已将报表与记录存至 {source}：{count} 个',
  },
  REPORTS_UNSENT: {
    en: '{count} reports and records could not be put to {source}: {message}',
    zh: '有 {count} 个报表与记录未能存至 {source}：{message}',
  },
  REPORTS_UNREADABLE: {
    en: '{count} unreadable files in {directory} were passed over: {files}',
    zh: '{directory} 中有 {count} 个无法读取的文件已跳过：{files}',
  },
  REPAIRED: {
    en: 'The run {run} was killed before it ended; it is now reported as FAILED ({remains})',
    zh: '运行 {run} 在结束前被杀死；现已记为 FAILED（{remains}）',
  },
  REPAIR_FAILED: {
    en: 'What a killed run left could not be repaired yet: {detail}',
    zh: '被杀死的运行的残留暂时无法修复：{detail}',
  },
  CLEARING_FAILED: {
    en: 'What this run no longer needs could not be cleared away: {detail}',
    zh: '本次运行不再需要的内容未能清理：{detail}',
  },
  REPORT_UNWRITABLE: {
    en: 'The report of this run could not be written: {detail}',
    zh: '本次运行的报表无法写入：{detail}',
  },
  SCHEDULED: {
    en: '{kind}: {pattern} in {zone}; next {local}, which is {utc}',
    zh: '{kind}：{pattern}（{zone}）；下次 {local}，即 {utc}',
  },
  SCHEDULE_NO_HISTORY: {
    en: 'No backup is on record yet, so none was missed. For one before {due}: pg-backup backup, or BACKUP_ON_START=true',
    zh: '尚无备份记录，因此没有错过的备份。若要在 {due} 之前备份：pg-backup backup，或设置 BACKUP_ON_START=true',
  },
  CATCHING_UP: {
    en: '{kind}: what was due at {due} was missed, and is caught up now',
    zh: '{kind}：错过了 {due} 的计划，现在补做',
  },
  CATCHING_UP_SOME: {
    en: 'Missed for these databases only: {databases}',
    zh: '仅以下数据库错过：{databases}',
  },
  MISSED_UNKNOWN: {
    en: '{kind}: whether one was missed could not be found out: {detail}',
    zh: '{kind}：无法判断是否有错过的计划：{detail}',
  },
  TOO_LATE: {
    en: '{kind}: what was due at {due} was missed, and is not caught up (BACKUP_CATCH_UP_HOURS={hours}); next {next}',
    zh: '{kind}：错过了 {due} 的计划，不再补做（BACKUP_CATCH_UP_HOURS={hours}）；下次 {next}',
  },
  CLOCK_SET_BACK: {
    en: '{kind}: the clock was set back; the schedule goes on from the new time, next {next}',
    zh: '{kind}：系统时钟被回拨；计划从新的时间继续，下次 {next}',
  },
  OVERLAP: {
    en: '{kind}: skipped what is due at {due}, because the one that began at {since} is still under way',
    zh: '{kind}：跳过 {due} 的计划，因为 {since} 开始的一次仍在进行',
  },
  SKIP_UNWRITABLE: {
    en: 'What was skipped could not be written down: {detail}',
    zh: '跳过的计划未能记录：{detail}',
  },
  ATTEMPT_UNWRITABLE: {
    en: '{kind}: how far it has come could not be written down, so that a restart may do it again: {detail}',
    zh: '{kind}：其进展未能记录，重启后可能再做一次：{detail}',
  },
  TARGET_UNUSABLE: {
    en: 'This target cannot be backed up as it is: {detail}',
    zh: '该目标目前无法备份：{detail}',
  },
  JOB_STARTING: { en: '{kind}: starting', zh: '{kind}：开始' },
  JOB_DELAYED: {
    en: '{kind}: starting in {seconds} s (BACKUP_JITTER_SECONDS)',
    zh: '{kind}：{seconds} 秒后开始（BACKUP_JITTER_SECONDS）',
  },
  JOB_DONE: { en: '{kind}: done; next {next}', zh: '{kind}：完成；下次 {next}' },
  JOB_FAILED: { en: '{kind}: failed ({outcome}); next {next}', zh: '{kind}：失败（{outcome}）；下次 {next}' },
  JOB_CRASHED: {
    en: '{kind}: its process ended without telling why ({outcome}); it is started once more in {seconds} s',
    zh: '{kind}：其进程异常结束（{outcome}）；{seconds} 秒后再启动一次',
  },
  JOB_OVERDUE: {
    en: '{kind}: has not ended within {hours} h, which nothing should take; it is ended now',
    zh: '{kind}：{hours} 小时内未结束，已超出任何正常用时；现将其终止',
  },
  JOB_UNSTARTABLE: {
    en: '{kind}: could not be started: {detail}; next {next}',
    zh: '{kind}：无法启动：{detail}；下次 {next}',
  },
  BACKUP_STALE: { en: '{reason}', zh: '{reason}' },
  FRESHNESS_UNKNOWN: {
    en: 'Whether the backups are fresh could not be found out: {detail}',
    zh: '无法判断备份是否及时：{detail}',
  },
  SCHEDULE_ENDED: { en: 'The scheduler has ended', zh: '调度器已结束' },
  SERVING: { en: 'Serving on {address}', zh: '正在监听 {address}' },
  ANSWER_REFUSED: {
    en: '{method} {route} was answered with {status}',
    zh: '{method} {route} 的应答为 {status}',
  },
  ANSWER_FAILED: {
    en: '{method} {route} was answered with {status}: [{code}] {message}',
    zh: '{method} {route} 的应答为 {status}：[{code}] {message}',
  },
  READING_FAILED: {
    en: 'Reports or records cannot be read: [{code}] {message} {hint} What was known of them stays',
    zh: '无法读取报表或记录：[{code}] {message} {hint} 已知内容保留',
  },
  READING_AGAIN: { en: '{place} can be read again', zh: '已可重新读取 {place}' },
  NOTIFY_FAILED: {
    en: 'The notification by {channel} failed: {detail}',
    zh: '通过 {channel} 发送通知失败：{detail}',
  },
  NOTIFY_HELD_BACK: {
    en: 'Not notified again: the same news ({type}) was told less than {minutes} minutes ago',
    zh: '不再重复通知：相同消息（{type}）在 {minutes} 分钟内已发送过',
  },
  NOTIFY_STATE_FAILED: {
    en: 'What was notified could not be remembered, so the same may be told again: {detail}',
    zh: '无法记录已发送的通知，同一消息可能会重复发送：{detail}',
  },
  STOPPING: {
    en: '{signal} received: stopping; once more ends at once',
    zh: '收到 {signal}：正在停止；再次发送则立即退出',
  },
} as const satisfies Record<string, Text>;

export type MessageId = keyof typeof MESSAGES;
