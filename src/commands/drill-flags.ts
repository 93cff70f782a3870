import { CLI_TEXTS } from '../cli-texts.ts';
import type { Text } from '../language.ts';
import type { DrillOptions } from '../restore/drill.ts';
import { jobsFlag, jobsOf } from './restore-flags.ts';

/** The flags of `drill`, as yargs takes them. */
export function drillFlags(say: (text: Text) => string) {
  return {
    latest: { type: 'boolean', describe: say(CLI_TEXTS.latest) },
    at: { type: 'string', requiresArg: true, describe: say(CLI_TEXTS.at) },
    'all-since': { type: 'string', requiresArg: true, describe: say(CLI_TEXTS.allSince) },
    'on-source-server': { type: 'boolean', describe: say(CLI_TEXTS.onSourceServer) },
    jobs: jobsFlag(say),
  } as const;
}

/** What cannot be said together. */
export const DRILL_CONFLICTS: Readonly<Record<string, readonly string[]>> = {
  run: ['latest', 'at', 'all-since'],
  latest: ['at', 'all-since'],
  at: ['all-since'],
};

export interface DrillArguments {
  readonly run?: string | undefined;
  readonly latest?: boolean | undefined;
  readonly at?: string | undefined;
  readonly allSince?: string | undefined;
  readonly onSourceServer?: boolean | undefined;
  readonly jobs?: number | undefined;
}

/** @throws PgBackupError USAGE for a number of jobs that is none */
export function drillOptions(given: DrillArguments): DrillOptions {
  return { jobs: jobsOf(given), onSourceServer: given.onSourceServer === true };
}
