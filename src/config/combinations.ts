import type { Text } from '../language.ts';
import type { SettingName } from './settings.ts';

type Written = Readonly<Partial<Record<SettingName, string>>>;

interface Rule {
  readonly name: SettingName;
  readonly isBroken: (written: Written) => boolean;
  readonly expected: Text;
}

/** What no single setting can tell: returns the settings to correct, and what is expected of each. */
export function brokenCombinations(written: Written): { name: SettingName; expected: Text }[] {
  const broken = RULES.filter(({ isBroken }) => isBroken(written));
  return [...new Map(broken.map((rule) => [rule.name, rule])).values()];
}

/** The region that an OSS endpoint names, if it does: `oss-cn-hangzhou[-internal].aliyuncs.com`. */
export function regionOfEndpoint(endpoint: string): string | undefined {
  return /(?:^|[/.])oss-((?!accelerate)[a-z]{2,}(?:-[a-z0-9]+)*?)(?:-internal)?\.aliyuncs\.com/.exec(
    endpoint,
  )?.[1];
}

const NOT_FOR_RCLONE: readonly SettingName[] = [
  'OSS_SERVER_SIDE_ENCRYPTION',
  'OSS_STORAGE_CLASS',
  'OSS_OBJECT_TAGS',
];

const NEEDED_FOR_REPORTS: readonly SettingName[] = [
  'OSS_ENDPOINT',
  'OSS_ACCESS_KEY_ID',
  'OSS_ACCESS_KEY_SECRET',
];

const CHANNEL_SECRETS: readonly (readonly [SettingName, SettingName])[] = [
  ['NOTIFY_DINGTALK_URL', 'NOTIFY_DINGTALK_SECRET'],
  ['NOTIFY_FEISHU_URL', 'NOTIFY_FEISHU_SECRET'],
  ['NOTIFY_WEBHOOK_URL', 'NOTIFY_WEBHOOK_SECRET'],
  // What is not signed may come from anybody.
  ['NOTIFY_WEBHOOK_SECRET', 'NOTIFY_WEBHOOK_URL'],
  ['NOTIFY_EMAIL_FROM', 'NOTIFY_SMTP_URL'],
  ['NOTIFY_EMAIL_TO', 'NOTIFY_SMTP_URL'],
  ['NOTIFY_SMTP_URL', 'NOTIFY_EMAIL_FROM'],
  ['NOTIFY_SMTP_URL', 'NOTIFY_EMAIL_TO'],
];

const RULES: readonly Rule[] = [
  {
    name: 'PG_DATABASE',
    isBroken: (written) => has(written, 'PG_DATABASE') === has(written, 'PG_DATABASES'),
    expected: {
      en: 'the name of a database, or PG_DATABASES instead of it, one of the two (community)',
      zh: '数据库名，或改用 PG_DATABASES，二者取一（community）',
    },
  },
  {
    name: 'PG_EXCLUDE_DATABASES',
    isBroken: (written) => has(written, 'PG_EXCLUDE_DATABASES') && written.PG_DATABASES !== '*',
    expected: {
      en: 'no value unless PG_DATABASES=*, because otherwise the names are given',
      zh: '留空：仅在 PG_DATABASES=* 时有用',
    },
  },
  {
    name: 'PG_DATABASES',
    isBroken: ({ PG_DATABASES = '' }) => PG_DATABASES !== '*' && PG_DATABASES.split(/\s+/).includes('*'),
    expected: { en: '* alone, or names', zh: '单独一个 *，或库名列表' },
  },
  {
    name: 'RETENTION_KEEP',
    isBroken: ({ RETENTION_KEEP = '' }) => hasRepetition(RETENTION_KEEP.split(',')),
    expected: { en: 'each rule once', zh: '每条规则只写一次' },
  },
  {
    name: 'REMOTE_RETENTION_KEEP',
    isBroken: ({ REMOTE_RETENTION_KEEP = '' }) => hasRepetition(REMOTE_RETENTION_KEEP.split(',')),
    expected: { en: 'each rule once', zh: '每条规则只写一次' },
  },
  {
    name: 'REMOTE_RETENTION_DAYS',
    isBroken: (written) => has(written, 'REMOTE_RETENTION_KEEP') && !has(written, 'REMOTE_RETENTION_DAYS'),
    expected: {
      en: 'a number of days, because REMOTE_RETENTION_KEEP alone removes nothing',
      zh: '天数，因为仅有 REMOTE_RETENTION_KEEP 不会清理任何内容',
    },
  },
  {
    name: 'BACKUP_ENCRYPTION',
    isBroken: (written) => !encrypts(written) && has(written, 'BACKUP_ENCRYPTION_RECIPIENTS'),
    expected: {
      en: 'age or gpg, because BACKUP_ENCRYPTION_RECIPIENTS is set and nothing would be encrypted',
      zh: ' age 或 gpg，因为设置了 BACKUP_ENCRYPTION_RECIPIENTS，而此时不会加密任何内容',
    },
  },
  {
    name: 'BACKUP_ENCRYPTION_RECIPIENTS',
    isBroken: (written) =>
      encrypts(written) &&
      has(written, 'BACKUP_ENCRYPTION_RECIPIENTS') === has(written, 'BACKUP_ENCRYPTION_PASSPHRASE'),
    expected: {
      en: 'recipients or BACKUP_ENCRYPTION_PASSPHRASE, one of the two, because BACKUP_ENCRYPTION is set',
      zh: '接收者或 BACKUP_ENCRYPTION_PASSPHRASE，二者取一，因为设置了 BACKUP_ENCRYPTION',
    },
  },
  {
    name: 'DRILL_PG_USER',
    isBroken: (written) => has(written, 'DRILL_PG_HOST') && !has(written, 'DRILL_PG_USER'),
    expected: { en: 'a user, because DRILL_PG_HOST is set', zh: '账号，因为设置了 DRILL_PG_HOST' },
  },
  {
    name: 'DRILL_PG_HOST',
    isBroken: (written) =>
      !has(written, 'DRILL_PG_HOST') && (has(written, 'DRILL_PG_USER') || has(written, 'DRILL_PG_PASSWORD')),
    expected: {
      en: 'a host, because DRILL_PG_USER or DRILL_PG_PASSWORD is set and a throw-away server needs neither',
      zh: '主机，因为设置了 DRILL_PG_USER 或 DRILL_PG_PASSWORD，而用后即弃的服务器不需要它们',
    },
  },
  ...CHANNEL_SECRETS.map(([name, other]) => ({
    name,
    isBroken: (written: Written) => !has(written, name) && has(written, other),
    expected: { en: `a value, because ${other} is set`, zh: `取值，因为设置了 ${other}` },
  })),
  {
    name: 'OSS_SERVER_SIDE_ENCRYPTION',
    isBroken: (written) => has(written, 'OSS_KMS_KEY_ID') && written.OSS_SERVER_SIDE_ENCRYPTION !== 'KMS',
    expected: { en: 'KMS, because OSS_KMS_KEY_ID is set', zh: ' KMS，因为设置了 OSS_KMS_KEY_ID' },
  },
  ...NOT_FOR_RCLONE.map((name) => ({
    name,
    isBroken: (written: Written) => uploadsWith(written, 'rclone') && has(written, name),
    expected: {
      en: 'no value with BACKUP_UPLOAD_TOOL=rclone: set it in the options of the rclone remote',
      zh: '留空：BACKUP_UPLOAD_TOOL=rclone 时请在 rclone 远端自己的选项中设置',
    },
  })),
  {
    name: 'OSS_OBJECT_TAGS',
    isBroken: ({ OSS_OBJECT_TAGS = '' }) => hasRepetition(OSS_OBJECT_TAGS.split('&')),
    expected: { en: 'each tag name once', zh: '每个标签名只写一次' },
  },
  {
    name: 'OSS_ENDPOINT',
    isBroken: (written) =>
      uploadsToOss(written) &&
      written.OSS_ADDRESSING !== 'cname' &&
      hostOf(written).startsWith(`${written.OSS_BUCKET}.oss-`),
    expected: {
      en: 'the endpoint of the region, without the bucket in front',
      zh: '区域端点，前面不带桶名',
    },
  },
  {
    name: 'OSS_ADDRESSING',
    isBroken: (written) =>
      uploadsToOss(written) &&
      written.OSS_ADDRESSING === 'cname' &&
      /^oss-[a-z0-9-]+\.aliyuncs\.com/.test(hostOf(written)),
    expected: {
      en: 'virtual, because OSS_ENDPOINT is no custom domain of the bucket',
      zh: ' virtual，因为 OSS_ENDPOINT 不是绑定到桶的自定义域名',
    },
  },
  ...NEEDED_FOR_REPORTS.map((name) => ({
    name,
    isBroken: (written: Written) =>
      has(written, 'REPORT_SOURCE') &&
      !uploadsToOss(written) &&
      !has(written, name) &&
      isNeeded(written, name),
    expected: { en: 'a value, because REPORT_SOURCE is set', zh: '取值，因为设置了 REPORT_SOURCE' },
  })),
  {
    name: 'REPORT_SOURCE',
    isBroken: ({ REPORT_SOURCE, OSS_ADDRESSING, OSS_BUCKET }) =>
      OSS_ADDRESSING === 'cname' &&
      REPORT_SOURCE !== undefined &&
      OSS_BUCKET !== undefined &&
      !`${REPORT_SOURCE}/`.startsWith(`oss://${OSS_BUCKET}/`),
    expected: {
      en: 'the bucket of OSS_BUCKET, because OSS_ADDRESSING=cname leads to that one only',
      zh: '与 OSS_BUCKET 相同的桶，因为 OSS_ADDRESSING=cname 只能访问该桶',
    },
  },
  {
    name: 'OSS_REGION',
    isBroken: (written) =>
      (uploadsToOss(written) || has(written, 'REPORT_SOURCE')) &&
      has(written, 'OSS_ENDPOINT') &&
      !fitsRegion(written),
    // Signatures of version 4 name the region.
    expected: {
      en: 'the region of the bucket (cn-hangzhou), which OSS_ENDPOINT does not name or names otherwise',
      zh: '桶所在区域（如 cn-hangzhou）；OSS_ENDPOINT 中没有，或与之不符',
    },
  },
];

function has(written: Written, name: SettingName): boolean {
  return written[name] !== undefined;
}

function isNeeded({ OSS_CREDENTIALS }: Written, name: SettingName): boolean {
  return name === 'OSS_ENDPOINT' || OSS_CREDENTIALS === 'keys';
}

function encrypts({ BACKUP_ENCRYPTION }: Written): boolean {
  return BACKUP_ENCRYPTION === 'age' || BACKUP_ENCRYPTION === 'gpg';
}

function uploadsWith(written: Written, tool: string): boolean {
  return written.BACKUP_MODE !== 'local' && written.BACKUP_UPLOAD_TOOL === tool;
}

function uploadsToOss(written: Written): boolean {
  return uploadsWith(written, 'ossutil') || uploadsWith(written, 'sdk');
}

function hostOf({ OSS_ENDPOINT = '' }: Written): string {
  return OSS_ENDPOINT.replace(/^https?:\/\//, '');
}

function fitsRegion({ OSS_ENDPOINT = '', OSS_REGION }: Written): boolean {
  const named = regionOfEndpoint(OSS_ENDPOINT);
  return OSS_REGION === undefined ? named !== undefined : named === undefined || named === OSS_REGION;
}

/** Whether two of the assignments `name=value` have one name. */
function hasRepetition(assignments: readonly string[]): boolean {
  const names = assignments.map((assignment) => assignment.split('=', 1)[0]);
  return new Set(names).size < names.length;
}
