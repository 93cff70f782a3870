import type { ErrorCode } from '../error-table.ts';
import type { StageRecord } from './record.ts';

/** The steps of a drill, in their order; those that were not reached are absent. */
export type DrillPhase =
  | 'fetch'
  | 'checksum'
  | 'read'
  | 'server'
  | 'prepare'
  | 'restore'
  | 'compare'
  | 'clear';

/**
 * `equal`: everything that the fingerprint tells was compared, and nothing differs. `incomplete`: nothing differs, but something was not
 * compared or is not in the backup. `different`: something differs. `failed`: it was not restored.
 */
export type DrillOutcome = 'equal' | 'incomplete' | 'different' | 'failed';

/** Our account of a drill, kept in `drills/`; fields may be added, none may change its meaning. */
export interface DrillRecord {
  readonly version: 1;
  /** The run that was drilled. */
  readonly run: string;
  readonly database: string;
  readonly runner: { readonly hostname: string; readonly version: string };
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationSeconds: number;
  readonly outcome: DrillOutcome;
  /** Where the dump came from. */
  readonly place: 'local' | 'remote';
  /** Of the dump. */
  readonly sizeBytes: number;
  /** Absent where it was not reached. */
  readonly server?: { readonly kind: 'embedded' | 'named'; readonly version: string };
  readonly client?: { readonly version: string };
  readonly jobs: number;
  readonly phases: readonly StageRecord<DrillPhase>[];
  /** From the first byte fetched to the last row restored: what a recovery would take. Absent where it was not restored. */
  readonly recoverySeconds?: number;
  /** null where the backup has no fingerprint, or it was not reached. */
  readonly compared: {
    readonly tables: number;
    readonly rows: number;
    readonly sequences: number;
    readonly largeObjects: number;
    readonly objects: number;
    readonly contents: boolean;
    readonly definitions: boolean;
    readonly collation: boolean;
  } | null;
  readonly differences: readonly {
    readonly kind: string;
    readonly object: string;
    readonly expected: string;
    readonly found: string;
  }[];
  readonly omissions: readonly { readonly kind: string; readonly objects: readonly string[] }[];
  readonly error?: {
    readonly code: ErrorCode;
    readonly exitCode: number;
    readonly phase?: DrillPhase;
    readonly message: string;
    readonly hint: string;
  };
}
