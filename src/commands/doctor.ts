import { doctor } from '../doctor/doctor.ts';
import type { Surroundings } from '../program.ts';
import { runTogether, type Scope } from './run-on-targets.ts';

/** `pg-backup doctor` */
export function runDoctor(
  surroundings: Surroundings,
  { json, ...scope }: Scope & { readonly json: boolean },
): Promise<number> {
  const write = (text: string): unknown => surroundings.stdout.write(text);
  return runTogether(surroundings, scope, (contexts) =>
    doctor(contexts, { json, database: scope.database, write }),
  );
}
