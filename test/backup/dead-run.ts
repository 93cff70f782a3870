import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Journal, readBootId } from '../../src/backup/running.ts';
import type { Layout } from '../../src/files/layout.ts';

/** The journal of a local run of this machine. */
export function journalOf(run: string): Journal {
  return {
    run,
    database: 'community',
    host: 'db',
    port: 5432,
    runner: { hostname: 'db01', version: '0.0.0' },
    startedAt: '2025-10-11T18:00:00.123Z',
    mode: 'local',
    tool: 'ossutil',
    compression: '9',
    leftOut: [],
    bootId: readBootId(),
    temporaryDirectory: '/nowhere/pg-backup-x',
  };
}

/** The mark of a run whose process is gone. */
export function leaveDeadRun(layout: Layout, journal: Journal): void {
  const directory = join(layout.running, journal.run);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'journal.json'), JSON.stringify(journal));
  writeFileSync(join(directory, 'lock'), '');
}
