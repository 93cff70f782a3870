import { backUpTarget } from '../backup/back-up-target.ts';
import type { Surroundings } from '../program.ts';
import { runOnTargets, type Scope } from './run-on-targets.ts';

/** `pg-backup backup` */
export function runBackup(surroundings: Surroundings, scope: Scope): Promise<number> {
  return runOnTargets(surroundings, scope, (context) => backUpTarget(context, scope.database));
}
