import { readdir } from 'node:fs/promises';
import { markedRuns, readMarkedServer } from '../../backup/running.ts';
import type { Layout } from '../../files/layout.ts';
import { hasErrorCode } from '../../files/storage-error.ts';
import { JSON_KINDS } from '../../report/directory.ts';
import { drillFacts, recordFacts, reportFacts, skipFacts } from './facts.ts';
import { type FollowedDirectory, followDirectory } from './follow-directory.ts';
import type { RunIndex } from './run-index.ts';
import { lookAtSurroundings } from './surroundings.ts';

/** What killed runs left counts as well. */
const MOST_MARKS = 1_000;

/** What lies below one `BACKUP_BASE_DIR`. */
export interface Place {
  readonly layout: Layout;
  readonly reports: FollowedDirectory;
  readonly others: readonly FollowedDirectory[];
  lookAtMarks(attempt: (action: () => Promise<void>) => Promise<void>): Promise<void>;
}

/** Keeps the index up to date with a place whenever it is looked at. */
export function followPlace(index: RunIndex, layout: Layout, place: number): Place {
  return {
    layout,
    reports: followDirectory({
      path: layout.reports,
      kind: JSON_KINDS.reports,
      factsOf: reportFacts,
      onChange: (name, facts) => index.setReport(place, name, facts),
      onUnreadable: (name, isIt) => index.setUnreadable(place, 'reports', name, isIt),
    }),
    others: [
      followDirectory({
        path: layout.records,
        kind: JSON_KINDS.records,
        factsOf: recordFacts,
        onChange: (name, facts) => index.setRecord(place, name, facts),
        onUnreadable: (name, isIt) => index.setUnreadable(place, 'records', name, isIt),
      }),
      followDirectory({
        path: layout.drills,
        kind: JSON_KINDS.drills,
        factsOf: drillFacts,
        onChange: (name, facts) => index.setDrill(place, name, facts),
      }),
      followDirectory({
        path: layout.skipped,
        kind: JSON_KINDS.skipped,
        factsOf: skipFacts,
        onChange: (name, facts) => index.setSkip(place, name, facts),
      }),
    ],
    async lookAtMarks(attempt) {
      // Both are private: another user than the backup's cannot look into them, and then what lies there is not known.
      await attempt(async () => {
        // In this order: a run whose dump is not listed yet is still marked.
        const files = await listData(layout);
        const marked = await markedRuns(layout).catch((error: unknown) => {
          if (error instanceof Error && hasErrorCode(error.cause, 'EACCES')) return [];
          throw error;
        });
        const marks = marked.slice(0, MOST_MARKS).map(async (run) => {
          return { run, server: await readMarkedServer(layout, run) };
        });
        index.setRunning(place, await Promise.all(marks));
        index.setDataFiles(place, files);
      });
      await attempt(async () => index.setSurroundings(place, await lookAtSurroundings(layout)));
    },
  };
}

/** Where there is no such directory there are no dumps. */
async function listData(layout: Layout): Promise<string[] | undefined> {
  try {
    return await readdir(layout.data);
  } catch (error) {
    return hasErrorCode(error, 'ENOENT') ? [] : undefined;
  }
}
