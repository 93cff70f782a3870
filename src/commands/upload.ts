import { uploadWaiting } from '../backup/upload-waiting.ts';
import type { Surroundings } from '../program.ts';
import { runOnDatabases } from './run-on-databases.ts';
import type { Scope } from './run-on-targets.ts';

/** `pg-backup upload` */
export function runUpload(surroundings: Surroundings, scope: Scope): Promise<number> {
  return runOnDatabases(surroundings, scope, uploadWaiting);
}
