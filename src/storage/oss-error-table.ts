import type { Text } from '../language.ts';
import { CONNECTION_ERRORS } from './connection-faults.ts';

export interface OssErrorMeaning {
  readonly meaning: Text;
  readonly remedy: Text;
}

const CHECK_KEYS: Text = {
  en: 'Check OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET: one pair, not disabled, copied whole.',
  zh: '检查 OSS_ACCESS_KEY_ID 与 OSS_ACCESS_KEY_SECRET：须为同一对、未被禁用且复制完整。',
};
const RENEW_TOKEN: Text = {
  en: 'Put in new temporary keys with their OSS_SECURITY_TOKEN, or let OSS_CREDENTIALS=chain renew them.',
  zh: '换用新的临时密钥及其 OSS_SECURITY_TOKEN，或设 OSS_CREDENTIALS=chain 由程序自动刷新。',
};
const PAY: Text = {
  en: 'Pay what is due in the Alibaba Cloud console; data of an account in arrears is deleted after a while.',
  zh: '请在阿里云控制台结清欠费；长期欠费账号的数据会被删除。',
};
const ASK_ALIBABA: Text = {
  en: 'Look into the messages of the Alibaba Cloud console, or ask its support with the RequestId.',
  zh: '查看阿里云控制台的消息，或携 RequestId 联系阿里云支持。',
};
const CHECK_BUCKET: Text = {
  en: 'Check OSS_BUCKET and OSS_ENDPOINT: the bucket must exist, in the region of the endpoint.',
  zh: '检查 OSS_BUCKET 与 OSS_ENDPOINT：桶须存在，且位于端点所在区域。',
};
const CHECK_PREFIX: Text = { en: 'Check OSS_PREFIX.', zh: '检查 OSS_PREFIX。' };
const CHECK_KMS: Text = {
  en: 'Check OSS_KMS_KEY_ID (or the rule of the bucket): KMS must be activated, the key enabled, and the RAM user allowed to use it.',
  zh: '检查 OSS_KMS_KEY_ID（或桶的加密规则）：须已开通 KMS、密钥已启用且 RAM 用户有权使用。',
};
const TRY_LATER: Text = {
  en: 'It passes: try again later; ask the support of Alibaba Cloud with the RequestId where it does not.',
  zh: '属暂时性故障，请稍后重试；若持续出现，请携 RequestId 联系阿里云支持。',
};
const SEND_LESS: Text = {
  en: 'Spread the backups over more time, or ask the support of Alibaba Cloud for a higher limit.',
  zh: '错开各备份的时间，或联系阿里云支持提高限额。',
};
const SEND_AGAIN: Text = {
  en: 'The upload begins anew with the next run; look at the network where it happens again.',
  zh: '下次运行会重新上传；若反复出现，请检查网络。',
};
const REPORT_BUG: Text = {
  en: 'This program asked for something that OSS does not take: please report it with the log.',
  zh: '本程序发出了 OSS 不接受的请求：请附上日志反馈。',
};

function entry(en: string, zh: string, remedy: Text): OssErrorMeaning {
  return { meaning: { en, zh }, remedy };
}

/** What the codes of OSS, and ours for the way to it, mean and what to do about them. Codes and EC: help.aliyun.com/zh/oss/support, "HTTP status code 4xx/5xx". */
export const OSS_ERRORS: Readonly<Record<string, OssErrorMeaning>> = {
  AccessDenied: entry('the key may not do this', '密钥无此权限', {
    en: 'Give the RAM user the rights of docs/oss.md: oss:PutObject, oss:GetObject and oss:AbortMultipartUpload below OSS_PREFIX, oss:ListObjects for it, with tags oss:PutObjectTagging, to remove oss:DeleteObject. Look at the policy of the bucket, the rights to the KMS key, and the region of OSS_ENDPOINT, too.',
    zh: '按 docs/oss.zh-CN.md 为 RAM 用户授权：OSS_PREFIX 下的 oss:PutObject、oss:GetObject、oss:AbortMultipartUpload，列举用 oss:ListObjects，打标签用 oss:PutObjectTagging，删除用 oss:DeleteObject。另请检查桶策略、KMS 密钥权限与 OSS_ENDPOINT 所在区域。',
  }),
  PublicEndpointForbidden: entry(
    'this account may not reach data through the public endpoint of a mainland region',
    '该账号不能通过中国内地区域的公网端点访问数据',
    {
      en: 'Inside Alibaba Cloud use the -internal endpoint; elsewhere bind a domain to the bucket, and set OSS_ENDPOINT to it with OSS_ADDRESSING=cname and OSS_REGION.',
      zh: '在阿里云内请用 -internal 内网端点；在外部请为桶绑定自定义域名，将 OSS_ENDPOINT 设为该域名，并设置 OSS_ADDRESSING=cname 与 OSS_REGION。',
    },
  ),
  SecondLevelDomainForbidden: entry('OSS does not take path style', 'OSS 不接受路径风格的请求', {
    en: 'Set OSS_ADDRESSING=virtual.',
    zh: '请设置 OSS_ADDRESSING=virtual。',
  }),
  CnameDenied: entry('the domain belongs to another bucket', '该域名绑定在其他桶上', {
    en: 'Bind the domain of OSS_ENDPOINT to OSS_BUCKET.',
    zh: '请将 OSS_ENDPOINT 的域名绑定到 OSS_BUCKET。',
  }),
  InvalidAccessKeyId: entry('OSS does not know the key', 'OSS 不认识该密钥', CHECK_KEYS),
  SignatureDoesNotMatch: entry('the secret does not belong to the key', '密钥与签名不符', CHECK_KEYS),
  InvalidSecurityToken: entry('the security token is not valid', '安全令牌无效', RENEW_TOKEN),
  SecurityTokenExpired: entry('the security token has expired', '安全令牌已过期', RENEW_TOKEN),
  AccessKeyIdAndSecurityTokenNotMatch: entry(
    'key and security token do not belong together',
    '密钥与安全令牌不匹配',
    RENEW_TOKEN,
  ),
  RequestTimeTooSkewed: entry('the clock here is more than 15 minutes off', '本机时钟偏差超过 15 分钟', {
    en: 'Set the clock of this host, by NTP for example.',
    zh: '请校准本机时钟，例如使用 NTP。',
  }),
  UserDisable: entry('the account is disabled, most often for unpaid bills', '账号已停用，多因欠费', PAY),
  InDebt: entry('the account has unpaid bills', '账号欠费', PAY),
  InDebtOverdue: entry('the account has bills that are overdue', '账号欠费逾期', PAY),
  AbnormalBucketOwnerStatus: entry('the account of the bucket is blocked', '桶所属账号状态异常', ASK_ALIBABA),
  BucketDisable: entry('the bucket is disabled', '桶已被停用', ASK_ALIBABA),
  NoSuchBucket: entry('there is no such bucket', '桶不存在', CHECK_BUCKET),
  InvalidBucketName: entry('that is no name of a bucket', '桶名不合规', CHECK_BUCKET),
  NoSuchKey: entry('there is no such object', '对象不存在', {
    en: 'See what is there: pg-backup list',
    zh: '可查看现有内容：pg-backup list',
  }),
  InvalidObjectName: entry('OSS does not take the name of the object', 'OSS 不接受该对象名', CHECK_PREFIX),
  InvalidObjectState: entry('the object is archived and must be restored first', '对象为归档类型，需先解冻', {
    en: 'Restore the object in the OSS console, and try again when that has ended.',
    zh: '请在 OSS 控制台解冻该对象，完成后重试。',
  }),
  InvalidRange: entry('the object is shorter than that', '对象没有该范围的内容', REPORT_BUG),
  FileAlreadyExists: entry('an object of that name exists', '同名对象已存在', CHECK_PREFIX),
  FileImmutable: entry('a retention rule (WORM) protects the object', '对象受保留策略（WORM）保护', {
    en: 'Nothing to do: it can be removed or replaced when the rule ends.',
    zh: '无需处理：保留期结束后即可删除或替换。',
  }),
  NoSuchUpload: entry(
    'the multipart upload was aborted or completed',
    '分片上传已被中止或已完成',
    SEND_AGAIN,
  ),
  InvalidPart: entry('a part is missing or not what was sent', '分片缺失或与发送内容不符', SEND_AGAIN),
  InvalidPartOrder: entry('the parts are not in order', '分片顺序有误', REPORT_BUG),
  InvalidDigest: entry(
    'what arrived is not what was sent (MD5)',
    '到达的数据与发送的不符（MD5）',
    SEND_AGAIN,
  ),
  EntityTooLarge: entry('the object is larger than OSS takes', '对象超过 OSS 允许的大小', {
    en: 'Compress more (BACKUP_COMPRESS), or leave tables out; OSS takes objects of up to 48.8 TB.',
    zh: '提高压缩率（BACKUP_COMPRESS）或排除部分表；OSS 单个对象上限为 48.8 TB。',
  }),
  EntityTooSmall: entry('a part is smaller than OSS takes', '分片小于 OSS 允许的大小', REPORT_BUG),
  InvalidArgument: entry('OSS does not take a value', 'OSS 不接受某个参数', {
    en: 'Check the OSS_* settings (region, storage class, encryption, tags); the EC tells which: https://api.aliyun.com/troubleshoot',
    zh: '检查 OSS_* 配置（区域、存储类型、加密、标签）；可凭 EC 在 https://api.aliyun.com/troubleshoot 查询原因。',
  }),
  InvalidTag: entry('OSS does not take the tags', 'OSS 不接受这些标签', {
    en: 'Check OSS_OBJECT_TAGS.',
    zh: '检查 OSS_OBJECT_TAGS。',
  }),
  InvalidEncryptionAlgorithmError: entry('OSS does not take the encryption', 'OSS 不接受该加密方式', {
    en: 'Check OSS_SERVER_SIDE_ENCRYPTION and OSS_KMS_KEY_ID.',
    zh: '检查 OSS_SERVER_SIDE_ENCRYPTION 与 OSS_KMS_KEY_ID。',
  }),
  KmsServiceNotEnabled: entry('KMS is not activated in the account', '账号未开通 KMS', CHECK_KMS),
  MalformedXML: entry('OSS does not understand the request', 'OSS 无法解析请求', REPORT_BUG),
  MissingContentLength: entry('the request does not tell its length', '请求缺少长度', REPORT_BUG),
  NotImplemented: entry('the server does not offer this', '服务端不支持该功能', {
    en: 'Check that OSS_ENDPOINT is one of Alibaba Cloud OSS, and the options that are set by OSS_* settings.',
    zh: '确认 OSS_ENDPOINT 为阿里云 OSS 端点，并检查 OSS_* 配置所启用的选项。',
  }),
  QpsLimitExceeded: entry('too many requests', '请求过于频繁', SEND_LESS),
  TotalQpsLimitExceeded: entry('too many requests of the account', '账号请求过于频繁', SEND_LESS),
  UploadTrafficRateLimitExceeded: entry('too much upload traffic', '上传流量超限', SEND_LESS),
  DownloadTrafficRateLimitExceeded: entry('too much download traffic', '下载流量超限', SEND_LESS),
  RequestTimeout: entry('the data came too slowly', '数据传输过慢', SEND_AGAIN),
  InternalError: entry('OSS failed inside', 'OSS 内部错误', TRY_LATER),
  ServiceUnavailable: entry('OSS is overloaded', 'OSS 繁忙', TRY_LATER),
  ...CONNECTION_ERRORS,
};

/** Finer than the code: the EC, or its beginning, where it tells more. */
export const OSS_ERRORS_BY_EC: Readonly<Record<string, OssErrorMeaning>> = {
  '0002-00000226': entry('the request is signed for another region', '请求的签名区域不符', {
    en: 'Set OSS_REGION to the region of the bucket.',
    zh: '请将 OSS_REGION 设为桶所在区域。',
  }),
  '0005-': entry('the encryption with KMS failed', 'KMS 加密失败', CHECK_KMS),
};

export const UNKNOWN_OSS_ERROR: OssErrorMeaning = entry('OSS did not do it', 'OSS 未执行该请求', {
  en: 'Check the OSS_* settings, the endpoint and the network; the EC explains more: https://api.aliyun.com/troubleshoot',
  zh: '检查 OSS_* 配置、端点与网络；可凭 EC 在 https://api.aliyun.com/troubleshoot 查询原因。',
});
