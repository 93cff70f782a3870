import type { Text } from '../language.ts';
import { quoteIdentifier } from '../postgres/identifier.ts';
import type { Globals } from './globals-file.ts';
import { differentAttributes } from './role-attributes.ts';
import type { RoleRemark } from './role-creation.ts';
import { backedUpMemberships, describeOptions } from './role-memberships.ts';
import type { TargetMembership, TargetRoles } from './target-roles.ts';

/**
 * How the roles called `names`, which are in the backup and on the server, differ in their attributes and in what they are members of.
 * Passwords, settings and comments are not compared; memberships of roles that `willBeCreated` come with those.
 */
export function differencesOf(
  globals: Globals,
  target: TargetRoles,
  names: ReadonlySet<string>,
  willBeCreated: ReadonlySet<string>,
): RoleRemark[] {
  const byMember = ({ member }: TargetMembership) => member;
  const inBackup = Map.groupBy(backedUpMemberships(globals, target), byMember);
  const onServer = Map.groupBy(target.memberships, byMember);
  return globals.roles.flatMap(({ name, attributes }) => {
    const here = target.roles.get(name);
    if (!here || !names.has(name)) return [];
    const texts = [
      ...differentAttributes(attributes, here).map(([backup, server]) => inBackupAndHere(backup, server)),
      ...differentMemberships(
        (inBackup.get(name) ?? []).filter(({ role }) => !willBeCreated.has(role)),
        onServer.get(name) ?? [],
      ),
    ];
    return texts.map((what) => ({ role: name, what }));
  });
}

function differentMemberships(
  inBackup: readonly TargetMembership[],
  here: readonly TargetMembership[],
): Text[] {
  const roles = new Set([...inBackup, ...here].map(({ role }) => role));
  return [...roles].flatMap((role) => {
    const backup = inBackup.find((one) => one.role === role);
    const server = here.find((one) => one.role === role);
    const member = `member of ${quoteIdentifier(role)}`;
    if (!server) return [{ en: `${member} in the backup, not here`, zh: `${member}：备份中是，此处不是` }];
    if (!backup) return [{ en: `${member} here, not in the backup`, zh: `${member}：此处是，备份中不是` }];
    const [options, optionsHere] = [describeOptions(backup), describeOptions(server)];
    return options === optionsHere
      ? []
      : [inBackupAndHere(`${member} with ${options}`, `with ${optionsHere}`)];
  });
}

/** What stands in SQL's own words needs no translation. */
function inBackupAndHere(backup: string, here: string): Text {
  return { en: `${backup} in the backup, ${here} here`, zh: `备份中为 ${backup}，此处为 ${here}` };
}
