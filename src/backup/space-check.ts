import { statfsSync } from 'node:fs';
import prettyBytes from 'pretty-bytes';
import type { Check } from '../check.ts';
import { freeBytes } from '../files/storage-error.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteWord } from '../quote-word.ts';
import { forDatabase, type TargetContext } from './context.ts';
import { type PastRun, readRunsWithFiles } from './history.ts';
import { parseKeepRules } from './keep-rules.ts';
import { forecastSpace, type SpaceForecast } from './space-forecast.ts';

const DAYS_TO_ACT = 14;
/** A run makes a dozen files, and the reports of a year are thousands. */
const FEW_FILES = 1000;

/** Whether the disk has room for the next run of each database and for those that come after, as far as past runs tell. `directory` lies on it. */
export async function checkSpace(
  context: TargetContext,
  databases: readonly string[],
  directory: string,
): Promise<Check[]> {
  const { settings } = context;
  const free = freeBytes(directory);
  if (free === undefined) return [];
  const histories: (readonly PastRun[])[] = [];
  for (const name of databases) histories.push(await readRunsWithFiles(forDatabase(context, name)));
  const forecast = forecastSpace(histories, {
    freeBytes: free,
    policy: {
      retentionDays: settings.RETENTION_DAYS,
      keep: parseKeepRules(settings.RETENTION_KEEP),
      // A hold is lifted by the next normal run.
      heldSeries: new Set(),
    },
    keepsFiles: settings.BACKUP_MODE !== 'oss',
    now: context.clock(),
  });
  return [judge(forecast, free, directory), ...checkFileNumbers(directory)];
}

function judge(forecast: SpaceForecast | undefined, free: number, directory: string): Check {
  const id = 'space';
  if (!forecast) {
    return { id, state: 'good', text: fillIn(NOTHING_KNOWN, { free: prettyBytes(free), directory }) };
  }
  const { nextBytes, runs, growthBytesPerDay, daysLeft, horizonDays } = forecast;
  const parameters = {
    free: prettyBytes(free),
    directory,
    needed: prettyBytes(nextBytes),
    runs,
    growth: prettyBytes(Math.round(growthBytesPerDay)),
    days: daysLeft ?? horizonDays,
  };
  const remedy = fillIn(MAKE_ROOM, { directory });
  if (free < nextBytes) return { id, state: 'bad', text: fillIn(SHORT, parameters), remedy };
  if (daysLeft !== undefined) {
    const isSoon = daysLeft < DAYS_TO_ACT;
    const text = fillIn(FULL, parameters);
    return isSoon ? { id, state: 'warning', text, remedy } : { id, state: 'good', text };
  }
  return { id, state: 'good', text: fillIn(ROOM, parameters) };
}

/** Some file systems do not count files (`files` is 0). */
function checkFileNumbers(directory: string): Check[] {
  const { files, ffree } = statfsSync(directory);
  if (files === 0 || ffree >= FEW_FILES) return [];
  return [
    {
      id: 'file-numbers',
      state: ffree === 0 ? 'bad' : 'warning',
      text: fillIn(FEW_INODES, { directory, count: ffree }),
      remedy: `df -i ${quoteWord(directory)}`,
    },
  ];
}

const BASIS: Text = {
  en: 'by the last {runs} good runs, which grew by {growth} a day',
  zh: '依据最近 {runs} 次有效运行，每日增长 {growth}',
};
const NOTHING_KNOWN: Text = {
  en: '{free} free below {directory}; no good run yet to say how much the next one needs',
  zh: '{directory} 剩余 {free}；尚无有效运行可估算下一次所需空间',
};
const SHORT: Text = {
  en: `{free} free below {directory}, but the next run needs about {needed} (${BASIS.en})`,
  zh: `{directory} 仅剩 {free}，而下一次运行约需 {needed}（${BASIS.zh}）`,
};
const FULL: Text = {
  en: `{free} free below {directory}; the next run needs about {needed}, and the disk is full in about {days} days (${BASIS.en})`,
  zh: `{directory} 剩余 {free}；下一次运行约需 {needed}，磁盘约 {days} 天后写满（${BASIS.zh}）`,
};
const ROOM: Text = {
  en: `{free} free below {directory}; the next run needs about {needed}, and there is room for the next {days} days (${BASIS.en})`,
  zh: `{directory} 剩余 {free}；下一次运行约需 {needed}，今后 {days} 天空间足够（${BASIS.zh}）`,
};
const MAKE_ROOM: Text = {
  en: 'free space below {directory}, lower RETENTION_DAYS or RETENTION_KEEP, or see what could go: pg-backup prune --dry-run',
  zh: '在 {directory} 下腾出空间，减小 RETENTION_DAYS 或 RETENTION_KEEP，或查看可清理内容：pg-backup prune --dry-run',
};
const FEW_INODES: Text = {
  en: 'the file system of {directory} takes only {count} more files',
  zh: '{directory} 所在文件系统仅能再容纳 {count} 个文件',
};
