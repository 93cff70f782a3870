import type { Toc } from '../archive/toc.ts';
import { describeError, PgBackupError } from '../errors.ts';
import { summarise, type Taken } from '../fingerprint/fingerprint.ts';
import { startFingerprint } from '../fingerprint/take.ts';
import { openSession, QueryFailed } from '../postgres/session.ts';
import { untilGone } from '../postgres/until-gone.ts';
import type { FingerprintSummary } from '../report/record.ts';
import type { BackupContext } from './context.ts';
import type { DatabaseAccess } from './database-access.ts';

const MINUTE_MILLISECONDS = 60_000;
/** For the snapshot, before the dump begins; and for the rest of a short dump's fingerprint. */
const PATIENCE_MILLISECONDS = 60_000;
/** For the session to leave, should somebody need its place. */
const LEAVING_POLLS = 300;

/** The fingerprint of a run while it is being taken, beside the dump. */
export interface RunFingerprint {
  /** For pg_dump. */
  readonly snapshot: string;
  readonly onToc: (toc: Toc) => void;
  /**
   * What was measured, in whatever part; undefined where the dump did not share the snapshot or tells no contents. Ends the session.
   * @throws the reason of `unwanted`, which somebody who aborts it lets follow `close`
   */
  result(sharing: 'with snapshot' | 'without snapshot', unwanted: AbortSignal): Promise<Taken | undefined>;
  /** Also where a statement is under way, which may take long or wait for somebody's lock. */
  close(): Promise<void>;
  /** Closes it, and resolves once it has left its place at the server to somebody else. */
  giveUp(): Promise<void>;
}

/** Opens a connection of its own for it. Where none is to be had, the dump is taken without a fingerprint, and the log says why. */
export async function openRunFingerprint(
  context: BackupContext,
  access: DatabaseAccess,
  options: { readonly psql: string; readonly leftOut: readonly string[] },
): Promise<RunFingerprint | undefined> {
  const { settings, clock, log, hostname, language } = context;
  const { BACKUP_FINGERPRINT: level, BACKUP_FINGERPRINT_TIMEOUT_MINUTES } = settings;
  if (level === 'off') return undefined;
  if (settings.PG_DUMP_EXTRA_OPTS?.includes('--serializable-deferrable')) {
    log('warn', 'FINGERPRINT_DEFERRABLE');
    return undefined;
  }
  const ending = new AbortController();
  const session = openSession({
    psql: options.psql,
    target: access.target,
    environment: access.environment,
    applicationName: `pg-backup fingerprint on ${hostname}`,
    signal: AbortSignal.any([access.signal, ending.signal]),
  });
  const timeoutMilliseconds = BACKUP_FINGERPRINT_TIMEOUT_MINUTES * MINUTE_MILLISECONDS;
  const impatience = setTimeout(() => ending.abort(), PATIENCE_MILLISECONDS);
  const close = async (): Promise<void> => {
    ending.abort();
    await session.close();
  };
  try {
    const taking = await startFingerprint({
      ...{ session, level, clock, timeoutMilliseconds },
      leftOut: options.leftOut,
    });
    clearTimeout(impatience);
    const startedMilliseconds = performance.now();
    let hasBegun = false;
    return {
      snapshot: taking.snapshot,
      onToc(toc) {
        hasBegun = true;
        taking.begin(toc);
      },
      async result(sharing, unwanted) {
        // The server's own limit does not help where nothing is answered any more, or somebody's lock is waited for.
        const elapsed = performance.now() - startedMilliseconds;
        const left = Math.min(Math.max(elapsed, PATIENCE_MILLISECONDS), timeoutMilliseconds - elapsed);
        const timer = setTimeout(() => {
          taking.giveUp();
          ending.abort();
        }, left);
        const taken = hasBegun && sharing === 'with snapshot' ? await taking.taken : undefined;
        clearTimeout(timer);
        await session.close();
        context.signal.throwIfAborted();
        unwanted.throwIfAborted();
        if (!taken) log('warn', 'FINGERPRINT_WITHOUT_SNAPSHOT');
        else if (taken.status === 'partial') {
          log('warn', 'FINGERPRINT_PARTIAL', {
            reason: REASONS[taken.reason ?? 'failed'],
            detail: taken.detail ?? '',
          });
        }
        return taken;
      },
      close,
      async giveUp() {
        await close();
        await untilGone(access.session, taking.processId, LEAVING_POLLS);
      },
    };
  } catch (error) {
    clearTimeout(impatience);
    await session.close();
    access.signal.throwIfAborted();
    if (!(error instanceof PgBackupError || error instanceof QueryFailed)) throw error;
    const message = error instanceof PgBackupError ? describeError(error, language).message : error.message;
    log('warn', 'FINGERPRINT_UNAVAILABLE', { message });
    return undefined;
  }
}

/** What a record tells of it: that is plain text, and names no table of a backup that is encrypted. */
export function summaryForRecord(taken: Taken, isEncrypted: boolean): FingerprintSummary {
  const summary = summarise(taken);
  if (!isEncrypted) return summary;
  const { detail: _detail, ...others } = summary;
  return { ...others, rowsByTable: {} };
}

const REASONS = {
  time: {
    en: 'its time was over (BACKUP_FINGERPRINT_TIMEOUT_MINUTES, or as long again as the dump took)',
    zh: '已超时（BACKUP_FINGERPRINT_TIMEOUT_MINUTES，或转储结束后又过了同样长的时间）',
  },
  rewritten: {
    en: 'tables were truncated or rewritten while the backup ran',
    zh: '备份期间有表被清空或重写',
  },
  failed: { en: 'it failed', zh: '采集失败' },
} as const;
