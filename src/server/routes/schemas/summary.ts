import type { RouteSchema } from '../../http/app.ts';
import { answers, COUNT, described, FLAG, list, object, orNull, TEXT } from './parts.ts';
import { DRILL, RUN } from './runs.ts';

const TIME = described(TEXT, 'UTC, ISO 8601');
const SECONDS = { type: 'number', minimum: 0 };
const BYTES = COUNT;

const PROGRESS = described(
  orNull(
    object({
      stage: TEXT,
      stageStartedAt: TIME,
      doneBytes: described(orNull(BYTES), 'Written or sent so far; null where the stage counts none'),
      expectedBytes: described(
        orNull(BYTES),
        'What doneBytes will come to; for a dump the size of the newest success; null where nobody can tell',
      ),
      updatedAt: described(TIME, 'A run that is alive says something at least every 15 seconds'),
    }),
  ),
  'What it is doing; null where it does not tell, or another user made it',
);

const DATABASE = object({
  target: orNull(TEXT),
  database: described(orNull(TEXT), 'null where not even a database is known'),
  server: described(
    orNull(TEXT),
    '`host:port` of the settings, else of the runs; null where neither tells of one',
  ),
  state: described(
    { enum: ['fresh', 'stale', 'none', 'new'] },
    'Whether the backup that was due last is there; new: none was due yet',
  ),
  reason: described(TEXT, 'Why, in one line'),
  dueAt: described(orNull(TIME), 'For this time there must be a backup by now'),
  nextAt: orNull(TIME),
  isLost: described(
    orNull(FLAG),
    'The newest success has neither a dump here nor a copy elsewhere; null where nobody can tell',
  ),
  unreadableRun: described(
    orNull(TEXT),
    'A run newer than the newest success, of which nobody can read what it came to',
  ),
  isOffSite: described({ type: 'boolean' }, 'The newest success has a copy elsewhere'),
  newestSuccess: orNull(RUN),
  newestSuccessAgeSeconds: orNull(SECONDS),
  newestRestored: described(orNull(RUN), 'The newest run that a drill has restored and found equal'),
  newestRestoredAgeSeconds: orNull(SECONDS),
  newestRun: described(orNull(RUN), 'The newest that has ended, whatever it came to'),
  newestDrill: orNull(DRILL),
  recoverySeconds: described(
    orNull(SECONDS),
    'What a recovery takes, as the newest drill that restored measured it',
  ),
  recoveryMeasuredAt: orNull(TIME),
  running: described(
    orNull(object({ run: TEXT, startedAt: TIME, progress: PROGRESS })),
    'A run that is under way, or was killed',
  ),
  runs: COUNT,
  failures: described(
    { type: 'object', additionalProperties: COUNT },
    'How many runs failed, by error code; UNKNOWN where there is no record',
  ),
  localBytes: described(
    orNull(BYTES),
    'Of the runs whose dump is here; null where the files cannot be listed',
  ),
  remoteBytes: described(
    BYTES,
    'Of confirmed copies within REMOTE_RETENTION_DAYS; the store itself is not asked',
  ),
});

const FORECAST = object({
  nextBytes: described(BYTES, 'What the next run of every database needs together'),
  runs: described(COUNT, 'Learnt from so many'),
  growthBytesPerDay: { type: 'number' },
  daysLeft: described(orNull(COUNT), 'Until a run finds no room; null: not within the horizon'),
  horizonDays: COUNT,
});

export const SUMMARY: RouteSchema = {
  summary: 'Are we safe? Per database, and in total',
  tags: ['summary'],
  response: answers(
    object({
      generatedAt: TIME,
      scannedAt: described(orNull(TIME), 'When the directories were looked at completely the last time'),
      databases: list(DATABASE),
      totals: object({
        databases: COUNT,
        fresh: COUNT,
        stale: COUNT,
        none: COUNT,
        new: COUNT,
        leftOut: described(COUNT, 'Databases beyond those, which are not judged'),
        offSite: COUNT,
        restored: described(COUNT, 'Databases with a run that was restored by a drill'),
        runs: COUNT,
        drills: COUNT,
        localBytes: orNull(BYTES),
        remoteBytes: BYTES,
      }),
      forgotten: list(
        object({ target: orNull(TEXT), database: TEXT, server: orNull(TEXT) }),
        'Not judged any more, as the last run was over 30 days ago',
      ),
      volumes: list(object({ directory: TEXT, freeBytes: orNull(BYTES), forecast: orNull(FORECAST) })),
      skipped: list(
        object({
          kind: TEXT,
          database: orNull(TEXT),
          dueAt: orNull(TIME),
          skippedAt: TIME,
          reason: TEXT,
          detail: orNull(TEXT),
        }),
        'The newest times of a schedule at which nothing was done, at most 10',
      ),
      unreadable: described(
        object({ count: COUNT, files: list(TEXT, 'Some of them') }),
        'Files that are broken, too large or no regular files, and were passed over',
      ),
      problems: list(TEXT, 'Directories that could not be looked at; what was known of them before stays'),
    }),
  ),
};
