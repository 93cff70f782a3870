import { Secret } from '../secret.ts';
import type { Membership, ParameterGrant, RoleDefinition, RoleSetting } from './globals-file.ts';
import { DEFAULT_ATTRIBUTES, ROLE_FLAGS } from './role-attributes.ts';
import { SqlReader, UnexpectedSql } from './sql-reader.ts';

/** Globals as far as they were read. */
export interface GlobalsDraft {
  readonly roles: Map<string, RoleDefinition>;
  readonly memberships: Membership[];
  readonly parameterGrants: ParameterGrant[];
  readonly tablespaces: Map<string, string[]>;
  readonly other: string[];
}

export function emptyDraft(): GlobalsDraft {
  return { roles: new Map(), memberships: [], parameterGrants: [], tablespaces: new Map(), other: [] };
}

/**
 * Adds what one statement of pg_dumpall says (PostgreSQL sources, pg_dumpall.c).
 * @throws UnexpectedSql for one about a role that is not understood.
 */
export function addStatement(draft: GlobalsDraft, statement: string): void {
  const isKnown = FORMS.some((read) => read(new SqlReader(statement), draft, statement));
  if (!isKnown) draft.other.push(new SqlReader(statement).leadingWords());
}

/** False where the statement is of another form. */
type Form = (reader: SqlReader, draft: GlobalsDraft, statement: string) => boolean;

/** A role may be called `set` or `tablespace`: roles come before what these words begin. */
const FORMS: readonly Form[] = [
  createRole,
  alterRole,
  commentOnRole,
  labelOfRole,
  membership,
  parameterGrant,
  tablespace,
  ofTheSession,
];

function createRole(reader: SqlReader, { roles }: GlobalsDraft): boolean {
  if (!reader.skip('CREATE', 'ROLE')) return false;
  const name = reader.name();
  reader.expectEnd();
  if (roles.has(name)) throw new UnexpectedSql();
  const nothingYet = { password: undefined, settings: [], comment: undefined, labels: [] };
  roles.set(name, { name, attributes: DEFAULT_ATTRIBUTES, ...nothingYet });
  return true;
}

function alterRole(reader: SqlReader, { roles }: GlobalsDraft): boolean {
  if (!reader.skip('ALTER', 'ROLE')) return false;
  const role = knownRole(roles, reader.name());
  if (reader.skip('IN', 'DATABASE')) return true;
  if (reader.skip('SET')) {
    roles.set(role.name, { ...role, settings: [...role.settings, readSetting(reader)] });
    return true;
  }
  reader.expect('WITH');
  roles.set(role.name, readAttributes(reader, role));
  return true;
}

function readSetting(reader: SqlReader): RoleSetting {
  const name = reader.settingName();
  reader.expect('TO');
  const values = [reader.string()];
  while (reader.skipSign(',')) values.push(reader.string());
  reader.expectEnd();
  return { name, values };
}

function readAttributes(reader: SqlReader, role: RoleDefinition): RoleDefinition {
  let { attributes, password } = role;
  while (!reader.isAtEnd) {
    const flag = ROLE_FLAGS.find((name) => reader.skip(name.toUpperCase()));
    const noFlag = flag ?? ROLE_FLAGS.find((name) => reader.skip(`NO${name.toUpperCase()}`));
    if (noFlag) attributes = { ...attributes, [noFlag]: flag !== undefined };
    else if (reader.skip('CONNECTION', 'LIMIT'))
      attributes = { ...attributes, connectionLimit: reader.integer() };
    else if (reader.skip('VALID', 'UNTIL')) attributes = { ...attributes, validUntil: reader.string() };
    else {
      reader.expect('PASSWORD');
      password = new Secret(reader.string());
    }
  }
  return { ...role, attributes, password };
}

function commentOnRole(reader: SqlReader, { roles }: GlobalsDraft): boolean {
  if (!reader.skip('COMMENT', 'ON', 'ROLE')) return false;
  const role = knownRole(roles, reader.name());
  reader.expect('IS');
  roles.set(role.name, { ...role, comment: reader.string() });
  reader.expectEnd();
  return true;
}

function labelOfRole(reader: SqlReader, { roles }: GlobalsDraft): boolean {
  if (!reader.skip('SECURITY', 'LABEL', 'FOR')) return false;
  const provider = reader.name();
  if (!reader.skip('ON', 'ROLE')) return false;
  const role = knownRole(roles, reader.name());
  roles.set(role.name, { ...role, labels: [...role.labels, provider] });
  return true;
}

function membership(reader: SqlReader, { memberships }: GlobalsDraft): boolean {
  if (!reader.skip('GRANT')) return false;
  const role = reader.optionalName();
  if (role === undefined || !reader.skip('TO')) return false;
  const member = reader.name();
  const options = reader.skip('WITH') ? readGrantOptions(reader) : {};
  const grantor = reader.skip('GRANTED', 'BY') ? reader.name() : undefined;
  reader.expectEnd();
  memberships.push({ role, member, admin: false, inherit: undefined, set: true, ...options, grantor });
  return true;
}

type GrantOptions = Partial<Pick<Membership, 'admin' | 'inherit' | 'set'>>;

function readGrantOptions(reader: SqlReader): GrantOptions {
  let options: GrantOptions = {};
  do {
    const name = (['admin', 'inherit', 'set'] as const).find((option) => reader.skip(option.toUpperCase()));
    if (!name) throw new UnexpectedSql();
    const isFalse = reader.skip('FALSE');
    if (!isFalse && !reader.skip('OPTION')) reader.expect('TRUE');
    options = { ...options, [name]: !isFalse };
  } while (reader.skipSign(','));
  return options;
}

function parameterGrant(reader: SqlReader, { parameterGrants }: GlobalsDraft): boolean {
  if (!reader.skip('GRANT')) return false;
  const privileges: string[] = [];
  do {
    const words = PARAMETER_PRIVILEGES.find((privilege) => reader.skip(...privilege));
    if (!words) return false;
    privileges.push(words.join(' '));
  } while (reader.skipSign(','));
  if (!reader.skip('ON', 'PARAMETER')) return false;
  const parameter = reader.settingName();
  reader.expect('TO');
  // Nobody's right in particular.
  if (reader.skip('PUBLIC')) return false;
  const role = reader.name();
  const withGrantOption = reader.skip('WITH', 'GRANT', 'OPTION');
  reader.expectEnd();
  parameterGrants.push({ role, parameter, privileges, withGrantOption });
  return true;
}

const PARAMETER_PRIVILEGES = [['ALL'], ['SET'], ['ALTER', 'SYSTEM']];

function tablespace(reader: SqlReader, { tablespaces }: GlobalsDraft, statement: string): boolean {
  const isAbout =
    reader.skip('CREATE', 'TABLESPACE') ||
    reader.skip('ALTER', 'TABLESPACE') ||
    reader.skipPast('ON', 'TABLESPACE');
  if (!isAbout) return false;
  const name = reader.name();
  tablespaces.set(name, [...(tablespaces.get(name) ?? []), statement]);
  return true;
}

/** What pg_dumpall sets for the statements that follow; the names and values that are taken from it need none of it. */
function ofTheSession(reader: SqlReader): boolean {
  return reader.skip('SET') || reader.skip('RESET');
}

function knownRole(roles: ReadonlyMap<string, RoleDefinition>, name: string): RoleDefinition {
  const role = roles.get(name);
  if (!role) throw new UnexpectedSql();
  return role;
}
