import { progressView } from '../overview/run-progress.ts';
import type { Site } from '../overview/site.ts';
import type { RunningRun } from '../run-index/place-facts.ts';
import type { IndexedRun } from '../run-index/run-index.ts';
import { bytesText } from './figures.ts';
import type { PageContext } from './page-context.ts';
import { Distance, Sign } from './parts.tsx';
import { recordWord } from './record-words.ts';

interface RunningNoteProps {
  readonly page: PageContext;
  readonly site: Site;
  readonly running: RunningRun;
  readonly newestGood: IndexedRun | undefined;
  readonly zone: string;
}

/** What is going on right now, as far as it tells. */
export function RunningNote({ page, site, running, newestGood, zone }: RunningNoteProps) {
  const { say } = page;
  const progress = progressView(site, running, newestGood);
  const { doneBytes = null, expectedBytes = null } = progress ?? {};
  const isMeasured = doneBytes !== null && expectedBytes !== null && expectedBytes > 0;
  return (
    <div class="running">
      <p>
        <Sign tone="busy" /> {say(RUNNING)} <Distance page={page} at={running.startedAt} zone={zone} />
      </p>
      {progress && (
        <p class="running-stage">
          <code>{recordWord(page, 'stage', progress.stage)}</code>
          {doneBytes !== null && ` ${bytesText(doneBytes)}`}
          {isMeasured && ` / ${bytesText(expectedBytes)}`}
        </p>
      )}
      {isMeasured && (
        <progress aria-label={say(PROGRESS)} max={expectedBytes} value={Math.min(doneBytes, expectedBytes)} />
      )}
    </div>
  );
}

const RUNNING = { en: 'A run is under way, begun', zh: '正在备份，开始于' };
const PROGRESS = { en: 'Progress of this stage', zh: '本阶段进度' };
