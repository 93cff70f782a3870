import { SETTING_NAMES, type SettingName, settingOf } from '../config/settings.ts';
import { PgBackupError } from '../errors.ts';
import {
  type CommandResult,
  describeOutcome,
  isExecutable,
  pathDirectories,
  type RunningCommand,
  startCommand,
} from '../exec.ts';
import { foreignSecretNames } from '../foreign-secrets.ts';
import type { Text } from '../language.ts';
import { lastLines } from '../postgres/failures.ts';
import type { RunStatus } from '../report/report.ts';
import type { BackupContext } from './context.ts';
import type { OpenRun } from './open-run.ts';

type Hook = 'BACKUP_HOOK_BEFORE' | 'BACKUP_HOOK_AFTER';

/** A hook that talks without end must not fill the disk with its log. */
const LOGGED_LINES = 500;
/** Whoever stops the program waits some seconds before he kills it. */
const INTERRUPTED_MILLISECONDS = 5_000;
/** Of a run that was ended for its deadline, which has no time of its own left. */
const TIMED_OUT_MILLISECONDS = 60_000;
const GRACE_SECONDS = 2;

/**
 * Runs BACKUP_HOOK_BEFORE where there is one, without a shell; the path that the record will have is its last argument. Its failure is only
 * logged where BACKUP_HOOK_BEFORE_FAILURE says so.
 * @throws PgBackupError HOOK_FAILED, or the reason of the context's signal
 */
export async function runBeforeHook(context: BackupContext, run: OpenRun): Promise<void> {
  const { settings, signal, log } = context;
  const failure = await runHook('BACKUP_HOOK_BEFORE', context, run, { PG_BACKUP_EVENT: 'before' }, signal);
  signal.throwIfAborted();
  if (!failure) return;
  if (settings.BACKUP_HOOK_BEFORE_FAILURE === 'stop') throw new PgBackupError('HOOK_FAILED', { ...failure });
  log('warn', 'HOOK_FAILED_AND_IGNORED', { hook: 'BACKUP_HOOK_BEFORE', ...failure });
}

/**
 * Runs BACKUP_HOOK_AFTER where there is one, once the record and the report are written. After an interruption it has five seconds. Its failure
 * is only logged; never rejects.
 */
export async function runAfterHook(context: BackupContext, run: OpenRun, status: RunStatus): Promise<void> {
  const variables = { PG_BACKUP_EVENT: 'after', PG_BACKUP_STATUS: status };
  const failure = await runHook('BACKUP_HOOK_AFTER', context, run, variables, lastPatience(context.signal));
  if (failure) context.log('warn', 'HOOK_FAILED_AND_IGNORED', { hook: 'BACKUP_HOOK_AFTER', ...failure });
}

interface HookFailure {
  readonly outcome: string | Text;
  readonly detail: string | Text;
}

async function runHook(
  hook: Hook,
  context: BackupContext,
  run: OpenRun,
  variables: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HookFailure | undefined> {
  const { settings, environment } = context;
  const [name, ...words] = settings[hook] ?? [];
  if (name === undefined) return undefined;
  const file = findHook(name, environment['PATH']);
  if (file === undefined) return notFound(name, environment['PATH']);
  const say = sayLines(hook, context);
  const command = startCommand({
    file,
    args: [...words, run.files.record],
    environment: {
      ...withoutSecrets(environment),
      ...variables,
      PG_BACKUP_RUN: run.journal.run,
      PG_BACKUP_DATABASE: run.journal.database,
      PG_BACKUP_RECORD: run.files.record,
      PG_BACKUP_REPORT: run.files.report,
    },
    workingDirectory: '/',
    ...{ signal, graceSeconds: GRACE_SECONDS, onErrorLine: say },
  });
  const last = hearOutput(command, say);
  const result = await command.ended;
  if (result.exitCode === 0 && !signal.aborted) return undefined;
  return signal.aborted ? ENDED : failed(result, last());
}

/** An absolute path, or a name that is looked for on PATH; what a relative path means depends on where we were started. */
function findHook(name: string, searchPath: string | undefined): string | undefined {
  if (name.startsWith('/')) return isExecutable(name) ? name : undefined;
  if (name.includes('/')) return undefined;
  return pathDirectories(searchPath)
    .map((directory) => `${directory}/${name}`)
    .find(isExecutable);
}

function notFound(name: string, searchPath: string | undefined): HookFailure {
  const places = name.startsWith('/') ? '' : pathDirectories(searchPath).join(', ') || 'PATH';
  const en = places === '' ? 'is no program that can be executed' : `is neither absolute nor in ${places}`;
  const zh = places === '' ? '不是可执行的程序' : `既不是绝对路径，也不在 ${places} 中`;
  return { outcome: NOT_STARTED, detail: { en: `${name} ${en}`, zh: `${name} ${zh}` } };
}

/** What others are to know of the environment. */
function withoutSecrets(environment: BackupContext['environment']): Record<string, string> {
  const foreign = new Set(foreignSecretNames(environment));
  const isSecret = (name: string): boolean =>
    foreign.has(name) || (isSetting(name) && settingOf(name).secret === true);
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || isSecret(name) ? [] : [[name, value]],
    ),
  );
}

function isSetting(name: string): name is SettingName {
  return (SETTING_NAMES as readonly string[]).includes(name);
}

function sayLines(hook: Hook, { log }: BackupContext): (line: string) => void {
  let count = 0;
  return (line) => {
    if (line.trim() === '') return;
    count += 1;
    if (count <= LOGGED_LINES) log('info', 'HOOK_OUTPUT', { hook, line });
    else if (count === LOGGED_LINES + 1) log('warn', 'HOOK_OUTPUT_LEFT_OUT', { hook, count: LOGGED_LINES });
  };
}

const LONGEST_LINE_CHARACTERS = 4096;

/** Tells the lines of its standard output, and returns the last ones. */
function hearOutput({ stdin, stdout }: RunningCommand, say: (line: string) => void): () => string {
  stdin.on('error', () => {});
  stdin.end();
  let open = '';
  let heard: string[] = [];
  const hear = (line: string): void => {
    say(line);
    heard = [...heard, line].slice(-4);
  };
  stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (open + text).split('\n');
    open = (lines.pop() ?? '').slice(-LONGEST_LINE_CHARACTERS);
    for (const line of lines) hear(line.slice(0, LONGEST_LINE_CHARACTERS));
  });
  stdout.on('end', () => {
    if (open !== '') hear(open);
  });
  return () => heard.join('\n');
}

function failed(result: CommandResult, output: string): HookFailure {
  return {
    outcome: describeOutcome(result),
    detail: lastLines(result.stderr) || lastLines(output) || SAID_NOTHING,
  };
}

function lastPatience(signal: AbortSignal): AbortSignal {
  if (!signal.aborted) return signal;
  const isTimedOut = signal.reason instanceof PgBackupError && signal.reason.code === 'TIMED_OUT';
  return AbortSignal.timeout(isTimedOut ? TIMED_OUT_MILLISECONDS : INTERRUPTED_MILLISECONDS);
}

const NOT_STARTED: Text = { en: 'not started', zh: '未能启动' };
const SAID_NOTHING: Text = { en: 'it said nothing', zh: '没有任何输出' };
const ENDED: HookFailure = {
  outcome: { en: 'ended by pg-backup', zh: '被 pg-backup 终止' },
  detail: { en: 'its time was over, or the run was interrupted', zh: '已超时，或运行被中断' },
};
