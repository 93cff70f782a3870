import type { Surroundings } from '../program.ts';
import { healthcheck } from '../schedule/healthcheck.ts';
import { runOnReports, type Scope } from './run-on-targets.ts';

/** `pg-backup healthcheck` */
export function runHealthcheck(surroundings: Surroundings, scope: Scope): Promise<number> {
  const write = (text: string): unknown => surroundings.stdout.write(text);
  return runOnReports(surroundings, scope, (contexts) =>
    healthcheck(contexts, write, { database: scope.database }),
  );
}
