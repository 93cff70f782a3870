import { ERRORS } from '../error-table.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { type Language, render, type Text } from '../language.ts';
import { SETTING_NAMES, type Setting, type SettingGroup, type SettingName, settingOf } from './settings.ts';
import { expectedValue } from './validate.ts';

const GROUPS: Readonly<Record<SettingGroup, Text>> = {
  database: { en: 'Database', zh: '数据库' },
  backup: { en: 'Backup', zh: '备份' },
  schedule: { en: 'Schedule', zh: '定时' },
  notify: { en: 'Notifications', zh: '通知' },
  storage: { en: 'Remote storage', zh: '远端存储' },
  restore: { en: 'Restore and drill', zh: '恢复与演练' },
  server: { en: 'Report server', zh: '报表服务' },
  program: { en: 'Program', zh: '程序' },
};

/** The text of `.env.backup.example`: every setting with its description; optional ones are commented out. */
export function envExample(): string {
  const groups = groupNames().map((group) => {
    const settings = namesIn(group).map((name) => exampleLines(name, settingOf(name)).join('\n'));
    return `# ---- ${GROUPS[group].en} / ${GROUPS[group].zh} ----\n\n${settings.join('\n\n')}\n`;
  });
  return `${ENV_HEADING}\n${groups.join('\n')}`;
}

/** The reference page of all settings in one language, as Markdown. */
export function settingsPage(language: Language): string {
  const say = (text: Text): string => render(text, language);
  const sections = groupNames().map((group) => {
    const rows = namesIn(group).map((name) => {
      const setting = settingOf(name);
      const cells = [
        `\`${name}\``,
        defaultCell(setting, language),
        say(expectedValue(setting)),
        descriptionCell(setting, name, language),
      ];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    });
    return [`## ${say(GROUPS[group])}`, '', say(TABLE_HEADING), '| --- | --- | --- | --- |', ...rows].join(
      '\n',
    );
  });
  return `${say(SETTINGS_HEADING)}\n\n${sections.join('\n\n')}\n`;
}

/** The page of exit codes in one language, with the errors behind each, as Markdown. */
export function exitCodesPage(language: Language): string {
  const say = (text: Text): string => render(text, language);
  const rows = Object.entries(EXIT_CODES).map(([code, text]) => {
    const errors = Object.entries(ERRORS).filter(([, { exitCode }]) => exitCode === Number(code));
    return `| ${code} | ${say(text)} | ${errors.map(([name]) => `\`${name}\``).join(', ')} |`;
  });
  return [say(EXIT_CODES_HEADING), '', say(EXIT_CODES_TABLE), '| --- | --- | --- |', ...rows, ''].join('\n');
}

const ENV_HEADING = `# pg-backup settings. Copy to /etc/db-backup.env, chmod 600, and point BACKUP_ENV_FILE at it.
# pg-backup 配置。复制为 /etc/db-backup.env，chmod 600，并让 BACKUP_ENV_FILE 指向它。
# Generated from src/config/settings.ts: npm run generate
`;
const SETTINGS_HEADING: Text = {
  en: `# Settings

Generated from \`src/config/settings.ts\` by \`npm run generate\`.

Settings are environment variables, or \`KEY=value\` lines in the file that \`BACKUP_ENV_FILE\` names. The file is read as a shell reads
plain assignments (comments, \`export\`, quotes, CRLF), without expansion; what it sets wins over the environment. An empty value counts as
not set. \`pg-backup config\` shows the effective values and where each came from. libpq's own variables for TLS and authentication
(\`PGSSLMODE\`, \`PGSSLROOTCERT\`, \`PGPASSFILE\`, …) are passed on to the PostgreSQL client.`,
  zh: `# 配置项

由 \`npm run generate\` 根据 \`src/config/settings.ts\` 生成。

配置项是环境变量，或 \`BACKUP_ENV_FILE\` 所指文件中的 \`KEY=value\`。该文件按 shell 普通赋值读取（注释、\`export\`、引号、CRLF），不做展开；
文件中的值优先于环境变量。空值等同未设置。\`pg-backup config\` 显示生效的值及其来源。libpq 自身的 TLS 与认证变量
（\`PGSSLMODE\`、\`PGSSLROOTCERT\`、\`PGPASSFILE\` 等）会传给 PostgreSQL 客户端。`,
};
const TABLE_HEADING: Text = {
  en: '| Setting | Default | Value | Meaning |',
  zh: '| 配置项 | 默认值 | 取值 | 含义 |',
};
const EXIT_CODES_HEADING: Text = {
  en: '# Exit codes\n\nGenerated from `src/exit-codes.ts` and `src/error-table.ts` by `npm run generate`. A code never changes its meaning.',
  zh: '# 退出码\n\n由 `npm run generate` 根据 `src/exit-codes.ts` 与 `src/error-table.ts` 生成。退出码的含义不会改变。',
};
const EXIT_CODES_TABLE: Text = {
  en: '| Code | Meaning | Error codes in records and logs |',
  zh: '| 退出码 | 含义 | 记录与日志中的错误代码 |',
};

function groupNames(): SettingGroup[] {
  return Object.keys(GROUPS) as SettingGroup[];
}

function namesIn(group: SettingGroup): typeof SETTING_NAMES {
  return SETTING_NAMES.filter((name) => settingOf(name).group === group);
}

function exampleLines(name: string, setting: Setting): string[] {
  const value = setting.default ?? setting.example ?? '';
  const assignment = `${name}=${/[^\w./:@-]/.test(value) ? `'${value}'` : value}`;
  const isActive = setting.required || setting.requiredUnless || isRequiredByDefault(setting);
  // Without an example a secret could not be told from a value that somebody forgot to replace.
  const line = isActive && !setting.secret ? assignment : `# ${assignment}`;
  const secret = setting.secret ? [`# ${name}_FILE=/run/secrets/${name.toLowerCase()}`] : [];
  return [`# ${setting.description.en}`, `# ${setting.description.zh}`, line, ...secret];
}

function isRequiredByDefault({ requiredWhen }: Setting): boolean {
  if (!requiredWhen) return false;
  return Object.entries(requiredWhen).every(([other, values]) =>
    values.includes(settingOf(other as SettingName).default ?? ''),
  );
}

function defaultCell(setting: Setting, language: Language): string {
  if (setting.default !== undefined) return `\`${setting.default}\``;
  if (setting.required) return render({ en: 'required', zh: '必填' }, language);
  if (setting.requiredUnless) {
    const other = setting.requiredUnless;
    return render({ en: `required, or \`${other}\``, zh: `与 \`${other}\` 二者必填其一` }, language);
  }
  const when = Object.entries(setting.requiredWhen ?? {}).map(
    ([name, values]) => `\`${name}=${values.join('|')}\``,
  );
  return when.length === 0
    ? ''
    : render({ en: `required with ${when.join(', ')}`, zh: `${when.join('、')} 时必填` }, language);
}

function descriptionCell(setting: Setting, name: string, language: Language): string {
  const description = render(setting.description, language);
  if (!setting.secret) return description;
  const secret = render(
    { en: `Secret: also as \`${name}_FILE\`.`, zh: `机密：也可用 \`${name}_FILE\` 给出。` },
    language,
  );
  return `${description} ${secret}`;
}
