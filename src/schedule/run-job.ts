import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../config/load.ts';
import { type CommandResult, describeOutcome, startCommand } from '../exec.ts';
import type { Text } from '../language.ts';
import type { Output } from '../logging.ts';
import type { Clock } from './clock.ts';
import { KIND_NAMES, type ScheduleEntry } from './entries.ts';
import { RETRIES, waitForLimit } from './job-limit.ts';
import type { Job, JobEnd } from './lane.ts';
import { joinTexts, sameText } from './time-text.ts';

export interface JobServices {
  /** Of the process, without what an env file says: the job reads that itself. */
  readonly environment: Environment;
  /** Where the lines of the jobs go. */
  readonly output: Output;
  readonly clock: Clock;
  /** Of Node, what runs instead of this program's own start file. */
  readonly program?: string;
}

/** A run has to clear away and to write its report, and its notifications may take half a minute. */
const GRACE_SECONDS = 40;
/** How long after SIGKILL a process may still be there; what hangs in the kernel is left to it. */
const DYING_SECONDS = 20;
const RESTART_SECONDS = 60;
/** Of a bug; every failure that is understood has another one. */
const CRASHED = 1;
/** Of settings that cannot be used: there is nothing by which the job could tell anybody. */
const REFUSED = 2;
/** As in the first line of the program, which tells why. */
const NODE_OPTIONS = ['--max-semi-space-size=2', '--heap-growing-percent=25', '--optimize-for-size'];
const PROGRAM = fileURLToPath(new URL('../../bin/pg-backup.js', import.meta.url));

/**
 * Runs a job in a process of its own, which no lack of memory and no crash shares with the scheduler; where it is for some databases only, in one
 * for each, one after the other. A process that ends without telling why is started once more: that repairs and reports what it left.
 */
export async function runJob({ entry, databases }: Job, services: JobServices): Promise<JobEnd> {
  const ends: JobEnd[] = [];
  const turns: readonly (string | undefined)[] = databases ?? [undefined];
  for (const database of turns) {
    ends.push(entry.context.signal.aborted ? NOT_BEGUN : await runOne(entry, database, services));
  }
  const failures = ends.flatMap(({ failure }) => failure ?? []);
  const untold = ends.flatMap((end) => end.untold ?? []);
  return {
    failure: failures.length === 0 ? undefined : failures.join(', '),
    ...(untold.length > 0 && { untold: joinTexts(untold, sameText(', ')) }),
  };
}

const NOT_BEGUN: JobEnd = { failure: 'not begun' };

interface ProcessEnd {
  readonly result: CommandResult;
  /** After so many hours it was ended from here. */
  readonly endedAfterHours: number | undefined;
}

async function runOne(
  entry: ScheduleEntry,
  database: string | undefined,
  services: JobServices,
): Promise<JobEnd> {
  const { context, kind } = entry;
  let end = await runProcess(entry, database, services);
  if (hasCrashed(end) && !context.signal.aborted) {
    const outcome = describeOutcome(end.result);
    context.log('error', 'JOB_CRASHED', { kind: KIND_NAMES[kind], outcome, seconds: RESTART_SECONDS });
    await services.clock.wait(RESTART_SECONDS * 1000, context.signal);
    if (!context.signal.aborted) end = await runProcess(entry, database, services);
  }
  if (end.result.exitCode === 0) return { failure: undefined };
  const untold = context.signal.aborted ? undefined : whyUntold(end);
  return { failure: describeOutcome(end.result), ...(untold && { untold }) };
}

function hasCrashed({ result, endedAfterHours }: ProcessEnd): boolean {
  return endedAfterHours === undefined && (result.signal !== undefined || result.exitCode === CRASHED);
}

/** undefined where the job itself could tell people of its failure. */
function whyUntold(end: ProcessEnd): Text | undefined {
  const hours = end.endedAfterHours;
  if (hours !== undefined) return { en: `it did not end within ${hours} h`, zh: `${hours} 小时内没有结束` };
  if (hasCrashed(end)) return sameText(describeOutcome(end.result));
  return end.result.exitCode === REFUSED ? SETTINGS_REFUSED : undefined;
}

const SETTINGS_REFUSED: Text = {
  en: 'its settings or its command line are refused (exit code 2); the scheduler still runs with those of its start',
  zh: '其配置或命令行被拒绝（退出码 2）；调度器仍按启动时的配置运行',
};

async function runProcess(
  entry: ScheduleEntry,
  database: string | undefined,
  services: JobServices,
): Promise<ProcessEnd> {
  const { context, kind } = entry;
  const { clock, output, program = PROGRAM } = services;
  const limit = new AbortController();
  const hasEnded = new AbortController();
  const passOn = (line: string): unknown => output.write(`${line}\n`);
  const job = startCommand({
    file: process.execPath,
    args: [...NODE_OPTIONS, program, ...jobArguments(entry, database)],
    environment: jobEnvironment(entry, services),
    signal: AbortSignal.any([context.signal, limit.signal]),
    graceSeconds: GRACE_SECONDS,
    onErrorLine: passOn,
  });
  job.stdin.on('error', () => {}).end();
  const lines = createInterface({ input: job.stdout });
  lines.on('line', passOn);

  const first = await Promise.race([
    job.ended,
    waitForLimit({ context, kind, database }, clock, hasEnded.signal),
  ]);
  if (typeof first === 'object') {
    hasEnded.abort();
    return { result: first, endedAfterHours: undefined };
  }
  context.log('error', 'JOB_OVERDUE', { kind: KIND_NAMES[kind], hours: first ?? 0 });
  limit.abort();
  const patience = clock.wait((GRACE_SECONDS + DYING_SECONDS) * 1000, hasEnded.signal);
  const result = await Promise.race([job.ended, patience.then(() => STILL_THERE)]);
  hasEnded.abort();
  return { result, endedAfterHours: first };
}

/** Of a process that a disk, or a child outside of its group, keeps from ending. */
const STILL_THERE: CommandResult = { exitCode: undefined, signal: 'SIGKILL', stdout: '', stderr: '' };

/** The command line of a job, as a person would write it; names that look like options stay names. */
export function jobArguments({ kind, context }: ScheduleEntry, database?: string): string[] {
  const { settings, target } = context;
  const verify = ['verify', '--all', ...(settings.BACKUP_MODE === 'local' ? [] : ['--remote'])];
  return [
    ...(kind === 'verify' ? verify : [kind]),
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...(database === undefined ? [] : [`--database=${database}`]),
  ];
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
    ...(BACKUP_RETRIES === undefined && { BACKUP_RETRIES: String(RETRIES) }),
    BACKUP_LOG_FORMAT: isPretty ? 'pretty' : 'json',
  };
}
