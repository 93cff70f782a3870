import { fillIn, type Text, type TextParameters } from '../language.ts';
import type { RestorePlan } from './plan.ts';
import { isWhole } from './restore-options.ts';

/** Why a restore must not begin, and what to do about it. */
export interface Refusal {
  readonly detail: Text;
  readonly remedy: Text;
}

/** Everything that speaks against a plan, in the order of its weight; pure. */
export function refusalsOf(plan: RestorePlan): Refusal[] {
  return [...aboutDatabase(plan), ...aboutNeeds(plan)];
}

function aboutDatabase(plan: RestorePlan): Refusal[] {
  const { options, target, isSource } = plan;
  const { existing } = target;
  const database = options.to;
  const found: Refusal[] = [];
  if (!existing) {
    if (options.intoExisting) found.push(refuse(NOT_THERE, { database }));
    if (options.part.dataOnly) found.push(refuse(NO_TABLES_YET, { database }));
    if (!target.mayCreateDatabases) found.push(refuse(MAY_NOT_CREATE, { user: plan.access.user }));
    return found;
  }
  if (existing.isTemplate) found.push(refuse(IS_TEMPLATE, { database }));
  if (existing.isEmpty) {
    if (options.part.dataOnly) found.push(refuse(NO_TABLES_YET, { database }));
    return found;
  }
  const isAskedFor = options.intoExisting && (options.clean || !isWhole(options.part));
  if (!isAskedFor) found.push(refuse(options.intoExisting ? NEEDS_CLEAN : NOT_EMPTY, { database }));
  if (isSource && !options.overSource) found.push(refuse(IS_SOURCE, { database }));
  return found;
}

function aboutNeeds({ missing, options, roles, access, target }: RestorePlan): Refusal[] {
  const { noOwner, noPrivileges, noTablespaces, globals } = options;
  const isLacking = (name: string): boolean => !roles?.missing.includes(name);
  const replaceable = [...(noOwner ? [] : missing.owners), ...(noPrivileges ? [] : missing.grantees)];
  const lacking = [...new Set(replaceable)].filter(isLacking).sort();
  const indispensable = missing.otherRoles.filter(isLacking);
  const found: Refusal[] = [];
  if (globals && !roles) found.push(refuse(NO_GLOBALS, {}));
  if (missing.extensions.length > 0)
    found.push(refuse(NO_EXTENSIONS, { names: missing.extensions.join(', ') }));
  if (lacking.length > 0) found.push(refuse(NO_ROLES, { names: lacking.join(', ') }));
  if (indispensable.length > 0) found.push(refuse(NO_ROLES_AT_ALL, { names: indispensable.join(', ') }));
  // Whoever creates a role is no member of it.
  const created = target.isSuperuser ? [] : missing.owners.filter((name) => !isLacking(name));
  const unassignable = [...missing.unassignable, ...created].sort();
  if (unassignable.length > 0 && !noOwner) {
    found.push(refuse(NO_MEMBER, { names: unassignable.join(', '), user: access.user }));
  }
  if (missing.tablespaces.length > 0 && !noTablespaces) {
    found.push(refuse(NO_TABLESPACES, { names: missing.tablespaces.join(', ') }));
  }
  if (missing.collation !== undefined) {
    found.push(refuse(NO_COLLATION, { collation: missing.collation, database: options.to }));
  }
  return found;
}

function refuse({ detail, remedy }: Refusal, parameters: TextParameters): Refusal {
  return { detail: fillIn(detail, parameters), remedy: fillIn(remedy, parameters) };
}

const NOT_THERE: Refusal = {
  detail: { en: 'the database "{database}" does not exist', zh: '数据库 "{database}" 不存在' },
  remedy: { en: 'Leave --into-existing out to have it made.', zh: '去掉 --into-existing 即可自动创建。' },
};
const IS_TEMPLATE: Refusal = {
  detail: {
    en: '"{database}" is a template: every new database would be a copy of what is restored',
    zh: '"{database}" 是模板库：此后新建的库都会带有恢复的内容',
  },
  remedy: { en: 'Choose another database.', zh: '请选择其他数据库。' },
};
const NO_TABLES_YET: Refusal = {
  detail: {
    en: '--data-only needs the tables, and "{database}" has none',
    zh: '--data-only 需要已有的表，而 "{database}" 中没有',
  },
  remedy: { en: 'Restore without --data-only.', zh: '请去掉 --data-only。' },
};
const MAY_NOT_CREATE: Refusal = {
  detail: { en: 'the user "{user}" may not create databases', zh: '用户 "{user}" 无权创建数据库' },
  remedy: {
    en: 'Set RESTORE_PG_USER to one who may, run as a superuser: ALTER ROLE "{user}" CREATEDB; or create an empty database and restore into it.',
    zh: '请将 RESTORE_PG_USER 设为有此权限的账号，或以超级用户执行：ALTER ROLE "{user}" CREATEDB; 也可先创建空库再恢复到其中。',
  },
};
const NOT_EMPTY: Refusal = {
  detail: { en: 'the database "{database}" is not empty', zh: '数据库 "{database}" 不是空库' },
  remedy: {
    en: 'Choose another name with --to, look at the result, and swap the names; or replace what is in it with --into-existing --clean.',
    zh: '请用 --to 指定另一个名称，确认结果后再互换库名；或用 --into-existing --clean 替换其中的内容。',
  },
};
const NEEDS_CLEAN: Refusal = {
  detail: {
    en: 'the database "{database}" is not empty, and a whole backup would meet what is there',
    zh: '数据库 "{database}" 不是空库，整库恢复会与现有内容冲突',
  },
  remedy: {
    en: 'Add --clean to drop what the backup holds before it is restored, or name a part (--table, --schema, --data-only).',
    zh: '请加 --clean 以先删除备份中包含的对象，或只恢复一部分（--table、--schema、--data-only）。',
  },
};
const IS_SOURCE: Refusal = {
  detail: {
    en: '"{database}" is the very database that this backup was taken from',
    zh: '"{database}" 正是该备份的来源库',
  },
  remedy: {
    en: 'What was written since the backup would be lost. If that is meant, say it a second time: --over-source.',
    zh: '备份之后写入的内容将会丢失。若确实要这样做，请再次声明：--over-source。',
  },
};
const NO_GLOBALS: Refusal = {
  detail: { en: 'the backup was made without globals', zh: '该备份不含全局对象' },
  remedy: { en: 'Leave --globals out.', zh: '请去掉 --globals。' },
};
const NO_EXTENSIONS: Refusal = {
  detail: { en: 'the server lacks extensions: {names}', zh: '服务器缺少扩展：{names}' },
  remedy: {
    en: 'Install their packages on the server (postgresql-contrib, or one of their own).',
    zh: '请在服务器上安装对应的软件包（postgresql-contrib 或扩展自身的包）。',
  },
};
const NO_ROLES: Refusal = {
  detail: { en: 'the server lacks roles: {names}', zh: '服务器缺少角色：{names}' },
  remedy: {
    en: 'Create them from the backup with --globals, or do without: --no-owner (objects belong to who restores) and --no-privileges (no rights are given).',
    zh: '可用 --globals 从备份中创建，或不使用它们：--no-owner（对象归恢复者所有）与 --no-privileges（不授予权限）。',
  },
};
const NO_ROLES_AT_ALL: Refusal = {
  detail: {
    en: 'policies or user mappings are for roles that the server lacks: {names}',
    zh: '行级策略或用户映射所需的角色在服务器上不存在：{names}',
  },
  remedy: {
    en: 'Nothing can leave them out: create them from the backup with --globals, or by CREATE ROLE.',
    zh: '它们无法省略：可用 --globals 从备份中创建，或执行 CREATE ROLE。',
  },
};
const NO_MEMBER: Refusal = {
  detail: {
    en: 'the user "{user}" may not give anything to the roles {names}',
    zh: '用户 "{user}" 无权将对象归于角色 {names}',
  },
  remedy: {
    en: 'Restore as a superuser or as a member of them (RESTORE_PG_USER), or let everything belong to who restores: --no-owner.',
    zh: '请以超级用户或其成员身份恢复（RESTORE_PG_USER），或让对象归恢复者所有：--no-owner。',
  },
};
const NO_TABLESPACES: Refusal = {
  detail: { en: 'the server lacks tablespaces: {names}', zh: '服务器缺少表空间：{names}' },
  remedy: {
    en: 'Create them, or put everything into the default one: --no-tablespaces.',
    zh: '请先创建，或全部放入默认表空间：--no-tablespaces。',
  },
};
const NO_COLLATION: Refusal = {
  detail: {
    en: 'the server does not know the collation {collation} of the database',
    zh: '服务器没有该库的排序规则 {collation}',
  },
  remedy: {
    en: 'Install that locale on the server, or create "{database}" yourself with another one and restore into it while it is empty.',
    zh: '请在服务器上安装该 locale，或自行用其他排序规则创建 "{database}"，并在其为空时恢复到其中。',
  },
};
