import type { ServerAnswer } from './ask-server.ts';
import { backupItem, remoteItem } from './backup-items.ts';
import {
  globalsItem,
  lastRunItem,
  readBackItem,
  retentionItem,
  waitingItem,
  warningItem,
} from './daily-items.ts';
import { doctorItems } from './doctor-items.ts';
import { drillItem } from './drill-item.ts';
import type { Evidence } from './evidence.ts';
import type { Item, ItemState } from './item.ts';
import { logItem } from './log-item.ts';
import { reportItem, serverItem } from './report-items.ts';
import { encryptedItem, envFileItem, filesItem, modeItem } from './safety-items.ts';
import { scheduleItem } from './schedule-item.ts';

/** The list of one database, in the handbook's order but for section 12, which comes first. `answer`: absent where no server was named. */
export async function checklist(evidence: Evidence, answer: ServerAnswer | undefined): Promise<Item[]> {
  const items = [
    backupItem(evidence),
    remoteItem(evidence),
    drillItem(evidence),
    scheduleItem(evidence),
    await reportItem(evidence),
    serverItem(evidence, answer),
    lastRunItem(evidence),
    warningItem(evidence),
    await logItem(evidence),
    waitingItem(evidence),
    await retentionItem(evidence),
    readBackItem(evidence),
    globalsItem(evidence),
    ...doctorItems(evidence),
    await envFileItem(evidence),
    await filesItem(evidence),
    encryptedItem(evidence),
    modeItem(evidence),
  ];
  const { unread } = evidence.history;
  if (!unread) return items;
  // That nothing is known here says nothing of what there is.
  return items.map((item) =>
    item.state === WITHOUT_HISTORY.get(item.id)
      ? { id: item.id, chapter: item.chapter, title: item.title, state: 'open', ...unread }
      : item,
  );
}

/** What is judged by runs and drills, and how, where none is known. */
const WITHOUT_HISTORY: ReadonlyMap<string, ItemState> = new Map([
  ...'backup remote drill schedule report-file last-run retention read-back globals encrypted mode'
    .split(' ')
    .map((id) => [id, 'open'] as const),
  ['warning', 'not-applicable'],
  ['log', 'not-applicable'],
  ['waiting', 'done'],
]);
