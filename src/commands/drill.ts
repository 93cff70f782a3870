import type { Surroundings } from '../program.ts';
import { drill } from '../restore/drill-runs.ts';
import { type DrillArguments, drillOptions } from './drill-flags.ts';
import { runOnDatabases } from './run-on-databases.ts';
import type { Scope } from './run-on-targets.ts';

/** `pg-backup drill` */
export function runDrill(surroundings: Surroundings, given: Scope & DrillArguments): Promise<number> {
  const write = (text: string): unknown => surroundings.stdout.write(text);
  return runOnDatabases(surroundings, given, (context) =>
    drill(context, given, { ...drillOptions(given), write }),
  );
}
