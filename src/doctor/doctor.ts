import type { TargetContext } from '../backup/context.ts';
import { describeCheck, remedyText } from '../check.ts';
import { PgBackupError } from '../errors.ts';
import { type Language, render, type Text } from '../language.ts';
import { examineTarget, type Finding, type Group } from './examine-target.ts';

export interface DoctorOptions {
  readonly json: boolean;
  /** The only one to look at, instead of all that the settings mean. */
  readonly database?: string | undefined;
  readonly write: (text: string) => unknown;
}

/** One element of `checks` of `doctor --json`: keys stay, and may become more. */
export interface ListedCheck {
  readonly id: string;
  readonly state: 'good' | 'warning' | 'bad';
  /** Absent where BACKUP_ENV_FILE is no directory. */
  readonly target?: string;
  /** Only of what is looked at for each database. */
  readonly database?: string;
  readonly text: string;
  readonly remedy?: string;
}

/**
 * Looks at everything that a backup, an upload, a restore and a drill of each target need, and writes one line for each with what mends it,
 * or JSON. Changes nothing, but for a small object in the store and files beside the backups that are gone again.
 * @throws PgBackupError DOCTOR_FAILED where something has to be mended
 */
export async function doctor(contexts: readonly TargetContext[], options: DoctorOptions): Promise<void> {
  const language = contexts[0]?.language ?? 'en';
  const examined = await Promise.all(
    contexts.map(async (context) => ({ context, findings: await examineTarget(context, options.database) })),
  );
  if (options.json) {
    const checks = examined.flatMap(({ context, findings }) =>
      findings.map((finding) => toListed(context, finding, language)),
    );
    options.write(`${JSON.stringify({ version: 1, checks }, undefined, 2)}\n`);
  } else {
    for (const { context, findings } of examined) {
      options.write(context.scrub(describeFindings(context, findings, language)));
    }
  }
  const all = examined.flatMap(({ findings }) => findings);
  const count = all.filter(({ check }) => check.state === 'bad').length;
  if (count > 0) throw new PgBackupError('DOCTOR_FAILED', { count, total: all.length });
}

function toListed(
  { target, scrub }: TargetContext,
  { check, database }: Finding,
  language: Language,
): ListedCheck {
  const { id, state, text, remedy } = check;
  return {
    id,
    state,
    ...(target === undefined ? {} : { target }),
    ...(database === undefined ? {} : { database }),
    text: scrub(render(text, language)),
    ...(remedy === undefined ? {} : { remedy: scrub(remedyText(remedy, language)) }),
  };
}

/** A heading for each group, or for each database of one. */
function describeFindings(
  { target }: TargetContext,
  findings: readonly Finding[],
  language: Language,
): string {
  let heading = '';
  const lines = findings.map(({ group, database, check }) => {
    const place = [target, database].filter((name) => name !== undefined).join(' / ');
    const own = `${render(HEADINGS[group], language)}${place === '' ? '' : ` (${place})`}`;
    const isNew = own !== heading;
    const before = isNew ? `${heading === '' ? '' : '\n'}${own}\n` : '';
    heading = own;
    return before + describeCheck(check, language);
  });
  return `${lines.join('')}${target === undefined ? '' : '\n'}`;
}

const HEADINGS: Readonly<Record<Group, Text>> = {
  programs: { en: 'Programs', zh: '程序' },
  database: { en: 'Database', zh: '数据库' },
  volume: { en: 'Volume', zh: '存储卷' },
  bucket: { en: 'Bucket', zh: '桶' },
  encryption: { en: 'Encryption', zh: '加密' },
  recovery: { en: 'Restore and drill', zh: '恢复与演练' },
  schedule: { en: 'Schedule', zh: '计划' },
  past: { en: 'Backups so far', zh: '既有备份' },
};
