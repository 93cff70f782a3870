import { patternProblem, timeZoneProblem } from '../cron-pattern.ts';
import type { Text } from '../language.ts';
import { compileSchema } from '../schema.ts';
import { brokenCombinations } from './combinations.ts';
import { checkDumpOptions } from './dump-options.ts';
import { SETTING_NAMES, type Setting, type SettingName, settingOf } from './settings.ts';
import { splitWords } from './shell-text.ts';

export type WrittenSettings = Readonly<Partial<Record<SettingName, string>>>;

export interface SettingProblem {
  readonly name: string;
  readonly kind: 'missing' | 'invalid';
  readonly expected: Text;
}

/** Checks the written values of all settings together and returns every problem; absent values are settings that are not set. */
export function validateSettings(written: WrittenSettings): SettingProblem[] {
  const problems = new Map<string, SettingProblem>();
  for (const { property, kind } of checkSchema(withNumbers(written))) {
    const setting = settingOf(property as SettingName);
    const expected = kind === 'missing' ? whyRequired(setting, written) : expectedValue(setting);
    problems.set(property, { name: property, kind: kind === 'missing' ? 'missing' : 'invalid', expected });
  }
  return [
    ...SETTING_NAMES.flatMap((name) => problems.get(name) ?? []),
    ...dumpOptionProblems(written.PG_DUMP_EXTRA_OPTS ?? ''),
    ...scheduleProblems(written),
    ...addressProblems(written, problems),
    ...combinationProblems(written),
  ];
}

/** What a value must look like, for people. */
export function expectedValue(setting: Setting): Text {
  if (setting.expected) return setting.expected;
  if (setting.type === 'boolean') return { en: 'true or false', zh: 'true 或 false' };
  if (setting.type === 'integer') {
    const range = { minimum: setting.minimum ?? 0, maximum: setting.maximum ?? Number.MAX_SAFE_INTEGER };
    return {
      en: `a whole number from ${range.minimum} to ${range.maximum}`,
      zh: `${range.minimum} 至 ${range.maximum} 的整数`,
    };
  }
  const choices = setting.choices?.join(', ') ?? '';
  return choices ? { en: `one of ${choices}`, zh: `取值之一：${choices}` } : { en: 'text', zh: '文本' };
}

const checkSchema = compileSchema({
  type: 'object',
  properties: Object.fromEntries(SETTING_NAMES.map((name) => [name, valueSchema(settingOf(name))])),
  required: SETTING_NAMES.filter((name) => settingOf(name).required),
  allOf: SETTING_NAMES.flatMap((name) => {
    const when = settingOf(name).requiredWhen;
    if (!when) return [];
    const conditions = Object.entries(when).map(([other, values]) => [other, { enum: values }]);
    return [
      {
        if: { required: Object.keys(when), properties: Object.fromEntries(conditions) },
        then: { required: [name] },
      },
    ];
  }),
});

function valueSchema(setting: Setting): object {
  if (setting.choices) return { type: 'string', enum: setting.choices };
  if (setting.type === 'boolean') return { type: 'string', enum: ['true', 'false'] };
  if (setting.type === 'integer') {
    return {
      type: 'integer',
      minimum: setting.minimum ?? 0,
      maximum: setting.maximum ?? Number.MAX_SAFE_INTEGER,
    };
  }
  return setting.pattern ? { type: 'string', pattern: setting.pattern } : { type: 'string' };
}

function withNumbers(written: WrittenSettings): Record<string, string | number> {
  const entries = Object.entries(written).map(([name, value]) => {
    const isNumber = settingOf(name as SettingName).type === 'integer' && /^\d{1,15}$/.test(value);
    return [name, isNumber ? Number(value) : value];
  });
  return Object.fromEntries(entries);
}

function whyRequired(setting: Setting, written: WrittenSettings): Text {
  const example = setting.example ? ` (${setting.example})` : '';
  const conditions = Object.keys(setting.requiredWhen ?? {})
    .map((other) => `${other}=${written[other as SettingName]}`)
    .join(', ');
  if (conditions === '') return { en: `a value; it is required${example}`, zh: `必填${example}` };
  return {
    en: `a value, because ${conditions}${example}; BACKUP_MODE=local needs no OSS settings`,
    zh: `取值，因为 ${conditions}${example}；BACKUP_MODE=local 时不需要 OSS 配置`,
  };
}

function dumpOptionProblems(written: string): SettingProblem[] {
  const { words, errors } = splitWords(written);
  const reasons = [
    ...errors.map((error) => error.text),
    ...checkDumpOptions(words).problems.map(({ word, reason }) => ({
      en: `other options than ${word}: ${reason.en}`,
      zh: `不含 ${word}：${reason.zh}`,
    })),
  ];
  return reasons.map((expected) => ({ name: 'PG_DUMP_EXTRA_OPTS', kind: 'invalid', expected }));
}

const SCHEDULES = ['BACKUP_SCHEDULE', 'DRILL_SCHEDULE', 'VERIFY_SCHEDULE'] as const;

function scheduleProblems(written: WrittenSettings): SettingProblem[] {
  const { BACKUP_TIMEZONE: zone } = written;
  return [
    ...SCHEDULES.map((name) => ({ name, expected: written[name] && patternProblem(written[name]) })),
    { name: 'BACKUP_TIMEZONE', expected: zone && timeZoneProblem(zone) },
  ].flatMap(({ name, expected }) => (expected ? [{ name, kind: 'invalid' as const, expected }] : []));
}

/** What looks like an address and is none, such as `http://[x`. */
function addressProblems(
  written: WrittenSettings,
  known: ReadonlyMap<string, SettingProblem>,
): SettingProblem[] {
  return SETTING_NAMES.flatMap((name) => {
    const value = written[name];
    if (!/^NOTIFY_\w+_URL$/.test(name) || value === undefined || known.has(name) || URL.canParse(value))
      return [];
    return [{ name, kind: 'invalid' as const, expected: expectedValue(settingOf(name)) }];
  });
}

function combinationProblems(written: WrittenSettings): SettingProblem[] {
  return brokenCombinations(written).map(({ name, expected }) => ({
    name,
    kind: written[name] === undefined ? 'missing' : 'invalid',
    expected,
  }));
}
