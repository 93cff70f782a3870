import { nearestNames } from '../config/typos.ts';
import { PgBackupError } from '../errors.ts';
import { layoutOf } from '../files/layout.ts';
import { type Language, render, type Text, type TextParameters } from '../language.ts';
import type { Store } from '../storage/store.ts';
import { type ArchiveReader, openArchiveReader } from './archive-reader.ts';
import type { BackupContext } from './context.ts';
import { type Copies, type CopiesOfRun, findCopies } from './copies.ts';
import { withTemporaryDirectory } from './temporary-directory.ts';
import { checkLocal, isExpectedHere } from './verify-local.ts';
import { checkRemote } from './verify-remote.ts';
import { describeForeign, describeVerdict, verdictOf } from './verify-report.ts';
import type { CheckResult } from './verify-result.ts';
import { openStoreIn } from './with-store.ts';

export interface VerifyOptions {
  /** Default: the newest one; with `remote` also the newest that has remote copies. */
  readonly run: string | undefined;
  readonly all: boolean | undefined;
  /** Also the copies in the store. */
  readonly remote: boolean;
  readonly write: (text: string) => unknown;
}

const NEAREST_NAMES = 3;
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/**
 * Checks copies of the configured database's runs and writes one line for each, then what is not ours. Changes nothing.
 * @throws PgBackupError COPIES_DAMAGED, else what kept a check from its end (STORE_FAILED, COMMAND_MISSING, ENCRYPTION_FAILED), else
 * CONFIRM_FAILED or USAGE where nothing could be compared; USAGE for an unknown run
 */
export async function verifyCopies(context: BackupContext, options: VerifyOptions): Promise<void> {
  if (options.remote && context.settings.BACKUP_MODE === 'local') {
    throw new PgBackupError('USAGE', { detail: NOTHING_REMOTE });
  }
  await withTemporaryDirectory(context, async (directory) => {
    const { copies, store, failure } = await look(context, options.remote ? directory : undefined);
    const runs = chooseRuns(copies, context, options);
    const reader = openArchiveReader(context, directory);
    try {
      await checkEach({ runs, copies, reader, store, failure }, context, options);
    } catch (error) {
      // What an interrupted check threw tells less than the interruption.
      context.signal.throwIfAborted();
      throw error;
    } finally {
      await reader.close();
    }
  });
}

interface Work {
  readonly runs: readonly CopiesOfRun[];
  readonly copies: Copies;
  readonly reader: ArchiveReader;
  readonly store: Store | undefined;
  /** Why the store could not be opened or listed. */
  readonly failure: PgBackupError | undefined;
}

/** A store that cannot be opened or listed does not keep the local copies from being checked. Without a directory for its keys it is not asked. */
async function look(
  context: BackupContext,
  storeDirectory: string | undefined,
): Promise<Pick<Work, 'copies' | 'store' | 'failure'>> {
  try {
    const store = storeDirectory === undefined ? undefined : await openStoreIn(storeDirectory, context);
    return { copies: await findCopies(context, store), store, failure: undefined };
  } catch (error) {
    context.signal.throwIfAborted();
    if (storeDirectory === undefined || !(error instanceof PgBackupError)) throw error;
    return { copies: await findCopies(context, undefined), store: undefined, failure: error };
  }
}

function chooseRuns(copies: Copies, context: BackupContext, options: VerifyOptions): readonly CopiesOfRun[] {
  const refuse = (text: Text, parameters: TextParameters = {}): never => {
    throw new PgBackupError('USAGE', { detail: render(text, context.language, parameters) });
  };
  const known = copies.runs.filter((run) => run.known);
  const named = copies.runs.filter(({ name }) => name === options.run);
  if (options.run !== undefined && named.length === 0) {
    // Only the store could tell whether its copies are still there.
    if (!options.remote && copies.known.byName.get(options.run)?.record?.remote.length) refuse(NOTHING_HERE);
    const nearest = nearestNames(
      options.run,
      copies.runs.map(({ name }) => name),
    ).slice(0, NEAREST_NAMES);
    refuse(UNKNOWN_RUN, { run: options.run, nearest: nearest.join(', ') || '-' });
  }
  if (named.length === 0 && known.length === 0) refuse(NO_BACKUP, { database: context.settings.PG_DATABASE });
  const chosen = named.length > 0 ? named : options.all ? known : newestOf(known, options);
  const checkable = options.remote ? chosen : chosen.filter(isExpectedHere);
  return checkable.length > 0 ? checkable : refuse(NOTHING_HERE);
}

/** The newest may never have been sent, and would tell nothing of the store. */
function newestOf(known: readonly CopiesOfRun[], { remote }: VerifyOptions): CopiesOfRun[] {
  const [newest] = known;
  const newestSent = remote ? known.find((run) => run.isIndispensableInStore) : undefined;
  return [...new Set([newest, newestSent])].filter((run) => run !== undefined);
}

async function checkEach(work: Work, context: BackupContext, options: VerifyOptions): Promise<void> {
  const { settings, language, signal, progress, scrub } = context;
  const { data } = layoutOf(settings.BACKUP_BASE_DIR);
  const damaged: string[] = [];
  const unchecked: { readonly run: string; readonly waits: boolean }[] = [];
  const failures: PgBackupError[] = [];
  for (const run of work.runs) {
    signal.throwIfAborted();
    let bytesDone = 0;
    const onBytes = (done: number): void => {
      bytesDone = done;
    };
    const yardstickBytes =
      run.known?.record?.artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) ?? 0;
    const stopShowing = progress.start(run.name, () => ({ bytesDone, yardstickBytes }));
    let local: CheckResult;
    let remote: CheckResult | undefined;
    try {
      local = await checkLocal(run, { data, reader: work.reader, signal, onBytes });
      if (work.store) {
        const mayBeGone = options.run === undefined && isOldEnough(run, work.copies, context);
        remote = await checkRemote(run, { store: work.store, signal, onBytes, mayBeGone });
      } else if (work.failure) remote = { findings: [], failure: work.failure };
    } finally {
      stopShowing();
    }
    options.write(scrub(describeVerdict(run.name, { local, remote }, language)));
    const results = [local, ...(remote ? [remote] : [])];
    const verdict = verdictOf(results);
    if (verdict === 'damaged') damaged.push(run.name);
    else if (verdict === 'unchecked') {
      unchecked.push({ run: run.name, waits: remote?.gap === 'waits' });
    }
    failures.push(...results.flatMap(({ failure }) => failure ?? []));
  }
  options.write(describeForeign(work.copies, language));
  if (damaged.length > 0) {
    throw new PgBackupError('COPIES_DAMAGED', {
      count: damaged.length,
      total: work.runs.length,
      runs: damaged.join(', '),
    });
  }
  if (failures[0]) throw failures[0];
  // Of many runs a few may be beyond reach, such as those that went elsewhere; where all of them are, nothing was verified.
  if (unchecked.length > 0 && (!options.all || unchecked.length === work.runs.length)) {
    throw nothingProven(unchecked, language);
  }
}

function nothingProven(
  unchecked: readonly { readonly run: string; readonly waits: boolean }[],
  language: Language,
): PgBackupError {
  const waiting = unchecked.find(({ waits }) => waits);
  if (waiting) {
    return new PgBackupError('CONFIRM_FAILED', { object: waiting.run, detail: NOT_SENT, remedy: SEND });
  }
  const runs = unchecked.map(({ run }) => run).join(', ');
  return new PgBackupError('USAGE', { detail: render(NOTHING_COMPARED, language, { runs }) });
}

/** Whether what removes old copies can have removed those of this run: it takes the oldest ones, and never the newest. */
function isOldEnough(run: CopiesOfRun, copies: Copies, { settings, clock }: BackupContext): boolean {
  if (run.isIndispensableInStore) return false;
  const ageMilliseconds = clock().getTime() - run.startedAt.getTime();
  const { REMOTE_RETENTION_DAYS: days = Number.POSITIVE_INFINITY } = settings;
  const present = copies.runs.filter(({ remote }) => remote);
  return (
    ageMilliseconds > days * DAY_MILLISECONDS ||
    (present.length > 0 && present.every(({ startedAt }) => startedAt > run.startedAt))
  );
}

const NOT_SENT: Text = { en: 'it waits for its upload', zh: '等待上传' };
const SEND: Text = { en: 'Send it: pg-backup upload.', zh: '请上传：pg-backup upload。' };
const NOTHING_COMPARED: Text = {
  en: 'Nothing that could be compared was found of: {runs}',
  zh: '以下备份没有可比对的内容：{runs}',
};
const NOTHING_REMOTE: Text = {
  en: 'BACKUP_MODE is local: there are no remote copies to verify',
  zh: 'BACKUP_MODE 为 local：没有可校验的远端副本',
};
const UNKNOWN_RUN: Text = {
  en: 'There is no backup {run} here. The most alike: {nearest}',
  zh: '此处没有备份 {run}。最接近的是：{nearest}',
};
const NO_BACKUP: Text = {
  en: 'There is no backup of {database} to verify yet. Make one: pg-backup backup',
  zh: '{database} 尚无可校验的备份。请先执行：pg-backup backup',
};
const NOTHING_HERE: Text = {
  en: 'There is no copy on this machine to verify; for the remote one: pg-backup verify --remote',
  zh: '本机没有可校验的副本；校验远端副本请执行：pg-backup verify --remote',
};
