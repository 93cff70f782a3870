import type { ErrorCode } from '../error-table.ts';
import type { EncryptionMethod } from '../files/layout.ts';
import type { RunStatus } from './report.ts';

/** How far a backup is proven: read back in full, compared with its remote copy, restored by a drill. */
export const PROOFS = ['none', 'read', 'stored', 'restored'] as const;

export type Proof = (typeof PROOFS)[number];

export const STAGES = [
  'before-hook',
  'lock',
  'preflight',
  'dump',
  'verify',
  'globals',
  'fingerprint',
  'checksum',
  'upload',
  'confirm',
  'report',
  'retention',
] as const;
export type Stage = (typeof STAGES)[number];

export interface StageRecord<Name extends string = Stage> {
  readonly name: Name;
  readonly startedAt: string;
  readonly durationSeconds: number;
  readonly outcome: 'done' | 'failed';
}

/** One file of a run. `crc64` is CRC-64/ECMA-182 as OSS counts it, in decimal; it or the MD5 (hexadecimal) is known where the run uploads, whichever the store counts. */
export interface Artifact {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly crc64?: string;
  readonly md5?: string;
}

/** True for a run of mode oss whose every copy is confirmed: it keeps no files here. */
export function isOnlyRemote({ mode, awaitsUpload, remote }: RecordSummary): boolean {
  return mode === 'oss' && !awaitsUpload && remote.length > 0;
}

export interface RemoteObject {
  readonly url: string;
  readonly sizeBytes: number;
  /** What the store counted; empty where it counts an MD5 or nothing, and the copy was then read back. */
  readonly crc64: string;
  readonly md5?: string;
  readonly confirmedAt: string;
}

/** `counts`: rows of each table and the inventory. `content`: also an order-independent hash of all rows and large objects. */
export type FingerprintLevel = 'counts' | 'content';

/** Why a fingerprint is partial: the time was over, tables were truncated or rewritten meanwhile, or something failed. */
export type PartialReason = 'time' | 'rewritten' | 'failed';

/** What the record tells of the fingerprint; all of it lies beside the dump. */
export interface FingerprintSummary {
  readonly level: FingerprintLevel;
  readonly status: 'complete' | 'partial';
  readonly reason?: PartialReason;
  readonly detail?: string;
  readonly durationSeconds: number;
  /** By quoted name; absent are tables whose rows are not known, and all of them where the backup is encrypted. */
  readonly rowsByTable: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly sequences: number;
  /** null where the dump leaves them out, or they were not reached. */
  readonly largeObjects: number | null;
  /** How many objects there are of each kind. */
  readonly inventory: Readonly<Record<string, number>>;
}

/** Something far from the median of the recent runs: bytes of the dump, or rows. */
export interface Anomaly {
  readonly kind: 'size' | 'rows' | 'table';
  /** The table, quoted. */
  readonly object?: string;
  readonly found: number;
  readonly median: number;
}

/** Our full account of a run, kept beside the report; fields may be added, none may change its meaning. */
export interface RunRecord {
  readonly version: 1;
  readonly run: string;
  readonly database: string;
  readonly host: string;
  readonly port: number;
  readonly runner: { readonly hostname: string; readonly version: string };
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationSeconds: number;
  readonly mode: 'local' | 'oss' | 'both';
  readonly tool: string;
  readonly status: RunStatus;
  readonly proof: Proof;
  readonly stages: readonly StageRecord[];
  readonly server?: {
    readonly version: string;
    readonly databaseSizeBytes: number;
    readonly encoding: string;
    readonly collation: string;
    /** Of the cluster, the same on its physical standbys; absent where the user may not ask. */
    readonly systemIdentifier?: string;
  };
  readonly client?: { readonly version: string };
  readonly compression: string;
  /** Absent in records of earlier versions, which did not encrypt. */
  readonly encryption?: EncryptionMethod;
  /** Absent where none was taken. */
  readonly fingerprint?: FingerprintSummary;
  /** What PG_DUMP_EXTRA_OPTS left out of the dump. */
  readonly leftOut: readonly string[];
  readonly globals: 'with passwords' | 'without passwords' | 'none' | 'unknown';
  readonly artifacts: readonly Artifact[];
  readonly remote: readonly RemoteObject[];
  /** Of a run that succeeded and looks unlike the recent ones: nothing old is removed until the next normal run, or until a person accepts it. */
  readonly warning?: { readonly anomalies: readonly Anomaly[]; readonly acceptedAt?: string };
  /** True while local files wait for an upload that is not confirmed yet. */
  readonly awaitsUpload: boolean;
  readonly error?: {
    readonly code: ErrorCode;
    readonly exitCode: number;
    /** Unknown for a run that was killed. */
    readonly stage?: Stage;
    readonly message: string;
    readonly hint: string;
  };
}

/** A record without what grows with the tables of its database: enough to decide by, and never enough to be written back. */
export type RecordSummary = Omit<RunRecord, 'stages' | 'fingerprint'>;
