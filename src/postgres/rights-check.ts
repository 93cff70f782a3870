import type { Check } from '../check.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteIdentifier } from './identifier.ts';
import { type MissingRight, missingRights, type RightKind, silentOmissions } from './permissions.ts';
import type { Session } from './session.ts';

const NAMED = 20;
/** From it on there is a role that may read every table and sequence, also those of tomorrow. */
const READ_ALL_MAJOR = 14;

export interface RightsOptions {
  readonly user: string;
  readonly major: number;
  /** What PG_DUMP_EXTRA_OPTS leaves out of the dump, as `checkDumpOptions` tells it. */
  readonly leavesOut: readonly string[];
}

/** Each right that the dump lacks with its statement, and what gives many of them at once; then what a dump of this user silently leaves out. */
export async function checkRights(session: Session, options: RightsOptions): Promise<Check[]> {
  const leavesOutObjects = options.leavesOut.some((option) => /^(-T|-N|--exclude-)/.test(option));
  const missing = (await missingRights(session)).filter(
    ({ kind }) =>
      kind !== 'large object' || !options.leavesOut.some((option) => NO_LARGE_OBJECTS.test(option)),
  );
  const state = leavesOutObjects ? 'warning' : 'bad';
  const checks = missing.slice(0, NAMED).map(
    ({ kind, object, remedy }): Check => ({
      id: 'rights',
      state,
      text: fillIn(leavesOutObjects ? MISSING_PERHAPS : MISSING, { right: RIGHTS[kind], object }),
      remedy,
    }),
  );
  if (missing.length === 0) {
    checks.push({ id: 'rights', state: 'good', text: fillIn(ENOUGH, { user: options.user }) });
  }
  const summary = missing.length > 1 ? [summarise(missing, state, options)] : [];
  return [...summary, ...checks, ...(await checkOmissions(session, options))];
}

/** How many there are, and what gives as many of them as can be given at once. */
function summarise(
  missing: readonly MissingRight[],
  state: Check['state'],
  { user, major }: RightsOptions,
): Check {
  const role = quoteIdentifier(user);
  const count = (kinds: readonly RightKind[]): number =>
    missing.filter(({ kind }) => kinds.includes(kind)).length;
  const remedies = [
    major >= READ_ALL_MAJOR &&
      count(['schema', 'table', 'sequence']) > 1 &&
      `GRANT pg_read_all_data TO ${role};`,
    count(['large object']) > 1 && grantLargeObjects(role),
    count(['rows']) > 0 && `ALTER ROLE ${role} BYPASSRLS;`,
  ].filter((remedy) => remedy !== false);
  const text = fillIn(missing.length > NAMED ? LACKS_MANY : LACKS, {
    ...{ user, count: missing.length, named: NAMED },
  });
  return { id: 'rights', state, text, ...(remedies.length > 0 ? { remedy: remedies.join(' ') } : {}) };
}

/** No role of the server's may read them all. */
function grantLargeObjects(role: string): string {
  const grant = `format('GRANT SELECT ON LARGE OBJECT %s TO %s', number, ${literal(role)})`;
  return `DO ${literal(`DECLARE number oid; BEGIN FOR number IN SELECT oid FROM pg_largeobject_metadata LOOP EXECUTE ${grant}; END LOOP; END`)};`;
}

/** In dollars, which need no doubling. */
function literal(text: string): string {
  let tag = '$$';
  for (let number = 1; text.includes(tag); number += 1) tag = `$q${number}$`;
  return `${tag}${text}${tag}`;
}

async function checkOmissions(session: Session, { leavesOut, user }: RightsOptions): Promise<Check[]> {
  const { subscriptions, userMappings } = await silentOmissions(session);
  const tell = (text: Text, names: readonly string[]): Check[] =>
    names.length === 0
      ? []
      : [
          {
            id: 'omissions',
            state: 'warning',
            text: fillIn(text, { names: names.slice(0, NAMED).join(', '), count: names.length }),
            remedy: fillIn(SUPERUSER, { sql: `ALTER ROLE ${quoteIdentifier(user)} SUPERUSER;` }),
          },
        ];
  return [
    ...tell(SUBSCRIPTIONS, leavesOut.includes('--no-subscriptions') ? [] : subscriptions),
    ...tell(USER_MAPPINGS, userMappings),
  ];
}

const NO_LARGE_OBJECTS = /^(-B|--no-blobs|--no-large-objects)$/;

const RIGHTS: Readonly<Record<RightKind, Text>> = {
  schema: { en: 'USAGE', zh: 'USAGE' },
  table: { en: 'SELECT', zh: 'SELECT' },
  sequence: { en: 'SELECT', zh: 'SELECT' },
  rows: { en: 'every row', zh: '读取全部行' },
  'large object': { en: 'SELECT', zh: 'SELECT' },
};

const ENOUGH: Text = {
  en: '"{user}" may read everything that is dumped',
  zh: '"{user}" 可读取需要转储的全部内容',
};
const MISSING: Text = { en: 'no right to {object} ({right})', zh: '缺少对 {object} 的权限（{right}）' };
const MISSING_PERHAPS: Text = {
  en: 'no right to {object} ({right}): the dump fails unless PG_DUMP_EXTRA_OPTS leaves it out',
  zh: '缺少对 {object} 的权限（{right}）：除非 PG_DUMP_EXTRA_OPTS 将其排除，否则转储会失败',
};
const LACKS: Text = {
  en: '"{user}" lacks {count} rights; a superuser can give many at once, in this database',
  zh: '"{user}" 缺少 {count} 项权限；超级用户可在该数据库中一次性授予多项',
};
const LACKS_MANY: Text = {
  en: '"{user}" lacks {count} rights, of which {named} stand below; a superuser can give many at once, in this database',
  zh: '"{user}" 缺少 {count} 项权限，以下列出 {named} 项；超级用户可在该数据库中一次性授予多项',
};
const SUBSCRIPTIONS: Text = {
  en: 'a dump of this user leaves out subscriptions without an error, because only a superuser may read them: {names}',
  zh: '该账号的转储会静默遗漏订阅，因为只有超级用户可以读取：{names}',
};
const USER_MAPPINGS: Text = {
  en: 'a dump of this user has these user mappings without their options (passwords of foreign servers): {names}',
  zh: '该账号的转储中，以下用户映射不含选项（外部服务器的口令等）：{names}',
};
const SUPERUSER: Text = {
  en: 'keep what creates them elsewhere, or back up as a superuser: {sql}',
  zh: '另行保存其创建语句，或以超级用户备份：{sql}',
};
