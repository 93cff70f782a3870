import { pruneNow, showPrune } from '../backup/prune.ts';
import type { Surroundings } from '../program.ts';
import { runOnDatabases } from './run-on-databases.ts';
import type { Scope } from './run-on-targets.ts';

/** `pg-backup prune` */
export function runPrune(
  surroundings: Surroundings,
  given: Scope & { readonly dryRun: boolean },
): Promise<number> {
  const write = (text: string): unknown => surroundings.stdout.write(text);
  return runOnDatabases(surroundings, given, (context) =>
    given.dryRun ? showPrune(context, write) : pruneNow(context),
  );
}
