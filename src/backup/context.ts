import type { Environment } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { Language } from '../language.ts';
import type { Log } from '../logging.ts';
import type { Progress } from '../progress.ts';
import type { Scrub } from '../scrub.ts';

/** What every command that works on one server is given; nothing below reads it from anywhere else. */
export interface TargetContext {
  /** The name of its file, where BACKUP_ENV_FILE is a directory. */
  readonly target: string | undefined;
  /** The servers (`host:port`) of other targets that keep their backups in the same directory: what comes from there is not ours to touch. */
  readonly foreignSeries: ReadonlySet<string>;
  readonly settings: Settings;
  /** For what belongs to others: libpq's variables, PATH, HOME. */
  readonly environment: Environment;
  readonly language: Language;
  readonly clock: () => Date;
  readonly log: Log;
  readonly progress: Progress;
  readonly scrub: Scrub;
  /** Aborts with a PgBackupError as its reason: INTERRUPTED, or TIMED_OUT within a run. */
  readonly signal: AbortSignal;
  readonly hostname: string;
  /** Of this program. */
  readonly version: string;
}

/** The settings of one database: where several are configured, each gets its own. */
export type DatabaseSettings = Settings & { readonly PG_DATABASE: string };

/** What every command that works on the backups of one database is given. */
export interface BackupContext extends TargetContext {
  readonly settings: DatabaseSettings;
}

/** The same for one of the target's databases. */
export function forDatabase(context: TargetContext, database: string): BackupContext {
  return { ...context, settings: { ...context.settings, PG_DATABASE: database } };
}
