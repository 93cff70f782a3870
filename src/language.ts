export type Language = 'en' | 'zh';

/** A sentence in both languages; `{name}` stands for a parameter. */
export interface Text {
  readonly en: string;
  readonly zh: string;
}

/** A parameter may itself be a sentence in both languages. */
export type TextParameters = Readonly<Record<string, string | number | Text>>;

/** The sentence in one language with its parameters filled in; a parameter that is not given stays visible. */
export function render(text: Text, language: Language, parameters: TextParameters = {}): string {
  return text[language].replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = parameters[name] ?? placeholder;
    return typeof value === 'object' ? value[language] : String(value);
  });
}

/** The parameters as a person of one language reads them. */
export function inOneLanguage(
  parameters: TextParameters,
  language: Language,
): Readonly<Record<string, string | number>> {
  const entries = Object.entries(parameters);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'object' ? value[language] : value]),
  );
}

/** The sentence with its parameters filled in, in both languages. */
export function fillIn(text: Text, parameters: TextParameters): Text {
  return { en: render(text, 'en', parameters), zh: render(text, 'zh', parameters) };
}

/** The language of a person: `BACKUP_LANG`, else the POSIX locale variables in their order of precedence. */
export function chooseLanguage(environment: Readonly<Record<string, string | undefined>>): Language {
  const locale =
    environment['BACKUP_LANG'] ||
    environment['LC_ALL'] ||
    environment['LC_MESSAGES'] ||
    environment['LANG'] ||
    '';
  return locale.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
