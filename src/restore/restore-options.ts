import type { RunChoice } from './choose-run.ts';

/** What `pg-backup restore` was asked for. */
export interface RestoreOptions extends RunChoice {
  /** The database to restore to. */
  readonly to: string;
  readonly intoExisting: boolean;
  readonly clean: boolean;
  /** Said a second time for the very database that the dump came from. */
  readonly overSource: boolean;
  readonly globals: boolean;
  readonly noOwner: boolean;
  readonly noPrivileges: boolean;
  readonly noTablespaces: boolean;
  readonly part: DumpPart;
  /** At most so many connections at once; chosen where it is not given. */
  readonly jobs: number | undefined;
}

/** The part of a dump that is restored; all of it where nothing is named. */
export interface DumpPart {
  readonly schemas: readonly string[];
  /** With a schema in front, or by the name alone. */
  readonly tables: readonly string[];
  readonly schemaOnly: boolean;
  readonly dataOnly: boolean;
}

export function isWhole({ schemas, tables, schemaOnly, dataOnly }: DumpPart): boolean {
  return schemas.length === 0 && tables.length === 0 && !schemaOnly && !dataOnly;
}
