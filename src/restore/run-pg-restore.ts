import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Toc, TocEntry } from '../archive/toc.ts';
import { isClosedPipe } from '../command-stream.ts';
import { type Command, type CommandResult, runCommand, startCommand } from '../exec.ts';
import { PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import { onDisk } from '../files/storage-error.ts';
import type { Client } from '../postgres/clients.ts';
import { foreignKeyCheck } from './foreign-key-check.ts';
import { collectRestoreMessages, type RestoreMessages } from './restore-messages.ts';
import type { DumpPart } from './restore-options.ts';
import type { RunSource } from './run-source.ts';
import {
  BEGIN,
  dropsOfAttachedConstraints,
  TRANSACTION_TIMEOUT,
  withoutCommit,
  withoutLines,
} from './script-filter.ts';
import { inOrder } from './select-entries.ts';
import type { ServerAccess } from './server-access.ts';

/** Clients from here on begin with `SET transaction_timeout`, which older servers refuse. */
const WITH_TRANSACTION_TIMEOUT = 17;

export interface PgRestoreOptions {
  readonly source: Pick<RunSource, 'encryption' | 'decrypt'>;
  /** The file, checked. */
  readonly dump: string;
  readonly toc: Toc;
  readonly client: Client;
  readonly access: ServerAccess;
  readonly database: string;
  readonly serverMajor: number;
  readonly jobs: number;
  /** All or nothing, in one transaction. */
  readonly inOneTransaction: boolean;
  readonly clean: boolean;
  readonly noOwner: boolean;
  readonly noPrivileges: boolean;
  readonly noTablespaces: boolean;
  /** Rows go in whatever triggers and foreign keys say; only a superuser may. */
  readonly disableTriggers: boolean;
  readonly part: DumpPart;
  readonly selected: ReadonlySet<number> | undefined;
  readonly temporaryDirectory: string;
  readonly signal: AbortSignal;
}

export interface PgRestoreResult {
  readonly result: CommandResult;
  readonly messages: RestoreMessages;
}

/**
 * Runs pg_restore on a checked file. How it ended is for the caller to judge: outside of a transaction it goes on after errors. Never --create: that
 * would drop or make the database that the archive names.
 */
export async function runPgRestore(options: PgRestoreOptions): Promise<PgRestoreResult> {
  const { source, dump, toc, client, access, database, serverMajor, signal } = options;
  const messages = collectRestoreMessages();
  const settings = await settingsOf(options);
  const isPlain = source.encryption === 'none';
  const isSettingUnknown = client.major >= WITH_TRANSACTION_TIMEOUT && serverMajor < WITH_TRANSACTION_TIMEOUT;
  const unwanted = [
    ...(isSettingUnknown ? [TRANSACTION_TIMEOUT] : []),
    ...(options.clean ? dropsOfAttachedConstraints(toc) : []),
  ];
  const isUnchecked = options.part.dataOnly && options.disableTriggers;
  if (options.inOneTransaction && (unwanted.length > 0 || isUnchecked)) {
    const atTheEnd = isUnchecked ? foreignKeyCheck(tablesWithRows(options)) : '';
    return { result: await runThroughPsql(options, settings, messages, { unwanted, atTheEnd }), messages };
  }
  const command = {
    file: client.pgRestore,
    args: [
      ...settings,
      `--dbname=${access.connection(database)}`,
      ...['--no-password', '--verbose'],
      ...(options.inOneTransaction ? ['--single-transaction'] : [`--jobs=${options.jobs}`]),
      ...(isPlain ? [dump] : []),
    ],
    environment: access.environment,
    signal,
    onErrorLine: (line: string) => messages.add(line),
  };
  const result = isPlain ? await runCommand(command) : await runDecrypting(command, options);
  signal.throwIfAborted();
  return { result, messages };
}

async function settingsOf(options: PgRestoreOptions): Promise<string[]> {
  const { part, selected, temporaryDirectory } = options;
  const list = join(temporaryDirectory, 'restore.list');
  if (selected) {
    const lines = inOrder(options.toc, selected).map(({ dumpId }) => `${dumpId};\n`);
    await onDisk(list, () => writeFile(list, lines.join(''), { mode: PRIVATE_FILE_MODE }));
  }
  return [
    ...(options.clean ? ['--clean', '--if-exists'] : []),
    ...(options.noOwner ? ['--no-owner'] : []),
    ...(options.noPrivileges ? ['--no-privileges'] : []),
    ...(options.noTablespaces ? ['--no-tablespaces'] : []),
    ...(part.schemaOnly ? ['--schema-only'] : []),
    ...(part.dataOnly ? ['--data-only'] : []),
    ...(part.dataOnly && options.disableTriggers ? ['--disable-triggers'] : []),
    ...(selected ? [`--use-list=${list}`] : []),
  ];
}

/** No plain text touches a disk; pg_restore cannot work in parallel then, because a pipe knows no way back. */
async function runDecrypting(
  command: Command,
  { source, dump, signal }: PgRestoreOptions,
): Promise<CommandResult> {
  const unwanted = new AbortController();
  const restore = startCommand({ ...command, signal: AbortSignal.any([signal, unwanted.signal]) });
  restore.stdout.resume();
  let failure: unknown;
  try {
    await pipeline(source.decrypt(createReadStream(dump)), restore.stdin);
  } catch (error) {
    failure = error;
    // A program that has ended by itself tells more than the pipe that broke.
    if (!isClosedPipe(error)) unwanted.abort();
  }
  const result = await restore.ended;
  signal.throwIfAborted();
  if (failure !== undefined && !isClosedPipe(failure)) throw failure;
  return result;
}

function tablesWithRows({ toc, selected }: PgRestoreOptions): TocEntry[] {
  return toc.entries.filter(
    ({ kind, dumpId }) => kind === 'TABLE DATA' && (selected === undefined || selected.has(dumpId)),
  );
}

/** The script instead of the connection, so that statements that would end the transaction can be taken out of it, and checks be added. */
async function runThroughPsql(
  options: PgRestoreOptions,
  settings: readonly string[],
  messages: RestoreMessages,
  script: { readonly unwanted: readonly string[]; readonly atTheEnd: string },
): Promise<CommandResult> {
  const { source, dump, client, access, database, signal } = options;
  const isPlain = source.encryption === 'none';
  const unwanted = new AbortController();
  // No script can know it, so only what comes behind the script can say it.
  const committed = `committed ${randomUUID()}`;
  const restore = startCommand({
    file: client.pgRestore,
    // Otherwise large objects come in a transaction of their own, which would end ours.
    args: [...settings, '--single-transaction', '--file=-', ...(isPlain ? [dump] : [])],
    environment: access.environment,
    signal,
  });
  const psql = startCommand({
    file: client.psql,
    args: [
      ...['--no-psqlrc', '--quiet', '--no-password', '--set=ON_ERROR_STOP=1'],
      ...['--output=/dev/null', '--file=-', `--dbname=${access.connection(database)}`],
    ],
    environment: access.environment,
    signal: AbortSignal.any([signal, unwanted.signal]),
    // What the server warns of is the same in whatever program's mouth.
    onErrorLine: (line) => messages.add(line.replace(/^psql:[^:]*:\d+: /, 'pg_restore: ')),
  });
  let said = '';
  psql.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-committed.length - 1);
  });
  psql.stdin.on('error', () => {});
  // Not --single-transaction: that would also commit at an end of its input which is none, such as our own death.
  psql.stdin.write(`${BEGIN}\n`);
  if (isPlain) restore.stdin.end();
  const fed = isPlain ? undefined : pipeline(source.decrypt(createReadStream(dump)), restore.stdin);
  const passed = pipeline(
    ...[restore.stdout, withoutLines([...script.unwanted, BEGIN]), withoutCommit()],
    psql.stdin,
    { end: false },
  );
  const [input, output] = await Promise.allSettled([fed, passed]);
  const written = await restore.ended;
  const endedItself = output.status === 'rejected' && isClosedPipe(output.reason);
  const isWhole = written.exitCode === 0 && input.status === 'fulfilled' && output.status === 'fulfilled';
  if (isWhole) psql.stdin.end(`${script.atTheEnd}\nCOMMIT;\n\\echo ${committed}\n`);
  else if (!endedItself) unwanted.abort();
  const result = await psql.ended;
  signal.throwIfAborted();
  // It was observed, whatever came afterwards.
  if (said === `${committed}\n`) return { ...result, exitCode: 0, signal: undefined };
  if (isWhole || endedItself) return { ...result, exitCode: result.exitCode || undefined };
  if (input.status === 'rejected' && !isClosedPipe(input.reason)) throw input.reason;
  if (written.exitCode === 0 && output.status === 'rejected') throw output.reason;
  return written;
}
