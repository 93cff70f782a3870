import type { Text } from '../../language.ts';
import { nameWithServer, printable } from '../../schedule/freshness.ts';
import { sameText } from '../../schedule/time-text.ts';
import type { DatabaseOverview } from '../overview/database-overview.ts';

/** `target/database`, or the database alone where targets have no names; with its server where several have one of that name. */
export function nameOf({ context: { target }, database, verdict }: DatabaseOverview): Text {
  if (database === undefined) return EVERY_DATABASE;
  return sameText(fullName(target, nameWithServer(database, verdict.server)));
}

/** The same within a sentence: what it holds must not turn the text around it (Unicode, UAX 9: FSI, PDI). */
export function isolatedNameOf(one: DatabaseOverview): Text {
  const { en, zh } = nameOf(one);
  return { en: `\u2068${en}\u2069`, zh: `\u2068${zh}\u2069` };
}

export function fullName(target: string | undefined, database: string): string {
  return printable(target === undefined ? database : `${target}/${database}`);
}

const EVERY_DATABASE: Text = { en: 'every database', zh: '所有库' };
