import { PgBackupError } from '../errors.ts';
import { type Language, render, type Text } from '../language.ts';
import { Secret } from '../secret.ts';
import { parseEnvFile } from './env-file.ts';
import { SETTING_NAMES, type SettingName, type Settings, settingOf } from './settings.ts';
import { splitWords } from './shell-text.ts';
import { likelyTypos } from './typos.ts';
import { validateSettings } from './validate.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedSettings {
  readonly settings: Settings;
  /** Where each setting came from, for people. */
  readonly sources: Readonly<Record<SettingName, Text>>;
  readonly warnings: readonly Text[];
  /** The environment with the env file laid over it, for what is not ours: libpq's variables, PATH, HOME. */
  readonly environment: Environment;
}

export interface LoadOptions {
  /** For what reads reports and records only: nothing is required then. */
  readonly readsReportsOnly?: boolean;
}

interface Origin {
  readonly value: string;
  readonly source: Text;
}

/**
 * Reads, merges and checks all settings; `readFile` returns a file's text or throws.
 * @throws PgBackupError SETTINGS_INVALID that names every problem at once, never a secret's value.
 */
export function loadSettings(
  environment: Environment,
  readFile: (path: string) => string,
  language: Language,
  { readsReportsOnly = false }: LoadOptions = {},
): LoadedSettings {
  const problems: Text[] = [];
  const warnings: Text[] = [];
  const given = new Map<string, Origin>();
  for (const [name, value] of Object.entries(environment)) {
    if (value) given.set(name, { value, source: { en: 'environment', zh: '环境变量' } });
  }
  readEnvFile(given, readFile, problems, warnings);
  readSecretFiles(given, readFile, problems);

  const written: Partial<Record<SettingName, string>> = {};
  const sources: Partial<Record<SettingName, Text>> = {};
  for (const name of SETTING_NAMES) {
    const origin = given.get(name);
    const fallback = settingOf(name).default;
    const value = origin?.value ?? fallback;
    if (value !== undefined) written[name] = value;
    sources[name] = origin?.source ?? (fallback === undefined ? NOT_SET : DEFAULT);
  }
  for (const { name, kind, expected } of validateSettings(written)) {
    const shown = settingOf(name as SettingName).secret
      ? '***'
      : written[name as SettingName]?.replaceAll(AGE_SECRET_KEY, '***');
    const source = sources[name as SettingName] ?? NOT_SET;
    if (kind === 'missing' && readsReportsOnly) continue;
    // A secret that could not be read is told about already.
    if (kind === 'missing' && problems.some((problem) => problem.en.startsWith(`${name}_FILE`))) continue;
    problems.push({
      en:
        kind === 'missing'
          ? `${name} (not set): expected ${expected.en}`
          : `${name}=${shown} (${source.en}): expected ${expected.en}`,
      zh:
        kind === 'missing'
          ? `${name}（未设置）：应为${expected.zh}`
          : `${name}=${shown}（${source.zh}）：应为${expected.zh}`,
    });
  }
  warnings.push(...likelyTypos([...given.keys()]));
  if (problems.length > 0) throw settingsInvalid(problems, warnings, language);
  return {
    settings: typedSettings(written),
    sources: sources as Record<SettingName, Text>,
    warnings,
    environment: Object.fromEntries([...given].map(([name, { value }]) => [name, value])),
  };
}

/** Put among the recipients by mistake. */
const AGE_SECRET_KEY = /AGE-SECRET-KEY-[^\s'"]*/gi;
const NOT_SET: Text = { en: 'not set', zh: '未设置' };
const DEFAULT: Text = { en: 'default', zh: '默认值' };

/** The warnings stand below: a mistyped name is the likely reason why another one is missing. */
function settingsInvalid(
  problems: readonly Text[],
  warnings: readonly Text[],
  language: Language,
): PgBackupError {
  const lines = [...problems, ...warnings].map((text) => `  - ${render(text, language)}`);
  return new PgBackupError('SETTINGS_INVALID', { count: problems.length, problems: lines.join('\n') });
}

function readEnvFile(
  given: Map<string, Origin>,
  readFile: (path: string) => string,
  problems: Text[],
  warnings: Text[],
): void {
  const path = given.get('BACKUP_ENV_FILE')?.value;
  if (path === undefined) return;
  const content = readOrReport('BACKUP_ENV_FILE', path, readFile, problems);
  if (content === undefined) return;
  const file = parseEnvFile(content);
  problems.push(...file.errors.map(({ line, text }) => atLine(path, line, text)));
  warnings.push(...file.warnings.map(({ line, text }) => atLine(path, line, text)));
  for (const { name, value, line } of file.assignments) {
    // An empty assignment in a sourced file hides the environment's value too.
    if (value === '') given.delete(name);
    else given.set(name, { value, source: { en: `${path}:${line}`, zh: `${path}:${line}` } });
  }
}

/** A secret may stand in a file named by `NAME_FILE`, as Docker and Kubernetes mount them; one line end at its end is not part of it. */
function readSecretFiles(
  given: Map<string, Origin>,
  readFile: (path: string) => string,
  problems: Text[],
): void {
  for (const name of SETTING_NAMES.filter((candidate) => settingOf(candidate).secret)) {
    const file = given.get(`${name}_FILE`);
    if (file === undefined) continue;
    if (given.has(name)) {
      problems.push({
        en: `${name}_FILE (${file.source.en}): ${name} is set too; keep one of them`,
        zh: `${name}_FILE（${file.source.zh}）：同时设置了 ${name}；请只保留一个`,
      });
      continue;
    }
    const value = readOrReport(`${name}_FILE`, file.value, readFile, problems)?.replace(/\r?\n$/, '');
    if (value === '') {
      problems.push({
        en: `${name}_FILE: ${file.value} is empty`,
        zh: `${name}_FILE：${file.value} 是空文件`,
      });
    } else if (value !== undefined) {
      given.set(name, { value, source: { en: `file ${file.value}`, zh: `文件 ${file.value}` } });
    }
  }
}

function readOrReport(
  name: string,
  path: string,
  readFile: (path: string) => string,
  problems: Text[],
): string | undefined {
  try {
    return readFile(path);
  } catch (error) {
    const detail = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    problems.push({
      en: `${name}: cannot read ${path} (${detail})`,
      zh: `${name}：无法读取 ${path}（${detail}）`,
    });
    return undefined;
  }
}

function atLine(path: string, line: number, text: Text): Text {
  return { en: `${path}:${line}: ${text.en}`, zh: `${path}:${line}：${text.zh}` };
}

function typedSettings(written: Readonly<Partial<Record<SettingName, string>>>): Settings {
  const entries = SETTING_NAMES.map((name) => {
    const value = written[name];
    const setting = settingOf(name);
    if (value === undefined) return [name, undefined];
    if (setting.secret) return [name, new Secret(value)];
    if (setting.type === 'integer') return [name, Number(value)];
    if (setting.type === 'boolean') return [name, value === 'true'];
    if (setting.type === 'words') return [name, splitWords(value).words];
    return [name, value];
  });
  return Object.fromEntries(entries) as Settings;
}
