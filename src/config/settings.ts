import type { Text } from '../language.ts';
import type { Secret } from '../secret.ts';
import { COMPRESSION_PATTERN } from './compression.ts';

export type SettingType = 'text' | 'integer' | 'boolean' | 'choice' | 'words';
export type SettingGroup = 'database' | 'backup' | 'storage' | 'program';

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
  /** Needed only where other settings have one of these values. */
  readonly requiredWhen?: Readonly<Record<string, readonly string[]>>;
  /** Never shown; may also be given as `NAME_FILE`, the path of a file that holds it. */
  readonly secret?: true;
}

const ONE_LINE = '^[^\\u0000-\\u001f\\u007f]+$';
const ONE_LINE_EXPECTED: Text = { en: 'text on one line', zh: '单行文本' };
const NO_BLANKS = '^[^\\s\\u0000-\\u001f\\u007f]+$';
const NO_BLANKS_EXPECTED: Text = { en: 'text without blanks', zh: '不含空白的文本' };
const WHEN_OSSUTIL_UPLOADS = { BACKUP_MODE: ['oss', 'both'], BACKUP_UPLOAD_TOOL: ['ossutil'] } as const;

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
    required: true,
    example: 'community',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: { en: 'The database to back up.', zh: '需备份的数据库名。' },
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
    pattern: '^/[^\\u0000-\\u001f\\u007f]*$',
    expected: { en: 'an absolute path', zh: '绝对路径' },
    description: {
      en: 'Root of the local backups: data/, reports/, records/ and running/ lie below it.',
      zh: '本地备份根目录：其下有 data/、reports/、records/ 与 running/。',
    },
  },
  BACKUP_LOG_DIR: {
    group: 'backup',
    type: 'text',
    default: '/var/log/db-backup',
    pattern: '^/[^\\u0000-\\u001f\\u007f]*$',
    expected: { en: 'an absolute path', zh: '绝对路径' },
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
  BACKUP_UPLOAD_TOOL: {
    group: 'storage',
    type: 'choice',
    choices: ['ossutil', 'rclone'],
    default: 'ossutil',
    description: { en: 'The tool that uploads.', zh: '上传工具。' },
  },
  OSS_BUCKET: {
    group: 'storage',
    type: 'text',
    requiredWhen: WHEN_OSSUTIL_UPLOADS,
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
    requiredWhen: WHEN_OSSUTIL_UPLOADS,
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
    requiredWhen: WHEN_OSSUTIL_UPLOADS,
    pattern: NO_BLANKS,
    expected: NO_BLANKS_EXPECTED,
    description: { en: 'AccessKey ID of the RAM user.', zh: 'RAM 子账号的 AK。' },
  },
  OSS_ACCESS_KEY_SECRET: {
    group: 'storage',
    type: 'text',
    secret: true,
    requiredWhen: WHEN_OSSUTIL_UPLOADS,
    pattern: NO_BLANKS,
    expected: NO_BLANKS_EXPECTED,
    description: { en: 'AccessKey secret of the RAM user.', zh: 'RAM 子账号的 SK。' },
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
    example: 'postgres/backups',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: { en: 'Target path on the rclone remote.', zh: 'rclone 目标路径。' },
  },
  BACKUP_ENV_FILE: {
    group: 'program',
    type: 'text',
    example: '/etc/db-backup.env',
    pattern: ONE_LINE,
    expected: ONE_LINE_EXPECTED,
    description: {
      en: 'A file of KEY=value lines, read as a shell reads plain assignments. What it sets wins over the environment.',
      zh: 'KEY=value 格式的配置文件，按 shell 普通赋值读取。其中的值优先于环境变量。',
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
