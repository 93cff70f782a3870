import { PgBackupError } from '../errors.ts';
import { type Language, render } from '../language.ts';
import { Secret } from '../secret.ts';
import { SETTING_NAMES, type SettingName, type Settings, settingOf } from './settings.ts';

interface NamedSettings {
  readonly target: string | undefined;
  readonly settings: Settings;
}

/** Each target may have a place of its own. */
const OF_EACH_TARGET: readonly SettingName[] = ['REPORT_SOURCE'];

/**
 * One report server tells of all targets: a token in the file of one of them would protect nothing.
 * @throws PgBackupError SETTINGS_INVALID that names the settings of the server in which they differ, and no value
 */
export function requireOneServer(targets: readonly NamedSettings[], language: Language): void {
  const [first, ...others] = targets;
  if (!first) return;
  const problems = SETTING_NAMES.filter((name) => settingOf(name).group === 'server').flatMap((name) => {
    if (OF_EACH_TARGET.includes(name)) return [];
    const other = others.find(({ settings }) => written(settings[name]) !== written(first.settings[name]));
    if (!other) return [];
    const parameters = { name, first: first.target ?? '', other: other.target ?? '' };
    return [`  - ${render(DIFFERS, language, parameters)}`];
  });
  if (problems.length === 0) return;
  throw new PgBackupError('SETTINGS_INVALID', { count: problems.length, problems: problems.join('\n') });
}

function written(value: unknown): string | undefined {
  return value instanceof Secret ? value.reveal() : JSON.stringify(value);
}

const DIFFERS = {
  en: '{name}: expected the same for all targets, because one report server tells of all of them; {first}.env and {other}.env differ',
  zh: '{name}：应在所有目标中相同，因为它们由同一个报表服务展示；{first}.env 与 {other}.env 不同',
};
