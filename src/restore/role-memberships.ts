import { quoteIdentifier } from '../postgres/identifier.ts';
import type { Globals, Membership } from './globals-file.ts';
import {
  type MembershipOptions,
  type TargetMembership,
  type TargetRoles,
  WITH_MEMBERSHIP_OPTIONS,
} from './target-roles.ts';

/** What all grants of the backup of one role to one member come to. */
export function backedUpMemberships(globals: Globals, target: TargetRoles): TargetMembership[] {
  const inherits = inheritAttributes(globals, target);
  return merge(globals.memberships.map((grant) => ({ ...resolve(grant, inherits), grantor: undefined })));
}

/**
 * The statements for the memberships of the backup that `isWanted` chooses. From 16 on a grantor is kept where the server takes it: only a
 * superuser may name one, and it must have the ADMIN OPTION. Else the first superuser or the connected user becomes the grantor: the
 * membership is the same, but is not lost when the grantor loses its own. Before 16 the grantor meant nothing, and ADMIN is the only option.
 */
export function grantStatements(
  globals: Globals,
  target: TargetRoles,
  isWanted: (membership: Membership) => boolean,
): string[] {
  const hasOptions = target.major >= WITH_MEMBERSHIP_OPTIONS;
  const inherits = inheritAttributes(globals, target);
  const admins = new Set(target.memberships.filter(({ admin }) => admin).map(keyOf));
  const grants = globals.memberships.filter(isWanted).map((membership) => {
    const { role, grantor = '' } = membership;
    const isTaken = hasOptions && target.isSuperuser && admins.has(keyOf({ role, member: grantor }));
    if (membership.admin) admins.add(keyOf(membership));
    return { ...resolve(membership, inherits), grantor: isTaken ? grantor : undefined };
  });
  return merge(grants).map(({ role, member, grantor, ...options }) => {
    const by = grantor === undefined ? '' : ` GRANTED BY ${quoteIdentifier(grantor)}`;
    return `GRANT ${quoteIdentifier(role)} TO ${quoteIdentifier(member)}${withOptions(options, hasOptions)}${by}`;
  });
}

/** For people: `ADMIN OPTION, INHERIT TRUE`. */
export function describeOptions({ admin, inherit, set }: MembershipOptions): string {
  const parts = [admin ? 'ADMIN OPTION' : '', `INHERIT ${booleanOf(inherit)}`, set ? '' : 'SET FALSE'];
  return parts.filter((part) => part !== '').join(', ');
}

type Grant = TargetMembership & Pick<Membership, 'grantor'>;

/** The members' own attributes, those of the backup first. */
function inheritAttributes(globals: Globals, target: TargetRoles): Map<string, boolean> {
  return new Map([
    ...[...target.roles].map(([name, { inherit }]) => [name, inherit] as const),
    ...globals.roles.map(({ name, attributes }) => [name, attributes.inherit] as const),
  ]);
}

/** Where no grant says it, the member's attribute does (PostgreSQL manual, GRANT). */
function resolve(membership: Membership, inherits: ReadonlyMap<string, boolean>): TargetMembership {
  const { role, member, admin, set } = membership;
  return { role, member, admin, set, inherit: membership.inherit ?? inherits.get(member) ?? true };
}

/** A right that one of several grants gives is there. */
function merge(grants: readonly Grant[]): Grant[] {
  const merged = new Map<string, Grant>();
  for (const grant of grants) {
    const key = JSON.stringify([grant.role, grant.member, grant.grantor]);
    const { admin, inherit, set } = merged.get(key) ?? { admin: false, inherit: false, set: false };
    merged.set(key, {
      ...grant,
      admin: grant.admin || admin,
      inherit: grant.inherit || inherit,
      set: grant.set || set,
    });
  }
  return [...merged.values()];
}

function withOptions({ admin, inherit, set }: MembershipOptions, hasOptions: boolean): string {
  if (!hasOptions) return admin ? ' WITH ADMIN OPTION' : '';
  return ` WITH ADMIN ${booleanOf(admin)}, INHERIT ${booleanOf(inherit)}, SET ${booleanOf(set)}`;
}

function booleanOf(value: boolean): string {
  return value ? 'TRUE' : 'FALSE';
}

function keyOf({ role, member }: Pick<Membership, 'role' | 'member'>): string {
  return JSON.stringify([role, member]);
}
