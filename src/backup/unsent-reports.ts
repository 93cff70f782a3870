import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, PgBackupError } from '../errors.ts';
import {
  ensureDirectory,
  listDirectory,
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
  removeFiles,
} from '../files/durable-files.ts';
import { type Layout, layoutOf } from '../files/layout.ts';
import { hasErrorCode, onDisk } from '../files/storage-error.ts';
import { type ReportSource, type SharedKind, sharedPath } from '../report/report-source.ts';
import type { TargetContext } from './context.ts';
import { openReportSource } from './report-source.ts';
import { withoutNames } from './shared-drill.ts';

/** In this order: where there is a report, all of the run is known. */
const KINDS: readonly SharedKind[] = ['records', 'drills', 'reports'];
/** A backup that is over waits no longer for it. */
const PATIENCE_MILLISECONDS = 120_000;
/** After an interruption: Kubernetes kills after half a minute. */
const LAST_PATIENCE_MILLISECONDS = 10_000;
/** A mark without its file is one of a run that came to nothing. */
const LONGEST_WRITE_MILLISECONDS = 3_600_000;
const SUFFIX = '.json';

/**
 * Notes, before it is written, that a report, a record or the account of a drill is to be put to REPORT_SOURCE, where that is set. Never rejects: what
 * cannot be noted is logged.
 */
export async function oweReports(
  { settings, log, language }: TargetContext,
  name: string,
  kinds: readonly SharedKind[],
): Promise<void> {
  const { REPORT_SOURCE, BACKUP_BASE_DIR } = settings;
  if (REPORT_SOURCE === undefined) return;
  const { unsent } = layoutOf(BACKUP_BASE_DIR);
  try {
    for (const kind of kinds) {
      const path = join(unsent, kind, name + SUFFIX);
      await ensureDirectory(join(unsent, kind), PRIVATE_DIRECTORY_MODE);
      // Targets that share a directory need not share what REPORT_SOURCE names.
      await onDisk(path, () => writeFile(path, REPORT_SOURCE, { mode: PRIVATE_FILE_MODE }));
    }
  } catch (error) {
    const { message } = describeError(error, language);
    log('warn', 'REPORTS_UNSENT', { count: kinds.length, source: REPORT_SOURCE, message });
  }
}

/**
 * Puts what is owed to REPORT_SOURCE, the newest first; without that setting, nothing. Never rejects: what does not arrive is logged and stays owed.
 * Does so for an interrupted run, too, but not for long.
 */
export async function sendReports(context: TargetContext): Promise<void> {
  const { settings, log, language } = context;
  const { REPORT_SOURCE, BACKUP_BASE_DIR } = settings;
  if (REPORT_SOURCE === undefined) return;
  const layout = layoutOf(BACKUP_BASE_DIR);
  const patience = startPatience(context.signal);
  let owed: readonly Owed[] = [];
  let settled = 0;
  let sent = 0;
  let failure: unknown;
  try {
    const source = openReportSource(context);
    owed = source ? await readOwed(layout, REPORT_SOURCE) : [];
    for (const one of owed) {
      try {
        if (source && (await sendOne(source, layout, one, patience.signal))) sent += 1;
        settled += 1;
      } catch (error) {
        failure ??= error;
        // A file that cannot be read keeps no other from its turn; a store that does not answer keeps all of them.
        if (patience.signal.aborted || isOfStore(error)) break;
      }
    }
  } catch (error) {
    failure = error;
  } finally {
    patience.end();
  }
  if (sent > 0) log('info', 'REPORTS_SENT', { count: sent, source: REPORT_SOURCE });
  if (failure === undefined) return;
  const { message, hint } = describeError(failure, language);
  log('warn', 'REPORTS_UNSENT', {
    ...{ count: owed.length - settled, source: REPORT_SOURCE },
    message: `${message} ${hint}`.trim(),
  });
}

interface Owed {
  readonly kind: SharedKind;
  /** With `.json`. */
  readonly fileName: string;
  readonly mark: string;
}

async function readOwed(layout: Layout, source: string): Promise<Owed[]> {
  const owed: Owed[] = [];
  for (const kind of KINDS) {
    for (const { name } of await listDirectory(join(layout.unsent, kind))) {
      const mark = join(layout.unsent, kind, name);
      const place = await readFile(mark, 'utf8').catch(() => undefined);
      if (place === source) owed.push({ kind, fileName: name, mark });
    }
  }
  return owed.toSorted((one, other) => timeOf(other).localeCompare(timeOf(one)));
}

function timeOf({ fileName }: Owed): string {
  return [...fileName.matchAll(/\d{8}T\d{6}/g)].at(-1)?.[0] ?? '';
}

/** Once more where it has changed meanwhile: another process may write it, and put it, at the same time. Returns whether there was something to put. */
async function sendOne(
  source: ReportSource,
  layout: Layout,
  owed: Owed,
  signal: AbortSignal,
): Promise<boolean> {
  const { kind, fileName, mark } = owed;
  const path = sharedPath(fileName);
  let sent: Buffer | undefined;
  let marked = 0;
  for (;;) {
    const now = await stat(mark).catch(() => undefined);
    const content = await readShared(kind, join(layout[kind], fileName));
    if (content !== undefined && path !== undefined) {
      const isSame = sent?.equals(content) === true;
      if (isSame && (now === undefined || now.mtimeMs === marked)) break;
      if (!isSame) await source.put(kind, path, content, signal);
      sent = content;
      marked = now?.mtimeMs ?? 0;
      continue;
    }
    const isUnderWay = existsSync(join(layout.running, fileName.slice(0, -SUFFIX.length)));
    if (isUnderWay || (now && Date.now() - now.mtimeMs < LONGEST_WRITE_MILLISECONDS)) return false;
    break;
  }
  await removeFiles([mark]);
  return sent !== undefined;
}

/** What is private here must not be told elsewhere. */
async function readShared(kind: SharedKind, path: string): Promise<Buffer | undefined> {
  return onDisk(path, async () => {
    try {
      const content = await readFile(path);
      const isPrivate = ((await stat(path)).mode & 0o077) === 0;
      return kind === 'drills' && isPrivate ? withoutNames(content) : content;
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  });
}

function isOfStore(error: unknown): boolean {
  return error instanceof PgBackupError && error.code === 'UPLOAD_FAILED';
}

/** A signal that aborts when it has taken long enough, or some time after an interruption. */
function startPatience(interruption: AbortSignal): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const giveUp = (): void =>
    controller.abort(
      new PgBackupError('UPLOAD_FAILED', { object: 'REPORT_SOURCE', detail: TOO_LONG, remedy: '' }),
    );
  const timers = [setTimeout(giveUp, PATIENCE_MILLISECONDS)];
  const hurry = (): void => {
    timers.push(setTimeout(giveUp, LAST_PATIENCE_MILLISECONDS));
  };
  if (interruption.aborted) hurry();
  else interruption.addEventListener('abort', hurry);
  return {
    signal: controller.signal,
    end() {
      interruption.removeEventListener('abort', hurry);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

const TOO_LONG = { en: 'it took too long', zh: '耗时过长' };
