import type { Environment } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { Language } from '../language.ts';
import type { Log } from '../logging.ts';
import type { Progress } from '../progress.ts';
import type { Scrub } from '../scrub.ts';

/** What every command that works on backups is given; nothing below reads it from anywhere else. */
export interface BackupContext {
  readonly settings: Settings;
  /** For what belongs to others: libpq's variables, PATH, HOME. */
  readonly environment: Environment;
  readonly language: Language;
  readonly clock: () => Date;
  readonly log: Log;
  readonly progress: Progress;
  readonly scrub: Scrub;
  /** Aborts with a PgBackupError INTERRUPTED as its reason. */
  readonly signal: AbortSignal;
  readonly hostname: string;
  /** Of this program. */
  readonly version: string;
}
