import { acceptRun } from '../backup/accept.ts';
import type { Surroundings } from '../program.ts';
import { runOnOneDatabase } from './run-on-databases.ts';
import type { Scope } from './run-on-targets.ts';

/** `pg-backup accept` */
export function runAccept(
  surroundings: Surroundings,
  given: Scope & { readonly run?: string | undefined },
): Promise<number> {
  return runOnOneDatabase(surroundings, given, (context) => acceptRun(context, given.run));
}
