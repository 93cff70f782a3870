import type { Outcome } from '../../src/notify/rules.ts';

const BASE = { database: 'community', host: 'db', port: 5432, failedBefore: false } as const;

/** A failed backup as it is told. */
export function failed(changes: Partial<Outcome> = {}): Outcome {
  return {
    ...BASE,
    status: 'FAILED',
    run: 'community_20251011T020000Z_db01',
    startedAt: '2025-10-11T02:00:00Z',
    durationSeconds: 185,
    error: {
      code: 'DISK_FULL',
      message: 'No space left below /data/db-backups.',
      hint: 'Free some space, or set RETENTION_DAYS lower.',
    },
    ...changes,
  };
}

/** A successful backup as it is told. */
export function succeeded(changes: Partial<Outcome> = {}): Outcome {
  return {
    ...BASE,
    status: 'SUCCESS',
    run: 'community_20251011T020000Z_db01',
    startedAt: '2025-10-11T02:00:00Z',
    durationSeconds: 3725,
    sizeBytes: 1_234_567_890,
    proof: 'stored',
    ...changes,
  };
}

export const WARNING = { en: 'The dump is 80 % smaller than the last one', zh: '转储比上次小 80 %' };

/** What somebody may have called a database, or an error may quote, to make a chat do something. */
export const HOSTILE_NAMES: readonly string[] = [
  '<!channel> <!everyone> <@U024BE7LH> <https://evil.example|click>',
  '@all @所有人 <@all> @13800000000',
  '<at user_id="all">all</at> <at id=all></at>',
  '[click](https://evil.example) ![x](https://evil.example/x.png)',
  '**bold** `code` # head\n# line\n> quote\n- item',
  '"}],"at":{"isAtAll":true},"x":[{"y":"',
  'a\r\nBcc: victim@evil.example\r\n\r\nbody',
  '</font><font color="info">good</font> &lt;@all&gt; &amp;',
  '\u202egnp.exe\u2066 \u0000\u0007 \ud800 end',
];
