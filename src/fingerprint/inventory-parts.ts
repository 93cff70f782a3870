/** What the dump leaves out of every object, and what therefore cannot be compared. */
export interface InventoryParts {
  readonly owners: boolean;
  readonly grants: boolean;
  readonly comments: boolean;
  readonly accessMethods: boolean;
  /** Which method compresses a column. */
  readonly compression: boolean;
  readonly policies: boolean;
  readonly publications: boolean;
  readonly subscriptions: boolean;
  /** Which column a sequence belongs to, and is dropped with: a dump keeps it where it leaves out the table. */
  readonly ownersOfSequences: boolean;
}

/** What a dump with these options holds of each object (pg_dump, manual page). */
export function partsWithout(leftOut: readonly string[]): InventoryParts {
  const isWithout = (...names: string[]): boolean => names.some((name) => leftOut.includes(name));
  return {
    owners: !isWithout('-O', '--no-owner'),
    grants: !isWithout('-x', '--no-privileges', '--no-acl'),
    comments: !isWithout('--no-comments'),
    accessMethods: !isWithout('--no-table-access-method'),
    compression: !isWithout('--no-toast-compression'),
    policies: !isWithout('--no-policies'),
    publications: !isWithout('--no-publications'),
    subscriptions: !isWithout('--no-subscriptions'),
    ownersOfSequences: !leftOut.some((option) => TABLES.test(option)),
  };
}

const TABLES = /^(-T|-N|--exclude-table|--exclude-table-and-children|--exclude-schema)=/;
