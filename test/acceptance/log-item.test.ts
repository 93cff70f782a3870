import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Evidence } from '../../src/acceptance/evidence.ts';
import { logItem } from '../../src/acceptance/log-item.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const RUN = 'shop_20270110T020000Z_db01';
const STARTED = `[2027-01-10T02:00:00Z] INFO: Backup of shop on db:5432 started: ${RUN}\n`;
const ENDED = '[2027-01-10T02:05:00Z] INFO: Done\n';

test('a log that tells of the run, and of no error while it was made, is clean', async (t) => {
  assert.equal(await stateOf(t, STARTED + ENDED), 'done');
  const before = '[2027-01-10T01:59:59Z] ERROR: another run\n';
  const after = '[2027-01-10T02:05:01Z] ERROR: another run\n';
  assert.equal(await stateOf(t, before + STARTED + ENDED + after), 'done');
  assert.equal(await stateOf(t, `${STARTED}[2027-01-10T02:01:00Z] ERROR: something\n${ENDED}`), 'open');
});

test('a log that tells nothing of the run shows nothing', async (t) => {
  for (const log of [
    '',
    '[2027-01-10T09:00:00Z] INFO: Backup of office on db:5432 started: office_20270110T090000Z_db01\n',
    '[2027-01-10T02:01:00Z] INFO: Backup of office on db:5432 started: office_20270110T020100Z_db01\n',
    `[2027-01-10T09:00:00Z] INFO: ${RUN} is kept\n`,
    undefined,
  ])
    assert.equal(await stateOf(t, log), 'not-applicable', log);
});

test('of the host script, whose lines do not name their run, a line of the time will do', async (t) => {
  assert.equal(await stateOf(t, ENDED, 'script'), 'done');
  assert.equal(await stateOf(t, '[2027-01-10T09:00:00Z] INFO: Done\n', 'script'), 'not-applicable');
});

async function stateOf(t: TestContext, log: string | undefined, by: 'us' | 'script' = 'us'): Promise<string> {
  const directory = temporaryDirectory(t);
  if (log !== undefined) writeFileSync(join(directory, 'backup_20270110.log'), log);
  const ended = { finishedAt: '2027-01-10T02:05:00Z' };
  const evidence = {
    context: { settings: { BACKUP_LOG_DIR: directory } },
    newest: { name: RUN, startedAt: new Date('2027-01-10T02:00:00Z'), report: ended },
    record: by === 'us' ? ended : undefined,
  };
  return (await logItem(evidence as unknown as Evidence)).state;
}
