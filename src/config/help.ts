import { type Language, render } from '../language.ts';
import type { LoadedSettings } from './load.ts';
import { SETTING_NAMES, type SettingName, settingOf } from './settings.ts';
import { expectedValue } from './validate.ts';

/** The settings as `--help` shows them: name, default or need, description. */
export function settingsHelp(language: Language): string {
  const heading = render(
    {
      en: 'Settings (environment, or KEY=value lines in the file that BACKUP_ENV_FILE names; secrets also as NAME_FILE):',
      zh: '配置项（环境变量，或 BACKUP_ENV_FILE 所指文件中的 KEY=value；机密也可用 NAME_FILE 给出）：',
    },
    language,
  );
  const lines = SETTING_NAMES.map((name) => {
    const setting = settingOf(name);
    const choices = setting.choices ? ` (${render(expectedValue(setting), language)})` : '';
    return `  ${`${name}${defaultText(name, language)}`}\n      ${render(setting.description, language)}${choices}`;
  });
  return [heading, ...lines].join('\n');
}

/** The effective settings, secrets as `***`, each with where it came from. */
export function effectiveSettings(loaded: LoadedSettings, language: Language): string {
  const rows = SETTING_NAMES.map((name) => {
    const value = loaded.settings[name];
    const shown = Array.isArray(value) ? value.join(' ') : String(value ?? '-');
    return [name, shown, render(loaded.sources[name], language)] as const;
  });
  const nameWidth = Math.max(...rows.map(([name]) => name.length));
  const valueWidth = Math.min(48, Math.max(...rows.map(([, value]) => value.length)));
  return rows
    .map(([name, value, source]) => `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${source}`)
    .join('\n');
}

function defaultText(name: SettingName, language: Language): string {
  const setting = settingOf(name);
  if (setting.default !== undefined) return `=${setting.default}`;
  if (setting.requiredUnless) {
    const other = setting.requiredUnless;
    return render({ en: ` (required, or ${other})`, zh: `（与 ${other} 二者必填其一）` }, language);
  }
  return setting.required ? render({ en: ' (required)', zh: '（必填）' }, language) : '';
}
