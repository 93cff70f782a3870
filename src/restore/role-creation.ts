import type { Text } from '../language.ts';
import { quoteIdentifier, quoteLiteral } from '../postgres/identifier.ts';
import { Secret } from '../secret.ts';
import type { Globals, ParameterGrant, RoleDefinition, RoleSetting } from './globals-file.ts';
import { isClearTime, roleOptions } from './role-attributes.ts';
import { backedUpMemberships, describeOptions, grantStatements } from './role-memberships.ts';
import { type MembershipOptions, type TargetRoles, WITH_MEMBERSHIP_OPTIONS } from './target-roles.ts';

/** Something about one role, for people; never a password. */
export interface RoleRemark {
  readonly role: string;
  readonly what: Text;
}

export interface RoleCreation {
  /** Verifiers are in them. */
  readonly statements: readonly Secret[];
  /** What the roles had and will not have. */
  readonly omissions: readonly RoleRemark[];
}

const WITH_PARAMETER_GRANTS = 15;

/** How the missing roles are made with all that belongs to them, on a server that has the others. */
export function planCreation(
  globals: Globals,
  target: TargetRoles,
  missing: readonly RoleDefinition[],
): RoleCreation {
  const names = new Set(missing.map(({ name }) => name));
  const willExist = (name: string) => names.has(name) || target.roles.has(name);
  const parameterGrants = globals.parameterGrants.filter(({ role }) => names.has(role));
  const statements = [
    ...missing.map(createStatement),
    ...grantStatements(globals, target, ({ role, member }) => {
      return (names.has(role) || names.has(member)) && willExist(role) && willExist(member);
    }),
    ...missing.flatMap(commentStatements),
    ...missing.flatMap(({ name, settings }) => {
      return settings
        .filter((setting) => knows(target, setting.name))
        .map((setting) => setStatement(name, setting));
    }),
    ...parameterGrants.filter((grant) => takes(target, grant)).map(parameterStatement),
  ];
  return {
    statements: statements.map((statement) => new Secret(statement)),
    omissions: [
      ...missing.flatMap((role) => omittedOf(role, target)),
      ...omittedMemberships(globals, target, names),
      ...parameterGrants
        .filter((grant) => !takes(target, grant))
        .map((grant) => ({ role: grant.role, what: notKnownHere(parameterStatement(grant)) })),
    ],
  };
}

function createStatement({ name, attributes, password }: RoleDefinition): string {
  const secret = password ? [`PASSWORD ${quoteLiteral(password.reveal())}`] : [];
  return ['CREATE ROLE', quoteIdentifier(name), ...roleOptions(attributes), ...secret].join(' ');
}

function commentStatements({ name, comment }: RoleDefinition): string[] {
  return comment === undefined
    ? []
    : [`COMMENT ON ROLE ${quoteIdentifier(name)} IS ${quoteLiteral(comment)}`];
}

function setStatement(role: string, { name, values }: RoleSetting): string {
  const list = values.map(quoteLiteral).join(', ');
  return `ALTER ROLE ${quoteIdentifier(role)} SET ${quoteIdentifier(name)} TO ${list}`;
}

function parameterStatement({ role, parameter, privileges, withGrantOption }: ParameterGrant): string {
  const grant = `GRANT ${privileges.join(', ')} ON PARAMETER ${quoteIdentifier(parameter)}`;
  return `${grant} TO ${quoteIdentifier(role)}${withGrantOption ? ' WITH GRANT OPTION' : ''}`;
}

/** One with a dot belongs to an extension, or to nobody, and may be set before it is known. */
function knows(target: TargetRoles, setting: string): boolean {
  return setting.includes('.') || target.settings.has(setting.toLowerCase());
}

function takes(target: TargetRoles, { parameter }: ParameterGrant): boolean {
  return target.major >= WITH_PARAMETER_GRANTS && knows(target, parameter);
}

function omittedOf(role: RoleDefinition, target: TargetRoles): RoleRemark[] {
  const { name, attributes, password, settings, labels } = role;
  const omitted = settings.filter((setting) => !knows(target, setting.name));
  const texts = [
    ...omitted.map((setting) => notKnownHere(setStatement(name, setting))),
    ...labels.map((provider) => ({
      en: `SECURITY LABEL FOR ${quoteIdentifier(provider)}: labels are not restored`,
      zh: `SECURITY LABEL FOR ${quoteIdentifier(provider)}：不恢复安全标签`,
    })),
    ...(attributes.login && password === undefined ? [NO_PASSWORD] : []),
    ...(isClearTime(attributes.validUntil) ? [] : [unclearEnd(attributes.validUntil)]),
  ];
  return texts.map((what) => ({ role: name, what }));
}

function omittedMemberships(globals: Globals, target: TargetRoles, names: ReadonlySet<string>): RoleRemark[] {
  const inherits = new Map([
    ...[...target.roles].map(([name, { inherit }]) => [name, inherit] as const),
    ...globals.roles
      .filter(({ name }) => names.has(name))
      .map((role) => [role.name, role.attributes.inherit] as const),
  ]);
  return backedUpMemberships(globals, target).flatMap(({ role, member, ...options }): RoleRemark[] => {
    if (!names.has(role) && !names.has(member)) return [];
    if (!inherits.has(member)) return [];
    if (!inherits.has(role)) return [{ role: member, what: absentRole(role) }];
    if (target.major >= WITH_MEMBERSHIP_OPTIONS) return [];
    const isSame = options.set && options.inherit === inherits.get(member);
    return isSame ? [] : [{ role: member, what: withoutOptions(role, options) }];
  });
}

function notKnownHere(statement: string): Text {
  return { en: `${statement}: this server does not know it`, zh: `${statement}：此服务器不支持` };
}

function absentRole(role: string): Text {
  const name = quoteIdentifier(role);
  return { en: `member of ${name}, which is not here`, zh: `是 ${name} 的成员，而此处没有该角色` };
}

function withoutOptions(role: string, options: MembershipOptions): Text {
  const [name, written] = [quoteIdentifier(role), describeOptions(options)];
  return {
    en: `member of ${name} with ${written}: before PostgreSQL 16 no membership has such options of its own`,
    zh: `以 ${written} 成为 ${name} 的成员：PostgreSQL 16 之前成员关系没有这类选项`,
  };
}

const NO_PASSWORD: Text = {
  en: 'the backup has no password for it: set one where it is needed to log in',
  zh: '备份中没有它的密码：若登录需要，请另行设置',
};

function unclearEnd(validUntil = ''): Text {
  const written = quoteLiteral(validUntil);
  return {
    en: `VALID UNTIL ${written} can be read in more than one way: its password stays expired until you set it`,
    zh: `VALID UNTIL ${written} 有歧义：在您重新设置之前其密码视为已过期`,
  };
}
