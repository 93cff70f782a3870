import type { BackupContext } from '../backup/context.ts';
import { PgBackupError } from '../errors.ts';
import { type CommandResult, describeOutcome } from '../exec.ts';
import { fillIn, type Text } from '../language.ts';
import { lastLines } from '../postgres/failures.ts';
import type { ProblemClass } from './restore-messages.ts';
import type { PgRestoreResult } from './run-pg-restore.ts';

const SHOWN_PROBLEMS = 20;
const NAMED_PROBLEMS = 3;

/**
 * Logs what pg_restore could not do, and returns how much of it is missing although all objects and rows are there.
 * @throws PgBackupError RESTORE_FAILED where objects or rows are missing
 */
export function judge(
  context: BackupContext,
  { result, messages }: PgRestoreResult,
  options: { readonly database: string; readonly inOneTransaction: boolean },
): { readonly lesser: number } {
  const counts = messages.counts();
  const problems = messages.problems();
  for (const problem of problems.slice(0, SHOWN_PROBLEMS)) {
    const level = problem.class === 'harmless' ? 'info' : 'warn';
    context.log(level, 'RESTORE_PROBLEM', { ...problem, class: CLASSES[problem.class] });
  }
  if (problems.length > 0) {
    context.log(counts.fault + counts.lesser > 0 ? 'warn' : 'info', 'RESTORE_PROBLEMS', counts);
  }
  const isRolledBack = options.inOneTransaction && result.exitCode !== 0;
  const isExplained = messages.explain(result);
  if (counts.fault === 0 && !isRolledBack && isExplained) return { lesser: counts.lesser };

  const named = problems
    .filter((problem) => problem.class === 'fault' || (isRolledBack && problem.class !== 'harmless'))
    .slice(0, NAMED_PROBLEMS);
  const said = named.map(({ object, message }) => (object ? `${object}: ${message}` : message));
  if (said.length === 0 || (!isExplained && !isRolledBack)) said.push(describeEnd(result));
  const detail = said.join(' | ');
  throw new PgBackupError('RESTORE_FAILED', {
    database: options.database,
    detail:
      counts.fault > named.length ? fillIn(AND_MORE, { detail, count: counts.fault - named.length }) : detail,
    // Of a new database its maker says what became of it.
    remedy: !options.inOneTransaction ? '' : LOST.test(result.stderr) ? PERHAPS_COMMITTED : ROLLED_BACK,
  });
}

/** In the programs' own words: what they show besides, of statements and of rows, may hold anything. */
function describeEnd(result: CommandResult): string {
  const said = result.stderr
    .split('\n')
    .filter(
      (line) => /^(pg_restore: (error|warning): |psql:)/.test(line) && !/: (WARNING|NOTICE): {2}/.test(line),
    );
  const outcome = describeOutcome(result);
  return said.length > 0 ? `${outcome}: ${lastLines(said.join('\n'))}` : outcome;
}

const CLASSES: Readonly<Record<ProblemClass, Text>> = {
  harmless: { en: 'harmless', zh: '无影响' },
  lesser: { en: 'not restored', zh: '未恢复' },
  fault: { en: 'missing', zh: '缺失' },
};
const AND_MORE: Text = { en: '{detail} (and {count} more)', zh: '{detail}（另有 {count} 项）' };
/** In libpq's words (fe-misc.c), which are English by LC_ALL=C. */
const LOST =
  /server closed the connection unexpectedly|connection to server was lost|no connection to the server/;
const PERHAPS_COMMITTED: Text = {
  en: 'It ran in one transaction, so the database is as it was; unless the connection was lost in the moment of the commit: look.',
  zh: '恢复在单个事务中进行，数据库保持原样；若连接恰在提交时中断则例外：请查看。',
};
const ROLLED_BACK: Text = {
  en: 'It ran in one transaction, so the database is as it was.',
  zh: '恢复在单个事务中进行，数据库保持原样。',
};
