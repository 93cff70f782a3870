import { listBackups } from '../backup/list-backups.ts';
import type { Surroundings } from '../program.ts';
import { everyDatabase } from './run-on-databases.ts';
import { runTogether, type Scope } from './run-on-targets.ts';

/** `pg-backup list` */
export function runList(
  surroundings: Surroundings,
  given: Scope & { readonly json: boolean },
): Promise<number> {
  const write = (text: string): unknown => surroundings.stdout.write(text);
  return runTogether(surroundings, given, async (contexts) =>
    listBackups(await everyDatabase(contexts, given), { json: given.json, write }),
  );
}
