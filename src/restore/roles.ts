import type { Session } from '../postgres/session.ts';
import type { Secret } from '../secret.ts';
import type { Globals } from './globals-file.ts';
import { planCreation, type RoleRemark } from './role-creation.ts';
import { differencesOf } from './role-differences.ts';
import { readTargetRoles, type TargetRoles } from './target-roles.ts';

/** It may be shown: the verifiers are inside of Secrets. */
export interface RolePlan {
  /** Roles of the backup that the server lacks, in the order in which they are created. */
  readonly missing: readonly string[];
  /** Of roles that are on both sides: what is different. They are left as they are. */
  readonly differences: readonly RoleRemark[];
  /** Of the missing roles: what they had and will not have here. */
  readonly omissions: readonly RoleRemark[];
  readonly statements: readonly Secret[];
}

/**
 * Compares the roles of a backup with the server's. `only` names those that a dump needs; the missing roles that they are members of, directly or
 * not, are added. Roles of the server's own (`pg_…`) are never created.
 * @throws as `Session.query`
 */
export async function planRoles(
  session: Session,
  globals: Globals,
  only?: ReadonlySet<string>,
): Promise<RolePlan> {
  const target = await readTargetRoles(session);
  const chosen = chooseRoles(globals, target, only);
  const missing = globals.roles.filter(({ name }) => chosen.has(name) && !target.roles.has(name));
  const names = missing.map(({ name }) => name);
  return {
    missing: names,
    differences: differencesOf(globals, target, chosen, new Set(names)),
    ...planCreation(globals, target, missing),
  };
}

/**
 * Creates the missing roles with all that belongs to them, in one transaction: all of them or none.
 * @throws as `Session.execute`; the session has ended then, and with it the transaction.
 */
export async function createRoles(session: Session, plan: RolePlan): Promise<void> {
  if (plan.missing.length === 0) return;
  // The database may be set to read only.
  await session.execute('BEGIN READ WRITE');
  // A server may be told to send its clients every statement that it logs, with verifiers and all.
  await session.execute('SET LOCAL client_min_messages = error');
  for (const statement of plan.statements) await session.execute(statement.reveal());
  await session.execute('COMMIT');
}

function chooseRoles(globals: Globals, target: TargetRoles, only?: ReadonlySet<string>): Set<string> {
  const restorable = globals.roles.map(({ name }) => name).filter((name) => !name.startsWith('pg_'));
  if (!only) return new Set(restorable);
  const chosen = new Set(restorable.filter((name) => only.has(name)));
  const granted = Map.groupBy(globals.memberships, ({ member }) => member);
  // A set that grows is walked to its new end.
  for (const name of chosen) {
    for (const { role } of granted.get(name) ?? []) {
      if (!target.roles.has(role) && !role.startsWith('pg_')) chosen.add(role);
    }
  }
  return chosen;
}
