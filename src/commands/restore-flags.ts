import { CLI_TEXTS } from '../cli-texts.ts';
import { PgBackupError } from '../errors.ts';
import { fillIn, type Text } from '../language.ts';
import type { RestoreOptions } from '../restore/restore-options.ts';

const MOST_JOBS = 256;

/** The flags of `restore`, as yargs takes them. None has a default: one would count as given, and conflict with others. */
export function restoreFlags(say: (text: Text) => string) {
  const flag = (text: Text) => ({ type: 'boolean', describe: say(text) }) as const;
  const value = (text: Text) => ({ type: 'string', requiresArg: true, describe: say(text) }) as const;
  const names = (text: Text) => ({ type: 'string', array: true, describe: say(text) }) as const;
  return {
    latest: flag(CLI_TEXTS.latest),
    at: value(CLI_TEXTS.at),
    to: value(CLI_TEXTS.to),
    plan: flag(CLI_TEXTS.plan),
    list: flag(CLI_TEXTS.listArchive),
    globals: flag(CLI_TEXTS.globals),
    'no-owner': flag(CLI_TEXTS.noOwner),
    'no-privileges': flag(CLI_TEXTS.noPrivileges),
    'no-tablespaces': flag(CLI_TEXTS.noTablespaces),
    schema: names(CLI_TEXTS.schema),
    table: names(CLI_TEXTS.table),
    'schema-only': flag(CLI_TEXTS.schemaOnly),
    'data-only': flag(CLI_TEXTS.dataOnly),
    'into-existing': flag(CLI_TEXTS.intoExisting),
    clean: flag(CLI_TEXTS.clean),
    'over-source': flag(CLI_TEXTS.overSource),
    yes: flag(CLI_TEXTS.yes),
    jobs: jobsFlag(say),
  } as const;
}

export function jobsFlag(say: (text: Text) => string) {
  return { alias: 'j', type: 'number', requiresArg: true, describe: say(CLI_TEXTS.jobs) } as const;
}

/** What cannot be said together. */
export const RESTORE_CONFLICTS: Readonly<Record<string, readonly string[]>> = {
  run: ['latest', 'at'],
  latest: ['at'],
  'schema-only': ['data-only'],
  clean: ['data-only'],
};

export interface RestoreArguments {
  readonly plan?: boolean | undefined;
  readonly list?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly run?: string | undefined;
  readonly latest?: boolean | undefined;
  readonly at?: string | undefined;
  readonly to?: string | undefined;
  readonly globals?: boolean | undefined;
  readonly noOwner?: boolean | undefined;
  readonly noPrivileges?: boolean | undefined;
  readonly noTablespaces?: boolean | undefined;
  readonly schema?: readonly string[] | undefined;
  readonly table?: readonly string[] | undefined;
  readonly schemaOnly?: boolean | undefined;
  readonly dataOnly?: boolean | undefined;
  readonly intoExisting?: boolean | undefined;
  readonly clean?: boolean | undefined;
  readonly overSource?: boolean | undefined;
  readonly jobs?: number | undefined;
}

/** @throws PgBackupError USAGE where something is missing or makes no sense */
export function restoreOptions(given: RestoreArguments): RestoreOptions {
  checkChoice(given);
  if (!given.to) throw new PgBackupError('USAGE', { detail: CLI_TEXTS.needsTarget });
  if (!isDatabaseName(given.to)) {
    throw new PgBackupError('USAGE', { detail: fillIn(CLI_TEXTS.wrongTarget, { to: given.to }) });
  }
  if (given.clean && !given.intoExisting) throw new PgBackupError('USAGE', { detail: CLI_TEXTS.cleanNeeds });
  const isGiven = (flag: boolean | undefined): boolean => flag === true;
  return {
    ...{ run: given.run, latest: given.latest, at: given.at, to: given.to },
    intoExisting: isGiven(given.intoExisting),
    clean: isGiven(given.clean),
    overSource: isGiven(given.overSource),
    globals: isGiven(given.globals),
    noOwner: isGiven(given.noOwner),
    noPrivileges: isGiven(given.noPrivileges),
    noTablespaces: isGiven(given.noTablespaces),
    part: {
      schemas: given.schema ?? [],
      tables: given.table ?? [],
      schemaOnly: isGiven(given.schemaOnly),
      dataOnly: isGiven(given.dataOnly),
    },
    jobs: jobsOf(given),
  };
}

/** What is overwritten by mistake is worse than one more word. @throws PgBackupError USAGE */
export function checkChoice(given: Pick<RestoreArguments, 'run' | 'latest' | 'at'>): void {
  const { run, latest, at } = given;
  const twice = Object.entries(given).find(([name, value]) => Array.isArray(value) && SINGLE.includes(name));
  if (twice)
    throw new PgBackupError('USAGE', { detail: fillIn(CLI_TEXTS.givenTwice, { flag: `--${twice[0]}` }) });
  if (run === undefined && !latest && at === undefined) {
    throw new PgBackupError('USAGE', { detail: CLI_TEXTS.chooseOne });
  }
}

/** The flags that yargs makes a list of where they are given more than once. */
const SINGLE = ['at', 'to'];
/** PostgreSQL would cut a longer name without an error (manual, 4.1.1). */
const LONGEST_NAME_BYTES = 63;

function isDatabaseName(name: string): boolean {
  return Buffer.byteLength(name) <= LONGEST_NAME_BYTES && !/\p{Cc}/u.test(name);
}

/** @throws PgBackupError USAGE for anything but a whole number from 1 to 256 */
export function jobsOf({ jobs }: { readonly jobs?: number | undefined }): number | undefined {
  if (jobs === undefined || (Number.isInteger(jobs) && jobs >= 1 && jobs <= MOST_JOBS)) return jobs;
  throw new PgBackupError('USAGE', { detail: CLI_TEXTS.wrongJobs });
}
