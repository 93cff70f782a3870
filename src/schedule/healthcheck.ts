import type { TargetContext } from '../backup/context.ts';
import { PgBackupError } from '../errors.ts';
import { fillIn, type Language, render, type Text } from '../language.ts';
import { isGood, printable, type Verdict } from './freshness.ts';
import { readFreshness } from './read-freshness.ts';
import { joinTexts, sameText, utcText } from './time-text.ts';

/** What a target's databases were found to be, in the order of the settings. */
export interface TargetHealth {
  readonly target: string | undefined;
  readonly verdict: Verdict;
}

const NAMED = 3;

export interface HealthOptions {
  /** The only one that is judged. */
  readonly database?: string | undefined;
}

/**
 * Writes one line where all backups are fresh.
 * @throws PgBackupError UNHEALTHY that says in one line which are not, and why.
 */
export async function healthcheck(
  contexts: readonly TargetContext[],
  write: (text: string) => unknown,
  { database }: HealthOptions = {},
): Promise<void> {
  const health = await readHealth(contexts, database);
  const summary = describeHealth(health);
  if (!isHealthy(health)) throw new PgBackupError('UNHEALTHY', { detail: summary });
  write(`${render(summary, languageOf(contexts))}\n`);
}

/** Judges every database of every target; where one is named, that one in each target that has it, or in all where none does. */
export async function readHealth(
  contexts: readonly TargetContext[],
  database?: string,
): Promise<TargetHealth[]> {
  const all = await readEach(contexts);
  if (database === undefined) return all;
  const own = all.filter(({ verdict }) => verdict.database === database);
  return own.length > 0 ? own : readEach(contexts, database);
}

async function readEach(contexts: readonly TargetContext[], only?: string): Promise<TargetHealth[]> {
  const health = await Promise.all(
    contexts.map(async (context) =>
      (await readFreshness(context, context.clock(), only)).map((verdict) => ({
        target: context.target,
        verdict,
      })),
    ),
  );
  return health.flat();
}

export function isHealthy(health: readonly TargetHealth[]): boolean {
  return health.every(({ verdict }) => isGood(verdict.state));
}

/** One line about all of them: those that are not fresh, or how old the backups are. */
export function describeHealth(health: readonly TargetHealth[]): Text {
  if (isHealthy(health)) {
    const nextTimes = health
      .flatMap(({ verdict }) => verdict.nextAt ?? [])
      .sort((a, b) => a.getTime() - b.getTime());
    const ages = health.length > NAMED ? [oldest(health)] : health.map(reasonOf);
    const text = health.length > NAMED ? HEALTHY_MANY : HEALTHY;
    const parameters = { count: health.length, ages: joinTexts(ages, COMMA), next: utcText(nextTimes[0]) };
    return fillIn(text, parameters);
  }
  const unhealthy = health.filter(({ verdict }) => !isGood(verdict.state));
  const named = unhealthy.slice(0, NAMED).map(reasonOf);
  const more = unhealthy.length - named.length;
  const reasons = joinTexts([...named, ...(more > 0 ? [fillIn(MORE, { count: more })] : [])], SEMICOLON);
  return fillIn(UNHEALTHY, { reasons });
}

export function languageOf(contexts: readonly TargetContext[]): Language {
  return contexts[0]?.language ?? 'en';
}

function oldest(health: readonly TargetHealth[]): Text {
  const timeOf = ({ verdict }: TargetHealth): number => verdict.succeededAt?.getTime() ?? Infinity;
  // Of new ones nothing is old; two of them are as good as each other.
  const byAge = [...health].sort((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1));
  return byAge[0] ? reasonOf(byAge[0]) : sameText('');
}

function reasonOf({ target, verdict }: TargetHealth): Text {
  if (target === undefined) return verdict.reason;
  return joinTexts([sameText(`${printable(target)}/`), verdict.reason], sameText(''));
}

const COMMA: Text = { en: ', ', zh: '，' };
const SEMICOLON: Text = { en: '; ', zh: '；' };
const HEALTHY: Text = { en: 'healthy: {ages}; next due {next}', zh: '正常：{ages}；下次 {next}' };
const HEALTHY_MANY: Text = {
  en: 'healthy: {count} databases, the oldest backup: {ages}; next due {next}',
  zh: '正常：{count} 个库，最旧的备份：{ages}；下次 {next}',
};
const UNHEALTHY: Text = { en: 'unhealthy: {reasons}', zh: '不正常：{reasons}' };
const MORE: Text = { en: 'and {count} more', zh: '另有 {count} 个' };
