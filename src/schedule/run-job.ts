import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../config/load.ts';
import { type CommandResult, describeOutcome, startCommand } from '../exec.ts';
import type { Output } from '../logging.ts';
import type { Clock } from './clock.ts';
import { KIND_NAMES, type ScheduleEntry } from './entries.ts';
import type { Job, JobEnd } from './lane.ts';

export interface JobServices {
  /** Of the process, without what an env file says: the job reads that itself. */
  readonly environment: Environment;
  /** Where the lines of the jobs go. */
  readonly output: Output;
  readonly clock: Clock;
  /** Of Node, what runs instead of this program's own start file. */
  readonly program?: string;
}

/** A run has to clear away and to write its report. */
const GRACE_SECONDS = 25;
const RESTART_SECONDS = 60;
const RETRIES = '2';
/** Of a bug; every failure that is understood has another one. */
const CRASHED = 1;
const PROGRAM = fileURLToPath(new URL('../../bin/pg-backup.js', import.meta.url));

/**
 * Runs a job in a process of its own, which no lack of memory and no crash shares with the scheduler. One that ends without telling why is
 * started once more: that repairs and reports what it left.
 */
export async function runJob({ entry }: Job, services: JobServices): Promise<JobEnd> {
  const { context, kind } = entry;
  let result = await runProcess(entry, services);
  if (hasCrashed(result) && !context.signal.aborted) {
    const parameters = { kind: KIND_NAMES[kind], outcome: describeOutcome(result), seconds: RESTART_SECONDS };
    context.log('error', 'JOB_CRASHED', parameters);
    await services.clock.wait(RESTART_SECONDS * 1000, context.signal);
    if (!context.signal.aborted) result = await runProcess(entry, services);
  }
  return { failure: result.exitCode === 0 ? undefined : describeOutcome(result) };
}

async function runProcess(entry: ScheduleEntry, services: JobServices): Promise<CommandResult> {
  const { output, program = PROGRAM } = services;
  const passOn = (line: string): unknown => output.write(`${line}\n`);
  const job = startCommand({
    file: process.execPath,
    args: [program, ...jobArguments(entry)],
    environment: jobEnvironment(entry, services),
    signal: entry.context.signal,
    graceSeconds: GRACE_SECONDS,
    onErrorLine: passOn,
  });
  job.stdin.on('error', () => {}).end();
  const lines = createInterface({ input: job.stdout });
  lines.on('line', passOn);
  return job.ended;
}

function hasCrashed({ signal, exitCode }: CommandResult): boolean {
  return signal !== undefined || exitCode === CRASHED;
}

/** The command line of a job, as a person would write it. */
export function jobArguments({ kind, context }: ScheduleEntry): string[] {
  const { settings, target } = context;
  const verify = ['verify', '--all', ...(settings.BACKUP_MODE === 'local' ? [] : ['--remote'])];
  return [...(kind === 'verify' ? verify : [kind]), ...(target === undefined ? [] : ['--target', target])];
}

/** A person who starts one run tries again without help; nobody is there for one of the schedule. */
export function jobEnvironment(
  { context }: ScheduleEntry,
  { environment, output }: JobServices,
): Record<string, string> {
  const { BACKUP_RETRIES, BACKUP_LOG_FORMAT } = context.settings;
  const given = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const isPretty = BACKUP_LOG_FORMAT === 'pretty' || (BACKUP_LOG_FORMAT === 'auto' && output.isTTY === true);
  return {
    ...Object.fromEntries(given),
    ...(BACKUP_RETRIES === undefined && { BACKUP_RETRIES: RETRIES }),
    BACKUP_LOG_FORMAT: isPretty ? 'pretty' : 'json',
  };
}
