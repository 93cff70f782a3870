import { acceptance } from '../acceptance/acceptance.ts';
import type { Surroundings } from '../program.ts';
import { runTogether, type Scope } from './run-on-targets.ts';

/** `pg-backup acceptance` */
export function runAcceptance(
  surroundings: Surroundings,
  { json, server, ...scope }: Scope & { readonly json: boolean; readonly server?: string | undefined },
): Promise<number> {
  const write = (text: string): unknown => surroundings.stdout.write(text);
  return runTogether(surroundings, scope, (contexts) =>
    acceptance(contexts, { json, server, database: scope.database, write }),
  );
}
