import type { Text } from '../language.ts';
import type { Proof } from '../report/record.ts';

/** What stands in front of each line of a plan. */
export const LABELS = {
  backup: { en: 'backup', zh: '备份' },
  proof: { en: 'proof', zh: '验证' },
  dump: { en: 'dump', zh: '转储' },
  from: { en: 'taken from', zh: '来源' },
  part: { en: 'part', zh: '恢复范围' },
  loose: { en: 'not part of it', zh: '不在范围内' },
  leftOut: { en: 'left out of it', zh: '备份不含' },
  server: { en: 'to server', zh: '目标服务器' },
  client: { en: 'with', zh: '客户端' },
  database: { en: 'to database', zh: '目标库' },
  state: { en: 'which', zh: '状态' },
  encoding: { en: 'encoding', zh: '编码与排序' },
  warning: { en: 'warning', zh: '警告' },
  connected: { en: 'connected now', zh: '当前连接' },
  unfinished: { en: 'unfinished', zh: '未完成的恢复' },
  duration: { en: 'will take', zh: '预计用时' },
  missingRoles: { en: 'missing roles', zh: '缺少的角色' },
  unassignable: { en: 'may not be given to', zh: '无权归于的角色' },
  missingExtensions: { en: 'missing extensions', zh: '缺少的扩展' },
  missingTablespaces: { en: 'missing tablespaces', zh: '缺少的表空间' },
  missingCollation: { en: 'missing collation', zh: '缺少的排序规则' },
  without: { en: 'without', zh: '不恢复' },
  createdRoles: { en: 'roles to create', zh: '将创建的角色' },
  otherRole: { en: 'role differs', zh: '角色不同' },
  roleOmission: { en: 'role will lack', zh: '角色将缺少' },
} as const satisfies Record<string, Text>;

/** How far a backup is proven. */
export const PROOFS: Readonly<Record<Proof, Text>> = {
  none: { en: 'none: it was never read back', zh: '无：从未读回' },
  read: { en: 'read back in full', zh: '已完整读回' },
  stored: { en: 'read back in full, remote copy compared', zh: '已完整读回，远端副本已比对' },
  restored: { en: 'restored by a drill, and its fingerprint matched', zh: '已由演练恢复，指纹一致' },
};

/** What else a plan says. */
export const WORDS = {
  heading: { en: 'Restore plan', zh: '恢复计划' },
  noRecord: {
    en: 'unknown: no record here tells of this backup',
    zh: '未知：此处没有该备份的记录',
  },
  fingerprint: { en: 'fingerprint:', zh: '指纹：' },
  partial: { en: 'partial', zh: '不完整' },
  noFingerprint: { en: 'no fingerprint', zh: '无指纹' },
  unreadableFingerprint: { en: 'its fingerprint cannot be used', zh: '指纹无法使用' },
  databaseOf: { en: 'of a database of', zh: '数据库大小' },
  local: { en: 'here', zh: '本地' },
  remote: { en: 'to be fetched from the store', zh: '需从远端下载' },
  entries: { en: 'entries of its table of contents', zh: '个归档条目' },
  superuser: { en: 'superuser', zh: '超级用户' },
  noSuperuser: { en: 'no superuser', zh: '非超级用户' },
  insecure: {
    en: 'has security holes for crafted archives, fixed in',
    zh: '存在可被恶意归档利用的安全漏洞，修复版本为',
  },
  willBeCreated: {
    en: 'does not exist: it is created under another name and renamed when complete',
    zh: '不存在：先以另一名称创建，完成后更名',
  },
  empty: { en: 'is empty', zh: '为空' },
  filled: { en: 'is NOT empty', zh: '非空' },
  inOneTransaction: {
    en: 'one transaction, all or nothing',
    zh: '单个事务，要么全部成功，要么不变',
  },
  keepsItsOwn: {
    en: 'its own owner, settings, rights and comment stay',
    zh: '库本身的属主、设置、权限与注释保持不变',
  },
  noProvider: {
    en: 'this server does not know that provider: its C library sorts instead',
    zh: '此服务器不支持该提供者：改由其 C 库排序',
  },
  inBackup: { en: 'in the backup', zh: '备份中为' },
  isSource: {
    en: 'this is the very database that the backup was taken from',
    zh: '这正是该备份的来源库',
  },
  unknownDuration: { en: 'unknown: no drill has measured it yet', zh: '未知：尚无演练测得' },
  none: { en: 'none', zh: '无' },
} as const satisfies Record<string, Text>;
