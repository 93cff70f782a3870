import { type BackupContext, forDatabase } from '../../src/backup/context.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { TextParameters } from '../../src/language.ts';
import type { LogLevel } from '../../src/logging.ts';
import type { MessageId } from '../../src/messages.ts';

export interface Logged {
  readonly id: MessageId;
  readonly parameters: TextParameters;
}

/** What a command is given, for local backups of the database `community` below `baseDirectory`; the log is kept in `logged`. */
export function recordingContext(
  baseDirectory: string,
  changes: Partial<BackupContext> = {},
): { readonly context: BackupContext; readonly logged: Logged[] } {
  const { settings } = loadSettings(
    {
      ...{ PG_HOST: 'db', PG_DATABASE: 'community', PG_USER: 'backup' },
      ...{ BACKUP_MODE: 'local', BACKUP_BASE_DIR: baseDirectory },
    },
    () => '',
    'en',
  );
  const logged: Logged[] = [];
  const target = {
    target: undefined,
    foreignSeries: new Set<string>(),
    settings,
    environment: { PATH: process.env['PATH'] },
    language: 'en' as const,
    clock: () => new Date(),
    log: (_level: LogLevel, id: MessageId, parameters: TextParameters = {}) =>
      logged.push({ id, parameters }),
    progress: { start: () => () => {}, clear: () => {} },
    scrub: (text: string) => text,
    signal: new AbortController().signal,
    hostname: 'db01',
    version: '0.0.0',
  };
  return { context: { ...forDatabase(target, 'community'), ...changes }, logged };
}
