import type { BackupContext } from '../backup/context.ts';
import type { Finding } from '../doctor/examine-target.ts';
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
import { gatherEvidence } from './evidence.ts';
import type { Item } from './item.ts';
import { logItem } from './log-item.ts';
import { reportItem, serverItem } from './report-items.ts';
import { encryptedItem, envFileItem, filesItem, modeItem } from './safety-items.ts';
import { scheduleItem } from './schedule-item.ts';

export interface Surveyed {
  readonly findings: readonly Finding[];
  readonly scope: string;
  /** Absent where no server was named. */
  readonly answer: ServerAnswer | undefined;
}

/** The list of one database, in the handbook's order but for section 12, which comes first. */
export async function checklist(
  context: BackupContext,
  { findings, scope, answer }: Surveyed,
): Promise<Item[]> {
  const evidence = await gatherEvidence(context, findings, scope);
  return [
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
}
