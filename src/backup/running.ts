import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ensureDirectory,
  listDirectory,
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
  writeDurably,
} from '../files/durable-files.ts';
import type { Layout } from '../files/layout.ts';
import { hasErrorCode, onDisk } from '../files/storage-error.ts';
import { readJson } from '../report/directory.ts';
import type { RunRecord } from '../report/record.ts';
import { compileSchema } from '../schema.ts';
import { type FileLock, tryFileLock } from './file-lock.ts';

const HEARTBEAT_MILLISECONDS = 60_000;
/** A run of another machine counts as dead after this silence: its lock cannot be trusted on every network file system. */
const SILENCE_MILLISECONDS = 15 * 60_000;
const JOURNAL = 'journal.json';
const LOCK = 'lock';
const MAXIMUM_JOURNAL_BYTES = 64 * 1024;
/** In front of marks that are not there yet, or not there any more. */
const DRAFT_PREFIX = '.draft-';

/** What must be known of a run should it be killed. */
export type Journal = Pick<
  RunRecord,
  | 'run'
  | 'database'
  | 'host'
  | 'port'
  | 'runner'
  | 'startedAt'
  | 'mode'
  | 'tool'
  | 'compression'
  | 'encryption'
  | 'leftOut'
> & {
  /** Of the machine's kernel, the same in all of its containers: tells whether file locks can be trusted. */
  readonly bootId: string;
  readonly temporaryDirectory: string;
};

export interface RunningMark {
  /** Takes the mark away; to be called once the report is written. */
  remove(): Promise<void>;
  /** Leaves the mark to the next start, which then finds the run dead and reports it. */
  abandon(): Promise<void>;
}

/**
 * Marks a run as under way, visible to every process that shares the directory. False where a run of that name is marked already.
 * The mark appears complete and locked, or not at all.
 */
export async function markRunning(
  layout: Layout,
  journal: Journal,
  searchPath: string | undefined,
): Promise<RunningMark | false> {
  await ensureDirectory(layout.running, PRIVATE_DIRECTORY_MODE);
  const draft = draftPath(layout);
  const final = join(layout.running, journal.run);
  return onDisk(draft, async () => {
    let lock: FileLock | undefined;
    try {
      await mkdir(draft, { mode: PRIVATE_DIRECTORY_MODE });
      await writeDurably(
        join(draft, JOURNAL),
        `${JSON.stringify(journal, undefined, 2)}\n`,
        PRIVATE_FILE_MODE,
      );
      lock = await tryFileLock(join(draft, LOCK), searchPath);
      if (!lock) throw new Error(`${draft} is held by another process`);
      await rename(draft, final);
      return keepMark(layout, final, lock);
    } catch (error) {
      await lock?.release();
      await rm(draft, { recursive: true, force: true });
      if (hasErrorCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
      throw error;
    }
  });
}

/** The names of all runs that are marked, alive or dead. */
export async function markedRuns(layout: Layout): Promise<string[]> {
  const entries = await listDirectory(layout.running);
  return entries.map(({ name }) => name).filter((name) => !name.startsWith('.'));
}

const checkJournal = compileSchema({
  type: 'object',
  properties: { host: { type: 'string' }, port: { type: 'integer' } },
  required: ['host', 'port'],
});

/** `host:port` of the server that a marked run backs up; undefined where its mark does not tell, or cannot be read. */
export async function readMarkedServer(layout: Layout, run: string): Promise<string | undefined> {
  const path = join(layout.running, run, JOURNAL);
  const journal = await readJson<Journal>(path, checkJournal, MAXIMUM_JOURNAL_BYTES);
  return journal && `${journal.host}:${journal.port}`;
}

/** Removes what processes that were killed while they made or took away a mark left; a draft lives for milliseconds only. */
export async function removeAbandonedDrafts(layout: Layout): Promise<void> {
  const names = await readdir(layout.running).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith(DRAFT_PREFIX))) {
    const draft = join(layout.running, name);
    const facts = await stat(draft).catch(() => undefined);
    const isAbandoned = facts !== undefined && Date.now() - facts.mtime.getTime() > SILENCE_MILLISECONDS;
    if (isAbandoned) await onDisk(draft, () => rm(draft, { recursive: true, force: true }));
  }
}

export interface DeadRun {
  readonly journal: Journal;
  readonly lastSignOfLife: Date;
  /** Takes the mark away and frees the claim. */
  remove(): Promise<void>;
  /** Frees the claim; the mark stays for the next one. */
  leave(): Promise<void>;
}

/** Claims the mark of a run whose process is gone, so that one process alone repairs it; undefined for a run that may be alive. */
export async function claimDeadRun(
  layout: Layout,
  run: string,
  searchPath: string | undefined,
  bootId: string,
): Promise<DeadRun | undefined> {
  const directory = join(layout.running, run);
  const journalPath = join(directory, JOURNAL);
  const facts = await stat(journalPath).catch(async (error) => {
    // A mark appears with its journal: one without was being taken away when its process was killed.
    if (hasErrorCode(error, 'ENOENT')) await rm(directory, { recursive: true, force: true }).catch(() => {});
    return undefined;
  });
  if (!facts) return undefined;
  const lock = await tryFileLock(join(directory, LOCK), searchPath);
  if (!lock) return undefined;
  // Another process may have repaired it between our look and our lock.
  const text = await readFile(journalPath, 'utf8').catch(() => undefined);
  const journal = parseJournal(text ?? '');
  const silence = Date.now() - facts.mtime.getTime();
  if (!journal || (journal.bootId !== bootId && silence < SILENCE_MILLISECONDS)) {
    await lock.release();
    return undefined;
  }
  return {
    journal,
    lastSignOfLife: facts.mtime,
    async remove() {
      await takeAway(layout, directory);
      await lock.release();
    },
    leave: () => lock.release(),
  };
}

/** undefined where a power cut left the journal empty or torn. */
function parseJournal(text: string): Journal | undefined {
  try {
    const journal = JSON.parse(text) as Partial<Journal> | null;
    return journal?.run === undefined ? undefined : (journal as Journal);
  } catch {
    return undefined;
  }
}

/** The identity of the running kernel (random(4)); empty where there is none. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function keepMark(layout: Layout, directory: string, lock: FileLock): RunningMark {
  const beat = setInterval(() => {
    const now = new Date();
    utimes(join(directory, JOURNAL), now, now).catch(() => {});
  }, HEARTBEAT_MILLISECONDS);
  beat.unref();
  const abandon = async (): Promise<void> => {
    clearInterval(beat);
    await lock.release();
  };
  return {
    abandon,
    async remove() {
      try {
        await takeAway(layout, directory);
      } finally {
        await abandon();
      }
    },
  };
}

function draftPath(layout: Layout): string {
  return join(layout.running, `${DRAFT_PREFIX}${randomBytes(6).toString('hex')}`);
}

/** Renamed first: whoever looks at the marks sees a whole one or none, and cannot put a new file into it meanwhile. */
async function takeAway(layout: Layout, directory: string): Promise<void> {
  const draft = draftPath(layout);
  await onDisk(directory, async () => {
    await rename(directory, draft);
    await rm(draft, { recursive: true, force: true });
  });
}
