import type { Text } from '../language.ts';
import type { Secret } from '../secret.ts';
import { COMPRESSION_PATTERN } from './compression.ts';

export type SettingType = 'text' | 'integer' | 'boolean' | 'choice' | 'words';
export type SettingGroup =
  | 'database'
  | 'backup'
  | 'schedule'
  | 'notify'
  | 'storage'
  | 'restore'
  | 'server'
  | 'program';

export interface Setting {
  readonly group: SettingGroup;
  readonly type: SettingType;
  readonly description: Text;
  /** As it is written in the environment. */
  readonly default?: string;
  readonly example?: string;
  readonly choices?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** A regular expression for the written value, with `expected` saying the same to a person. */
  readonly pattern?: string;
  readonly expected?: Text;
  readonly required?: true;
  /** Required as long as this one is not set; they exclude each other. */
  readonly requiredUnless?: string;
  /** Needed only where other settings have one of these values. */
  readonly requiredWhen?: Readonly<Record<string, readonly string[]>>;
  /** Never shown; may also be given as `NAME_FILE`, the path of a file that holds it. */
  readonly secret?: true;
}

const ONE_LINE = '^[^\\u0000-\\u001f\\u007f]+$';
const ONE_LINE_EXPECTED: Text = { en: 'text on one line', zh: '单行文本' };
const NO_BLANKS = '^[^\\s\\u0000-\\u001f\\u007f]+$';
const NO_BLANKS_EXPECTED: Text = { en: 'text without blanks', zh: '不含空白的文本' };
const FILE_PATH = '^/[^\\u0000-\\u001f\\u007f]*$';
const FILE_PATH_EXPECTED: Text = { en: 'an absolute path', zh: '绝对路径' };
const HTTP_URL = '^https?://[^\\s\\u0000-\\u001f\\u007f]+$';
const HTTP_URL_EXPECTED: Text = { en: 'an http:// or https:// address', zh: 'http:// 或 https:// 地址' };
const MAIL_ADDRESS = '^[^\\u0000-\\u001f\\u007f]*[^\\s@<]+@[^\\s@>]+>?$';
const MAIL_ADDRESS_EXPECTED: Text = { en: 'an e-mail address', zh: '邮件地址' };
const WHEN_UPLOADING_TO_OSS = {
  BACKUP_MODE: ['oss', 'both'],
  BACKUP_UPLOAD_TOOL: ['ossutil', 'sdk'],
} as const;
const WHEN_UPLOADING_WITH_KEYS = { ...WHEN_UPLOADING_TO_OSS, OSS_CREDENTIALS: ['keys'] } as const;
const WHEN_UPLOADING_WITH_RCLONE = { BACKUP_MODE: ['oss', 'both'], BACKUP_UPLOAD_TOOL: ['rclone'] } as const;
const TAG = '[A-Za-z0-9 +\\-.:/_]{1,128}=[A-Za-z0-9 +\\-.:/_]{0,256}';
const TAGS = `^${TAG}(&${TAG}){0,9}$`;
/** What the report server answers itself: below it a proxy could show nothing else. */
const OWN_PATHS =
  'api(/(v1|admin|open))?|runs|metrics|healthz|livez|readyz|openapi\\.json|robots\\.txt|live\\.js|page\\.css|charts\\.css|favicon\\.svg';
const BASE_PATH = `^(?!.*/\\.{1,2}(/|$))(?!/(${OWN_PATHS})/?$)(?!/(api/(v1|admin|open)|runs)/)/([\\w.~\\-]+(/[\\w.~\\-]+)*/?)?$`;
const KEEP_RULES =
  '^((last|daily|weekly|monthly|yearly)=[1-9][0-9]{0,3})(,(last|daily|weekly|monthly|yearly)=[1-9][0-9]{0,3})*$';
const KEEP_RULES_EXPECTED: Text = {
  en: 'rules such as last=3,daily=7,weekly=4,monthly=12,yearly=5',
  zh: '形如 last=3,daily=7,weekly=4,monthly=12,yearly=5 的规则',
};

/** The only place where a setting exists: loading, checking, help, the env example and the reference page are all made from it. */
export const SETTINGS = {
  PG_HOST: {
    group: 'database',
    type: 'text',
    required: true,
    example: '127.0.0.1',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'PostgreSQL host name, address, or the directory of its Unix socket.',
      zh: 'PostgreSQL 主机名、地址，或 Unix 套接字所在目录。',
    },
  },
  PG_PORT: {
    group: 'database',
    type: 'integer',
    default: '5432',
    minimum: 1,
    maximum: 65535,
    description: { en: 'PostgreSQL port.', zh: 'PostgreSQL 端口。' },
  },
  PG_DATABASE: {
    group: 'database',
    type: 'text',
    requiredUnless: 'PG_DATABASES',
    example: 'community',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'The database to back up. It, or PG_DATABASES, is required.',
      zh: '需备份的数据库名。与 PG_DATABASES 二者必填其一。',
    },
  },
  PG_DATABASES: {
    group: 'database',
    type: 'words',
    example: 'community shop',
    pattern: '^[^,]*[^,\\s][^,]*$',
    expected: { en: 'names with blanks between them, not commas', zh: '以空格（而非逗号）分隔的库名' },
    description: {
      en: 'Several databases instead of one, split as a shell splits words; * stands for every database of the server, also those that are created later. Each is a run with its own report.',
      zh: '代替单个库的多个库，按 shell 规则拆分；* 表示服务器上的全部数据库，包括日后新建的。每个库各为一次运行，各有报表。',
    },
  },
  PG_EXCLUDE_DATABASES: {
    group: 'database',
    type: 'words',
    example: 'test_* scratch',
    pattern: '^[^,]*[^,\\s][^,]*$',
    expected: { en: 'names with blanks between them, not commas', zh: '以空格（而非逗号）分隔的库名' },
    description: {
      en: 'What PG_DATABASES=* leaves out; * in a name stands for any text.',
      zh: '使用 PG_DATABASES=* 时排除的库；名称中的 * 表示任意文本。',
    },
  },
  PG_USER: {
    group: 'database',
    type: 'text',
    required: true,
    example: 'backup',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'The user that backs up: a dedicated one that may read every object, or a superuser.',
      zh: '备份账号：能读取全部对象的专用账号，或超级用户。',
    },
  },
  PGPASSWORD: {
    group: 'database',
    type: 'text',
    secret: true,
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'Password of that user. Without it libpq looks into PGPASSFILE or ~/.pgpass.',
      zh: '该账号的密码。未设置时由 libpq 读取 PGPASSFILE 或 ~/.pgpass。',
    },
  },
  PG_BIN_DIR: {
    group: 'database',
    type: 'text',
    example: '/usr/lib/postgresql/17/bin',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'Directory of the PostgreSQL client to use. Without it the installed majors are searched and the one that fits the server is taken.',
      zh: 'PostgreSQL 客户端所在目录。未设置时自动查找已安装的各主版本并选用与服务器匹配的一个。',
    },
  },
  BACKUP_MODE: {
    group: 'backup',
    type: 'choice',
    choices: ['local', 'oss', 'both'],
    default: 'both',
    description: {
      en: 'Where backups go: local disk, OSS only (the local file stays until the upload is confirmed), or both.',
      zh: '存储模式：仅本地、仅 OSS（本地文件保留到上传确认为止），或两者。',
    },
  },
  BACKUP_BASE_DIR: {
    group: 'backup',
    type: 'text',
    default: '/data/db-backups',
    pattern: FILE_PATH,
    expected: FILE_PATH_EXPECTED,
    description: {
      en: 'Root of the local backups: data/, reports/, records/, drills/ and others lie below it.',
      zh: '本地备份根目录：其下有 data/、reports/、records/、drills/ 等目录。',
    },
  },
  BACKUP_LOG_DIR: {
    group: 'backup',
    type: 'text',
    default: '/var/log/db-backup',
    pattern: FILE_PATH,
    expected: FILE_PATH_EXPECTED,
    description: {
      en: 'Directory of the daily logs backup_YYYYMMDD.log (UTC).',
      zh: '日志目录，每日一个 backup_YYYYMMDD.log（UTC）。',
    },
  },
  RETENTION_DAYS: {
    group: 'backup',
    type: 'integer',
    default: '7',
    minimum: 1,
    maximum: 36500,
    description: {
      en: 'Days that local backups are kept. The newest good run and runs that wait for their upload always stay.',
      zh: '本地保留天数。最新的有效备份与等待上传的备份始终保留。',
    },
  },
  RETENTION_KEEP: {
    group: 'backup',
    type: 'text',
    example: 'last=3,daily=7,weekly=4,monthly=12,yearly=5',
    pattern: KEEP_RULES,
    expected: KEEP_RULES_EXPECTED,
    description: {
      en: 'Local backups to keep beyond RETENTION_DAYS: the last ones, and the newest good one of so many days, weeks, months and years (UTC).',
      zh: '超过 RETENTION_DAYS 仍保留的本地备份：最近若干份，以及若干天、周、月、年中每个周期最新的有效备份（UTC）。',
    },
  },
  REMOTE_RETENTION_DAYS: {
    group: 'backup',
    type: 'integer',
    minimum: 1,
    maximum: 36500,
    example: '30',
    description: {
      en: 'Days that remote copies are kept. Without it nothing remote is ever removed: leave it so where the bucket has a lifecycle.',
      zh: '远端副本保留天数。未设置时从不删除远端内容；若桶已配置生命周期规则，请勿设置。',
    },
  },
  REMOTE_RETENTION_KEEP: {
    group: 'backup',
    type: 'text',
    example: 'monthly=12,yearly=5',
    pattern: KEEP_RULES,
    expected: KEEP_RULES_EXPECTED,
    description: {
      en: 'Remote copies to keep beyond REMOTE_RETENTION_DAYS, by the same rules as RETENTION_KEEP.',
      zh: '超过 REMOTE_RETENTION_DAYS 仍保留的远端副本，规则同 RETENTION_KEEP。',
    },
  },
  INCLUDE_GLOBALS: {
    group: 'backup',
    type: 'boolean',
    default: 'true',
    description: {
      en: 'Also write roles and tablespaces (pg_dumpall --globals-only).',
      zh: '是否导出全局对象（pg_dumpall --globals-only）。',
    },
  },
  PG_DUMP_EXTRA_OPTS: {
    group: 'backup',
    type: 'words',
    example: '--exclude-table-data=large_audit_table',
    description: {
      en: 'More options for pg_dump, split as a shell does and run without one. Options that redirect, shrink or replace the dump are refused.',
      zh: 'pg_dump 额外参数，按 shell 规则拆分、不经 shell 执行。会改变去向、缩减或替换转储的选项将被拒绝。',
    },
  },
  BACKUP_COMPRESS: {
    group: 'backup',
    type: 'text',
    default: '9',
    pattern: COMPRESSION_PATTERN,
    expected: {
      en: '0 to 9, gzip:1 to gzip:9, lz4:1 to lz4:12, zstd:1 to zstd:22, or a method alone',
      zh: '0 至 9、gzip:1 至 gzip:9、lz4:1 至 lz4:12、zstd:1 至 zstd:22，或仅写方法名',
    },
    description: {
      en: 'Compression of the dump. gzip works with every client, lz4 and zstd need client 16 or newer; 0 means none.',
      zh: '转储的压缩方式。gzip 适用于所有客户端，lz4 与 zstd 需要 16 或更新的客户端；0 表示不压缩。',
    },
  },
  BACKUP_COMPRESS_THREADS: {
    group: 'backup',
    type: 'integer',
    minimum: 0,
    maximum: 256,
    example: '2',
    description: {
      en: 'On how many cores gzip compresses the dump (BACKUP_COMPRESS of 1 to 9, or gzip); pg_dump itself uses one. Without it: on all that this container may use, 8 at most, shared among BACKUP_PARALLEL databases, at low priority. 0: pg_dump compresses, as it does where it writes a version of its format that is not known here.',
      zh: 'gzip 压缩转储所用的核数（BACKUP_COMPRESS 为 1 至 9 或 gzip 时）；pg_dump 自身只用一个核。未设置时以低优先级使用本容器可用的全部核（最多 8 个），由 BACKUP_PARALLEL 个数据库分用；0 表示由 pg_dump 自行压缩，遇到本程序不认识的归档格式版本时亦然。',
    },
  },
  BACKUP_ENCRYPTION: {
    group: 'backup',
    type: 'choice',
    choices: ['none', 'age', 'gpg'],
    default: 'none',
    description: {
      en: 'Encrypts the dump and the globals before they touch a disk: age (built in) or gpg (the program).',
      zh: '在落盘之前加密转储与全局对象：age（内置）或 gpg（外部程序）。',
    },
  },
  BACKUP_ENCRYPTION_RECIPIENTS: {
    group: 'backup',
    type: 'words',
    example: 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
    pattern: '^(?!.*[Aa][Gg][Ee]-[Ss][Ee][Cc][Rr][Ee][Tt]-[Kk][Ee][Yy]-).+$',
    expected: { en: 'recipients (age1…), never a secret key', zh: '接收者（age1…），不能是私钥' },
    description: {
      en: 'Who may decrypt: age recipients, or gpg key ids of the keyring; a word that begins with / is a file of recipients (age) or a public key (gpg).',
      zh: '可解密者：age 接收者，或密钥环中的 gpg 密钥 ID；以 / 开头的词表示接收者文件（age）或公钥文件（gpg）。',
    },
  },
  BACKUP_ENCRYPTION_PASSPHRASE: {
    group: 'backup',
    type: 'text',
    secret: true,
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'Encrypts with a passphrase instead of recipients. Without it and without an identity, backups cannot be read back here.',
      zh: '用口令代替接收者加密。若口令与身份文件均未提供，则无法在此处读回备份。',
    },
  },
  BACKUP_ENCRYPTION_IDENTITY_FILE: {
    group: 'backup',
    type: 'text',
    example: '/run/secrets/backup-identity',
    pattern: FILE_PATH,
    expected: FILE_PATH_EXPECTED,
    description: {
      en: 'File with the private key that decrypts (age identities, or an exported gpg secret key), for reading back, restores and drills only.',
      zh: '用于解密的私钥文件（age 身份，或导出的 gpg 私钥），仅用于读回校验、恢复与演练。',
    },
  },
  BACKUP_FINGERPRINT: {
    group: 'backup',
    type: 'choice',
    choices: ['off', 'counts', 'content'],
    default: 'counts',
    description: {
      en: 'What a restore is compared with later, taken from the same snapshot as the dump: the rows of each table and the inventory (counts), also a hash of all rows (content, which reads every row once more), or nothing.',
      zh: '供日后恢复比对的指纹，与转储取自同一快照：counts 为各表行数与对象清单，content 另含全部行的哈希（会再读取每一行），off 为不采集。',
    },
  },
  BACKUP_FINGERPRINT_TIMEOUT_MINUTES: {
    group: 'backup',
    type: 'integer',
    default: '60',
    minimum: 1,
    maximum: 10080,
    description: {
      en: 'After so many minutes the fingerprint ends as partial. The dump never waits for it; the end of the run does, for as long again as the dump took at most, or a minute.',
      zh: '超过该分钟数后，指纹以 partial 结束。转储从不等待指纹；本次运行的收尾至多再等待与转储相同的时长（不足一分钟按一分钟）。',
    },
  },
  BACKUP_PARALLEL: {
    group: 'backup',
    type: 'integer',
    default: '1',
    minimum: 1,
    maximum: 64,
    description: {
      en: 'How many databases of PG_DATABASES are backed up at a time.',
      zh: 'PG_DATABASES 中同时备份的数据库个数。',
    },
  },
  BACKUP_TIMEOUT_MINUTES: {
    group: 'backup',
    type: 'integer',
    default: '1440',
    minimum: 1,
    maximum: 20160,
    description: {
      en: 'The deadline of one run, upload included: after it the run ends as FAILED. What was dumped completely stays and is sent later.',
      zh: '单次运行（含上传）的时限，超过即以 FAILED 结束。已完整转储的文件保留，稍后补传。',
    },
  },
  BACKUP_RETRIES: {
    group: 'backup',
    type: 'integer',
    minimum: 0,
    maximum: 10,
    example: '2',
    description: {
      en: 'How often a failed run is tried again, after 1, 2, 4, … minutes, when the fault can pass (not for a wrong password). Without it: 2 under the schedule command, else 0.',
      zh: '运行失败且故障可能自行消失时（密码错误不算）重试的次数，间隔 1、2、4…分钟。未设置时：schedule 命令下为 2，其他情况为 0。',
    },
  },
  BACKUP_LOCK_WAIT_SECONDS: {
    group: 'backup',
    type: 'integer',
    minimum: 1,
    maximum: 86400,
    example: '300',
    description: {
      en: 'How long pg_dump waits for the lock of a table (--lock-wait-timeout) before the run fails and names who holds it. Without it: for ever, within the deadline.',
      zh: 'pg_dump 等待表锁的时长（--lock-wait-timeout），超过则运行失败并指出持锁者。未设置时在时限内一直等待。',
    },
  },
  BACKUP_PAUSE_REPLAY: {
    group: 'backup',
    type: 'boolean',
    default: 'false',
    description: {
      en: 'On a standby server: pauses the replay of WAL while pg_dump works, so that replay conflicts cannot cancel it. The server resumes by itself when the run ends in any way.',
      zh: '在备库上：pg_dump 运行期间暂停 WAL 回放，避免被回放冲突取消。无论运行如何结束，服务器都会自行恢复回放。',
    },
  },
  BACKUP_HOOK_BEFORE: {
    group: 'backup',
    type: 'words',
    example: '/usr/local/bin/quiesce --app community',
    description: {
      en: 'A command to run before each run, split as a shell splits words and run without one; the path of the record to come is its last argument.',
      zh: '每次运行之前执行的命令，按 shell 规则拆分、不经 shell 执行；最后一个参数是即将产生的记录文件的路径。',
    },
  },
  BACKUP_HOOK_BEFORE_FAILURE: {
    group: 'backup',
    type: 'choice',
    choices: ['stop', 'continue'],
    default: 'stop',
    description: {
      en: 'What a failing BACKUP_HOOK_BEFORE does: it stops the run, which is then FAILED, or is only logged.',
      zh: 'BACKUP_HOOK_BEFORE 失败时：stop 终止本次运行并记为 FAILED，continue 仅记录日志。',
    },
  },
  BACKUP_HOOK_AFTER: {
    group: 'backup',
    type: 'words',
    example: '/usr/local/bin/copy-record',
    description: {
      en: 'A command to run after each run, also a failed one; the path of its record is the last argument. Its own failure is logged and changes nothing.',
      zh: '每次运行之后（包括失败时）执行的命令；最后一个参数是记录文件的路径。其自身失败仅记录日志，不改变结果。',
    },
  },
  BACKUP_ANOMALY_PERCENT: {
    group: 'backup',
    type: 'integer',
    default: '50',
    minimum: 0,
    maximum: 95,
    description: {
      en: 'A backup whose size or rows lie so many percent below the median of the recent ones, or as far above it, carries a warning; where something was lost, nothing old is removed until the next normal run or pg-backup accept. 0: never.',
      zh: '备份的大小或行数低于近期中位数达该百分比（或同样幅度地高出）时带警告；若有内容丢失，则在下一次正常运行或执行 pg-backup accept 之前不清理旧备份。0 表示不检查。',
    },
  },
  BACKUP_SCHEDULE: {
    group: 'schedule',
    type: 'text',
    default: '0 2 * * *',
    description: {
      en: 'When the schedule command backs up, as a cron pattern; healthcheck judges by it too, also where a CronJob does the work.',
      zh: 'schedule 命令的备份时间（cron 表达式）；healthcheck 也据此判断，由 CronJob 执行备份时同样适用。',
    },
  },
  DRILL_SCHEDULE: {
    group: 'schedule',
    type: 'text',
    example: '0 4 * * 0',
    description: {
      en: 'When the schedule command drills the newest backup. Without it: never.',
      zh: 'schedule 命令演练最新备份的时间。未设置则不演练。',
    },
  },
  VERIFY_SCHEDULE: {
    group: 'schedule',
    type: 'text',
    example: '0 5 * * 3',
    description: {
      en: 'When the schedule command verifies every backup, remote copies included. Without it: never.',
      zh: 'schedule 命令校验全部备份（含远端副本）的时间。未设置则不校验。',
    },
  },
  BACKUP_TIMEZONE: {
    group: 'schedule',
    type: 'text',
    example: 'Asia/Shanghai',
    description: {
      en: 'Time zone of the schedules (IANA). Without it: TZ, else UTC.',
      zh: '各计划所用的时区（IANA 名称）。未设置时取 TZ，否则为 UTC。',
    },
  },
  BACKUP_JITTER_SECONDS: {
    group: 'schedule',
    type: 'integer',
    default: '0',
    minimum: 0,
    maximum: 3600,
    description: {
      en: 'Scheduled work begins up to so many seconds later, at random, so that many sidecars do not begin at once.',
      zh: '计划任务随机推迟至多该秒数，避免大量 sidecar 同时开始。',
    },
  },
  BACKUP_ON_START: {
    group: 'schedule',
    type: 'boolean',
    default: 'false',
    description: {
      en: 'The schedule command also backs up when it starts.',
      zh: 'schedule 命令启动时也立即备份一次。',
    },
  },
  BACKUP_CATCH_UP_HOURS: {
    group: 'schedule',
    type: 'integer',
    default: '168',
    minimum: 0,
    maximum: 8760,
    description: {
      en: 'A time of the schedule that was missed (machine off, container gone) is caught up once, for so many hours. 0: never.',
      zh: '错过的计划时间（停机、容器不在）在该小时数内补做一次。0 表示不补做。',
    },
  },
  BACKUP_GRACE_MINUTES: {
    group: 'schedule',
    type: 'integer',
    default: '120',
    minimum: 1,
    maximum: 10080,
    description: {
      en: 'How long after its time, jitter included, a backup may take to succeed before healthcheck calls it stale.',
      zh: '到点（含随机推迟）之后，备份在多长时间内成功都算正常；超过则 healthcheck 报告过期。',
    },
  },
  NOTIFY_ON: {
    group: 'notify',
    type: 'words',
    default: 'failure recovery warning stale',
    pattern: '^((failure|recovery|success|warning|stale|drill)(\\s+|$))+$',
    expected: {
      en: 'some of failure, recovery, success, warning, stale, drill',
      zh: 'failure、recovery、success、warning、stale、drill 中的若干项',
    },
    description: {
      en: 'What is told: failures (of drills too), the first success after one, every success, anomalies, a backup that is overdue, and every result of a drill.',
      zh: '通知哪些事件：失败（含演练）、失败后的首次成功、每次成功、异常、备份逾期、每次演练的结果。',
    },
  },
  NOTIFY_INTERVAL_MINUTES: {
    group: 'notify',
    type: 'integer',
    default: '60',
    minimum: 0,
    maximum: 10080,
    description: {
      en: 'The same news of the same database is told at most once in so many minutes. 0: always.',
      zh: '同一数据库的同一消息在该分钟数内至多通知一次。0 表示每次都通知。',
    },
  },
  NOTIFY_DINGTALK_URL: {
    group: 'notify',
    type: 'text',
    secret: true,
    pattern: HTTP_URL,
    expected: HTTP_URL_EXPECTED,
    description: {
      en: 'Webhook of a DingTalk robot, with its access_token.',
      zh: '钉钉机器人的 Webhook 地址（含 access_token）。',
    },
  },
  NOTIFY_DINGTALK_SECRET: {
    group: 'notify',
    type: 'text',
    secret: true,
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'The secret (SEC…) of that robot, where it checks signatures.',
      zh: '该机器人启用加签时的密钥（SEC…）。',
    },
  },
  NOTIFY_FEISHU_URL: {
    group: 'notify',
    type: 'text',
    secret: true,
    pattern: HTTP_URL,
    expected: HTTP_URL_EXPECTED,
    description: {
      en: 'Webhook of a Feishu robot.',
      zh: '飞书机器人的 Webhook 地址。',
    },
  },
  NOTIFY_FEISHU_SECRET: {
    group: 'notify',
    type: 'text',
    secret: true,
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'The secret of that robot, where it checks signatures.',
      zh: '该机器人启用签名校验时的密钥。',
    },
  },
  NOTIFY_WECOM_URL: {
    group: 'notify',
    type: 'text',
    secret: true,
    pattern: HTTP_URL,
    expected: HTTP_URL_EXPECTED,
    description: {
      en: 'Webhook of a WeCom robot.',
      zh: '企业微信机器人的 Webhook 地址。',
    },
  },
  NOTIFY_SLACK_URL: {
    group: 'notify',
    type: 'text',
    secret: true,
    pattern: HTTP_URL,
    expected: HTTP_URL_EXPECTED,
    description: {
      en: 'Incoming webhook of Slack.',
      zh: 'Slack 的 Incoming Webhook 地址。',
    },
  },
  NOTIFY_WEBHOOK_URL: {
    group: 'notify',
    type: 'text',
    secret: true,
    pattern: HTTP_URL,
    expected: HTTP_URL_EXPECTED,
    description: {
      en: 'A webhook of your own that gets JSON (Standard Webhooks).',
      zh: '自有 Webhook 地址，接收 JSON（Standard Webhooks）。',
    },
  },
  NOTIFY_WEBHOOK_SECRET: {
    group: 'notify',
    type: 'text',
    secret: true,
    pattern: '^whsec_([A-Za-z0-9+/]{4}){8,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
    expected: {
      en: 'whsec_ and the base64 of 24 bytes or more',
      zh: 'whsec_ 加上至少 24 字节的 base64',
    },
    description: {
      en: 'The secret (whsec_…) that signs what NOTIFY_WEBHOOK_URL gets.',
      zh: '对发往 NOTIFY_WEBHOOK_URL 的内容签名的密钥（whsec_…）。',
    },
  },
  NOTIFY_PING_URL: {
    group: 'notify',
    type: 'text',
    secret: true,
    pattern: HTTP_URL,
    expected: HTTP_URL_EXPECTED,
    description: {
      en: 'A check of Healthchecks or the like: its address is called on success, with /start and /fail at its end when a backup begins or fails.',
      zh: 'Healthchecks 类监控的检查地址：成功时调用，备份开始或失败时调用其后加 /start 或 /fail 的地址。',
    },
  },
  NOTIFY_SMTP_URL: {
    group: 'notify',
    type: 'text',
    secret: true,
    pattern: '^smtps?://[^\\s]+$',
    expected: {
      en: 'smtp:// or smtps:// with host and, if needed, user:password@',
      zh: 'smtp:// 或 smtps:// 地址，必要时含 user:password@',
    },
    example: 'smtps://user:password@smtp.example.com:465',
    description: {
      en: 'The mail server for e-mail; smtp:// uses STARTTLS where the server has it.',
      zh: '发送邮件的服务器；smtp:// 在服务器支持时使用 STARTTLS。',
    },
  },
  NOTIFY_EMAIL_FROM: {
    group: 'notify',
    type: 'text',
    pattern: MAIL_ADDRESS,
    expected: MAIL_ADDRESS_EXPECTED,
    example: 'backup@example.com',
    description: {
      en: 'Sender of e-mail.',
      zh: '发件人。',
    },
  },
  NOTIFY_EMAIL_TO: {
    group: 'notify',
    type: 'words',
    example: 'dba@example.com ops@example.com',
    pattern: '[^\\s@]@[^\\s@]',
    expected: { en: 'e-mail addresses with blanks between them', zh: '以空格分隔的邮件地址' },
    description: { en: 'Recipients of e-mail.', zh: '收件人。' },
  },
  BACKUP_UPLOAD_TOOL: {
    group: 'storage',
    type: 'choice',
    choices: ['ossutil', 'rclone', 'sdk'],
    default: 'ossutil',
    description: {
      en: 'The tool that uploads: ossutil, rclone (any remote of its own), or sdk, which needs no program and uploads while pg_dump still runs.',
      zh: '上传工具：ossutil、rclone（其任意远端），或 sdk（无需外部程序，在 pg_dump 运行的同时上传）。',
    },
  },
  OSS_BUCKET: {
    group: 'storage',
    type: 'text',
    requiredWhen: WHEN_UPLOADING_TO_OSS,
    example: 'your-oss-bucket',
    pattern: '^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$',
    expected: {
      en: '3 to 63 lower-case letters, digits and dashes',
      zh: '3 至 63 个小写字母、数字或短横线',
    },
    description: { en: 'OSS bucket.', zh: 'OSS 桶名。' },
  },
  OSS_PREFIX: {
    group: 'storage',
    type: 'text',
    example: 'postgres/backups',
    pattern: '^(?![/\\\\])(?!.*(^|/)\\.\\.?(/|$))(?!.*//)[^\\u0000-\\u001f\\u007f]{1,700}$',
    expected: {
      en: 'a path without a leading slash, "..", or empty parts',
      zh: '不以斜杠开头、不含 ".." 与空段的路径',
    },
    description: { en: 'Path in the bucket below which objects are put.', zh: '上传路径前缀。' },
  },
  OSS_ENDPOINT: {
    group: 'storage',
    type: 'text',
    requiredWhen: WHEN_UPLOADING_TO_OSS,
    example: 'oss-cn-hangzhou.aliyuncs.com',
    pattern: '^(https?://)?[A-Za-z0-9.-]+(:[0-9]{1,5})?/?$',
    expected: {
      en: 'a host name, with https:// or http:// if you like',
      zh: '主机名，可带 https:// 或 http://',
    },
    description: {
      en: 'OSS endpoint of the region; HTTPS unless it says http://.',
      zh: 'OSS 区域端点；除非写明 http://，否则使用 HTTPS。',
    },
  },
  OSS_REGION: {
    group: 'storage',
    type: 'text',
    example: 'cn-hangzhou',
    pattern: '^(?!oss-)[a-z]{2,}(-[a-z0-9]+)+$',
    expected: { en: 'a region id such as cn-hangzhou', zh: '区域 ID，如 cn-hangzhou' },
    description: {
      en: 'OSS region for signatures. Without it, it is read from OSS_ENDPOINT; needed with an endpoint that does not name it.',
      zh: '签名所用的 OSS 区域。未设置时取自 OSS_ENDPOINT；端点中不含区域时必须填写。',
    },
  },
  OSS_ACCESS_KEY_ID: {
    group: 'storage',
    type: 'text',
    secret: true,
    requiredWhen: WHEN_UPLOADING_WITH_KEYS,
    pattern: NO_BLANKS,
    expected: NO_BLANKS_EXPECTED,
    description: { en: 'AccessKey ID of the RAM user.', zh: 'RAM 子账号的 AK。' },
  },
  OSS_ACCESS_KEY_SECRET: {
    group: 'storage',
    type: 'text',
    secret: true,
    requiredWhen: WHEN_UPLOADING_WITH_KEYS,
    pattern: NO_BLANKS,
    expected: NO_BLANKS_EXPECTED,
    description: { en: 'AccessKey secret of the RAM user.', zh: 'RAM 子账号的 SK。' },
  },
  OSS_SECURITY_TOKEN: {
    group: 'storage',
    type: 'text',
    secret: true,
    pattern: NO_BLANKS,
    expected: NO_BLANKS_EXPECTED,
    description: {
      en: 'Security token that belongs to temporary keys (STS). Keys that expire are better left to OSS_CREDENTIALS=chain.',
      zh: '临时密钥（STS）附带的安全令牌。会过期的密钥建议交由 OSS_CREDENTIALS=chain 处理。',
    },
  },
  OSS_CREDENTIALS: {
    group: 'storage',
    type: 'choice',
    choices: ['keys', 'chain'],
    default: 'keys',
    description: {
      en: 'Where the keys come from: OSS_ACCESS_KEY_ID and its secret, or the standard chain of Alibaba Cloud (ALIBABA_CLOUD_* variables, RRSA/OIDC on ACK, profile files, the RAM role of the ECS instance), renewed before they expire.',
      zh: '密钥来源：keys 为 OSS_ACCESS_KEY_ID 及其密钥；chain 为阿里云标准凭据链（ALIBABA_CLOUD_* 变量、ACK 上的 RRSA/OIDC、配置文件、ECS 实例 RAM 角色），到期前自动刷新。',
    },
  },
  OSS_ADDRESSING: {
    group: 'storage',
    type: 'choice',
    choices: ['virtual', 'path', 'cname'],
    default: 'virtual',
    description: {
      en: 'How requests name the bucket: in the host name (virtual), in the path, or not at all because OSS_ENDPOINT is a custom domain bound to it (cname).',
      zh: '请求中桶的写法：virtual 写在主机名中，path 写在路径中，cname 表示 OSS_ENDPOINT 是绑定到桶的自定义域名。',
    },
  },
  OSS_SERVER_SIDE_ENCRYPTION: {
    group: 'storage',
    type: 'choice',
    choices: ['AES256', 'KMS'],
    example: 'AES256',
    description: {
      en: 'Server-side encryption of the objects. Without it the rule of the bucket applies.',
      zh: '对象的服务端加密方式。未设置时按桶的规则。',
    },
  },
  OSS_KMS_KEY_ID: {
    group: 'storage',
    type: 'text',
    pattern: '^[A-Za-z0-9_-]{1,128}$',
    expected: { en: 'the id of a KMS key', zh: 'KMS 密钥 ID' },
    description: {
      en: 'The KMS key for OSS_SERVER_SIDE_ENCRYPTION=KMS. Without it OSS uses its own.',
      zh: '与 OSS_SERVER_SIDE_ENCRYPTION=KMS 配合的密钥 ID。未设置时使用 OSS 托管密钥。',
    },
  },
  OSS_STORAGE_CLASS: {
    group: 'storage',
    type: 'choice',
    choices: ['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive'],
    example: 'IA',
    description: {
      en: 'Storage class of the objects. Without it that of the bucket; archived objects must be restored before they can be read.',
      zh: '对象的存储类型。未设置时与桶相同；归档类对象需先解冻才能读取。',
    },
  },
  OSS_OBJECT_TAGS: {
    group: 'storage',
    type: 'text',
    example: 'app=community&kind=backup',
    pattern: TAGS,
    expected: {
      en: 'up to 10 tags as name=value&name=value: letters, digits, blanks and + - . _ : /',
      zh: '至多 10 个标签，形如 name=value&name=value：字母、数字、空格与 + - . _ : /',
    },
    description: {
      en: 'Tags for the objects, as lifecycle rules and bills can use them.',
      zh: '对象标签，可用于生命周期规则与账单。',
    },
  },
  RCLONE_REMOTE: {
    group: 'storage',
    type: 'text',
    default: 'oss',
    pattern: '^[A-Za-z0-9_.+@][A-Za-z0-9_.+@ -]*$',
    expected: { en: 'the name of an rclone remote', zh: 'rclone 远端名' },
    description: { en: 'Name of the rclone remote.', zh: 'rclone 远端名。' },
  },
  RCLONE_PATH: {
    group: 'storage',
    type: 'text',
    requiredWhen: WHEN_UPLOADING_WITH_RCLONE,
    example: 'postgres/backups',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'Target path on the rclone remote; on S3 and OSS remotes it begins with the bucket, which must exist.',
      zh: 'rclone 目标路径；对 S3 与 OSS 远端，路径以桶名开头，且桶必须已存在。',
    },
  },
  RESTORE_PG_HOST: {
    group: 'restore',
    type: 'text',
    example: '127.0.0.1',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'The server that restore writes to. Without it: PG_HOST.',
      zh: 'restore 写入的服务器。未设置时取 PG_HOST。',
    },
  },
  RESTORE_PG_PORT: {
    group: 'restore',
    type: 'integer',
    minimum: 1,
    maximum: 65535,
    example: '5432',
    description: { en: 'Its port. Without it: PG_PORT.', zh: '其端口。未设置时取 PG_PORT。' },
  },
  RESTORE_PG_USER: {
    group: 'restore',
    type: 'text',
    example: 'postgres',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'The user that restores, which may create databases: mostly another one than the backup user. Without it: PG_USER.',
      zh: '执行恢复的账号，须可创建数据库，通常不是备份账号。未设置时取 PG_USER。',
    },
  },
  RESTORE_PG_PASSWORD: {
    group: 'restore',
    type: 'text',
    secret: true,
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'Password of that user. Without it: PGPASSWORD where the server and the user are the same ones, else PGPASSFILE or ~/.pgpass.',
      zh: '该账号的密码。未设置时：服务器与账号均相同则用 PGPASSWORD，否则由 PGPASSFILE 或 ~/.pgpass 提供。',
    },
  },
  DRILL_PG_HOST: {
    group: 'restore',
    type: 'text',
    example: 'drill-db',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'A server on which drills may make a scratch database. Without it a drill starts a throw-away server of its own.',
      zh: '供演练创建临时数据库的服务器。未设置时，演练自行启动一个用后即弃的服务器。',
    },
  },
  DRILL_PG_PORT: {
    group: 'restore',
    type: 'integer',
    default: '5432',
    minimum: 1,
    maximum: 65535,
    description: { en: 'The port of DRILL_PG_HOST.', zh: 'DRILL_PG_HOST 的端口。' },
  },
  DRILL_PG_USER: {
    group: 'restore',
    type: 'text',
    example: 'drill',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'The user on DRILL_PG_HOST; it needs the right to create databases.',
      zh: 'DRILL_PG_HOST 上的账号，须可创建数据库。',
    },
  },
  DRILL_PG_PASSWORD: {
    group: 'restore',
    type: 'text',
    secret: true,
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'Password of that user. Without it libpq looks into PGPASSFILE or ~/.pgpass.',
      zh: '该账号的密码。未设置时由 libpq 读取 PGPASSFILE 或 ~/.pgpass。',
    },
  },
  DRILL_PG_BIN_DIR: {
    group: 'restore',
    type: 'text',
    example: '/usr/lib/postgresql/17/bin',
    pattern: FILE_PATH,
    expected: FILE_PATH_EXPECTED,
    description: {
      en: 'Directory of initdb and postgres for throw-away servers. Without it the installed majors are searched, and the smallest that is not older than the source is taken.',
      zh: '用后即弃服务器所用 initdb 与 postgres 的目录。未设置时查找已安装的主版本，选用不低于源库的最小版本。',
    },
  },
  DRILL_DIRECTORY: {
    group: 'restore',
    type: 'text',
    example: '/var/tmp',
    pattern: FILE_PATH,
    expected: FILE_PATH_EXPECTED,
    description: {
      en: 'Where a throw-away server keeps its files; needs room for the restored database. Without it: TMPDIR.',
      zh: '用后即弃服务器的文件所在目录，需容得下恢复后的数据库。未设置时取 TMPDIR。',
    },
  },
  REPORT_HOST: {
    group: 'server',
    type: 'text',
    default: '0.0.0.0',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'The address on which the serve command listens.',
      zh: 'serve 命令监听的地址。',
    },
  },
  REPORT_PORT: {
    group: 'server',
    type: 'integer',
    default: '8080',
    minimum: 1,
    maximum: 65535,
    description: { en: 'The port on which the serve command listens.', zh: 'serve 命令监听的端口。' },
  },
  REPORT_TOKEN: {
    group: 'server',
    type: 'text',
    secret: true,
    pattern: '^[\\u0021-\\u007e]{16,256}$',
    expected: {
      en: '16 to 256 letters, digits or signs without blanks',
      zh: '16 至 256 个字母、数字或符号，不含空白',
    },
    description: {
      en: 'Whoever asks the report server must know it: as a Bearer token, or as the password of any user in a browser. The probes /livez and /readyz answer without it. Without it: everybody may ask.',
      zh: '访问报表服务所需的令牌：作为 Bearer 令牌，或在浏览器中作为任意用户名的密码。探针 /livez 与 /readyz 不需要令牌。未设置则任何人都可访问。',
    },
  },
  REPORT_ALLOWED_HOSTS: {
    group: 'server',
    type: 'words',
    example: 'backups.example.com',
    pattern: '^[^,/]*$',
    expected: { en: 'host names with blanks between them', zh: '以空格分隔的主机名' },
    description: {
      en: 'The names, without a port, under which the report server may be asked; protects against DNS rebinding. Without it: any name.',
      zh: '允许用来访问报表服务的主机名（不含端口），防止 DNS 重绑定。未设置则不限。',
    },
  },
  REPORT_SOURCE: {
    group: 'server',
    type: 'text',
    example: 'oss://your-oss-bucket/postgres/reports',
    pattern:
      '^oss://[a-z0-9][a-z0-9-]{1,61}[a-z0-9](?!.*(/\\.\\.?(/|$)|//|\\\\))(/[^\\u0000-\\u001f\\u007f]{0,500})?$',
    expected: {
      en: 'oss://bucket/prefix without "..", or empty parts',
      zh: 'oss://桶名/前缀，不含 ".." 与空段',
    },
    description: {
      en: 'Where backups and drills also put their reports and records, and where the serve command reads them, so that they share no volume. Reached with the OSS_* endpoint and keys, also with BACKUP_MODE=local. Without it: the volume alone.',
      zh: '备份与演练同时存放报表与记录之处，serve 命令也从此处读取，因此无需共享卷。使用 OSS_* 的端点与密钥访问，BACKUP_MODE=local 时亦然。未设置则仅用卷。',
    },
  },
  BASE_PATH: {
    group: 'server',
    type: 'text',
    example: '/backups',
    pattern: BASE_PATH,
    expected: {
      en: 'a path such as /backups, without "..", that is none of the server\'s own, such as /api or /runs',
      zh: '形如 /backups 的路径，不含 ".."，且不是服务自身的路径（如 /api、/runs）',
    },
    description: {
      en: 'The path below which a proxy shows the report server, whether the proxy takes it away from requests or not.',
      zh: '反向代理对外提供报表服务的路径前缀，无论代理是否去掉该前缀。',
    },
  },
  BACKUP_ENV_FILE: {
    group: 'program',
    type: 'text',
    example: '/etc/db-backup.env',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'A file of KEY=value lines, read as a shell reads plain assignments. What it sets wins over the environment. A directory: each file NAME.env in it is a target of its own, called NAME.',
      zh: 'KEY=value 格式的配置文件，按 shell 普通赋值读取。其中的值优先于环境变量。若为目录，则其中每个 NAME.env 文件是一个名为 NAME 的独立目标。',
    },
  },
  BACKUP_LOG_FORMAT: {
    group: 'program',
    type: 'choice',
    choices: ['auto', 'pretty', 'json'],
    default: 'auto',
    description: {
      en: 'Log lines: readable (pretty), JSON, or auto: readable on a terminal and JSON elsewhere.',
      zh: '日志格式：pretty 便于阅读，json 为 JSON 行，auto 则在终端用前者、其他场合用后者。',
    },
  },
  BACKUP_LANG: {
    group: 'program',
    type: 'choice',
    choices: ['en', 'zh'],
    example: 'zh',
    description: {
      en: 'Language of messages. Without it: Chinese where LC_ALL, LC_MESSAGES or LANG says zh, else English.',
      zh: '消息语言。未设置时：LC_ALL、LC_MESSAGES 或 LANG 为 zh 则用中文，否则用英文。',
    },
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

type Value<S> = S extends { secret: true }
  ? Secret
  : S extends { type: 'integer' }
    ? number
    : S extends { type: 'boolean' }
      ? boolean
      : S extends { type: 'words' }
        ? readonly string[]
        : S extends { choices: readonly (infer Choice)[] }
          ? Choice
          : string;

/** The checked settings of one invocation, by their names in the environment. */
export type Settings = {
  readonly [Name in SettingName]:
    | Value<(typeof SETTINGS)[Name]>
    | ((typeof SETTINGS)[Name] extends { required: true } | { default: string } ? never : undefined);
};

/** The table's entry, without the narrow literal types that only `Settings` needs. */
export function settingOf(name: SettingName): Setting {
  return SETTINGS[name];
}
