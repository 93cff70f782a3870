import { distance } from 'fastest-levenshtein';
import type { Text } from '../language.ts';
import { SETTING_NAMES, settingOf } from './settings.ts';

const OUR_PREFIXES = /^(BACKUP|PG|OSS|RCLONE|RESTORE|DRILL)_/;
/** rclone's own way to configure a remote without a file (rclone manual, "Config file"). */
const RCLONE_CONFIGURATION = /^RCLONE_CONFIG(_|$)/;

/** One warning for each name that looks like a setting of ours and is none, with the nearest real name. */
export function likelyTypos(names: readonly string[]): Text[] {
  const known = SETTING_NAMES.flatMap((name) => (settingOf(name).secret ? [name, `${name}_FILE`] : [name]));
  return names
    .filter((name) => OUR_PREFIXES.test(name) && !RCLONE_CONFIGURATION.test(name))
    .filter((name) => !(known as string[]).includes(name))
    .map((name) => {
      const [nearest = ''] = nearestNames(name, known);
      return {
        en: `${name} is not a setting; did you mean ${nearest}?`,
        zh: `${name} 不是配置项；是否想写 ${nearest}？`,
      };
    });
}

/** The candidates by their likeness to a name that is none of them, the most alike first. */
export function nearestNames(name: string, candidates: readonly string[]): string[] {
  return candidates.toSorted((a, b) => distance(name, a) - distance(name, b));
}
