import type { TargetContext } from '../backup/context.ts';
import { type CronPattern, parseCronPattern, timeZoneName, timeZoneProblem } from '../cron-pattern.ts';
import { PgBackupError } from '../errors.ts';
import { render, type Text } from '../language.ts';
import type { SkipRecord } from '../report/skip-record.ts';

export type JobKind = SkipRecord['kind'];

export const KIND_NAMES: Readonly<Record<JobKind, Text>> = {
  backup: { en: 'backup', zh: '备份' },
  drill: { en: 'drill', zh: '演练' },
  verify: { en: 'verification', zh: '校验' },
};

/** One kind of work for one target, and when it is due. */
export interface ScheduleEntry {
  readonly context: TargetContext;
  readonly kind: JobKind;
  /** As it was written. */
  readonly pattern: string;
  readonly zone: string;
  readonly cron: CronPattern;
  /** Neither minute nor hour have a `*` or a step, so that each time comes once on a day. */
  readonly isFixedTime: boolean;
}

/**
 * What the settings of a target say is to be done when; the backup comes first.
 * @throws PgBackupError SETTINGS_INVALID where TZ is no time zone and BACKUP_TIMEZONE does not stand in for it.
 */
export function scheduleEntries(context: TargetContext): [backup: ScheduleEntry, ...others: ScheduleEntry[]] {
  const { BACKUP_SCHEDULE, DRILL_SCHEDULE, VERIFY_SCHEDULE } = context.settings;
  const zone = zoneOf(context);
  const entry = (kind: JobKind, pattern: string): ScheduleEntry => {
    const cron = parseCronPattern(pattern, zone);
    return { context, kind, pattern, zone, cron, isFixedTime: isFixedTime(pattern) };
  };
  return [
    entry('backup', BACKUP_SCHEDULE),
    ...(DRILL_SCHEDULE === undefined ? [] : [entry('drill', DRILL_SCHEDULE)]),
    ...(VERIFY_SCHEDULE === undefined ? [] : [entry('verify', VERIFY_SCHEDULE)]),
  ];
}

function isFixedTime(pattern: string): boolean {
  const [minute = '', hour = ''] = pattern.trim().toLowerCase().split(/\s+/);
  return !/[*/?]|^@hourly$/.test(`${minute}${hour}`);
}

function zoneOf({ settings, environment, language }: TargetContext): string {
  if (settings.BACKUP_TIMEZONE !== undefined) return timeZoneName(settings.BACKUP_TIMEZONE);
  const zone = environment['TZ'];
  if (!zone) return 'UTC';
  const expected = timeZoneProblem(zone);
  if (expected === undefined) return timeZoneName(zone);
  const problem = render(
    {
      en: '  - TZ={zone} (environment): expected {expected}',
      zh: '  - TZ={zone}（环境变量）：应为{expected}',
    },
    language,
    { zone, expected },
  );
  throw new PgBackupError('SETTINGS_INVALID', { count: 1, problems: problem });
}
