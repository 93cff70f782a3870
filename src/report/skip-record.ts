import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ensureDirectory,
  PUBLIC_DIRECTORY_MODE,
  PUBLIC_FILE_MODE,
  writeDurably,
} from '../files/durable-files.ts';
import type { Layout } from '../files/layout.ts';

/** `busy`: another runner was at it. `overlap`: the last one of this scheduler was still under way. `missed`: found out too late to be caught up. */
export type SkipReason = 'busy' | 'overlap' | 'missed';

/** Our account of work that was due or asked for, and not done; kept in `skipped/`, and no report. */
export interface SkipRecord {
  readonly version: 1;
  readonly kind: 'backup' | 'drill' | 'verify';
  readonly target?: string;
  /** Absent where all databases of the target are meant. */
  readonly database?: string;
  /** Of the schedule; absent where nobody's schedule asked for it. */
  readonly dueAt?: string;
  readonly skippedAt: string;
  readonly hostname: string;
  readonly reason: SkipReason;
  /** Who was at it, for people. */
  readonly detail: string;
}

const KEPT_MILLISECONDS = 90 * 24 * 60 * 60 * 1000;

/** Writes one such account; those older than ninety days go. */
export async function writeSkip(layout: Layout, skip: SkipRecord): Promise<void> {
  await ensureDirectory(layout.skipped, PUBLIC_DIRECTORY_MODE);
  const time = skip.skippedAt.replaceAll(/[-:.]/g, '');
  const name = `${skip.kind}_${time}_${crypto.randomUUID().slice(0, 8)}.json`;
  await writeDurably(join(layout.skipped, name), `${JSON.stringify(skip, undefined, 2)}\n`, PUBLIC_FILE_MODE);
  await removeOld(layout.skipped, new Date(skip.skippedAt));
}

async function removeOld(directory: string, now: Date): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const facts = await stat(path).catch(() => undefined);
    if (facts?.isFile() && now.getTime() - facts.mtime.getTime() > KEPT_MILLISECONDS)
      await rm(path, { force: true });
  }
}
