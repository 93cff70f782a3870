import type { TargetContext } from '../backup/context.ts';
import { requireOneServer } from '../config/same-for-all.ts';
import { PgBackupError } from '../errors.ts';
import type { Surroundings } from '../program.ts';
import { serve } from '../server/serve.ts';
import { refuseDatabase, runOnReports, type Scope } from './run-on-targets.ts';

interface ServeArguments extends Scope {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/** `pg-backup serve` */
export async function runServe(surroundings: Surroundings, given: ServeArguments): Promise<number> {
  refuseDatabase(given, surroundings.language);
  return runOnReports(surroundings, given, async (contexts) => {
    requireOneServer(contexts, surroundings.language);
    await serve(contexts, listenOptions(contexts, given), surroundings.signal);
  });
}

/**
 * Where the report server listens.
 * @throws PgBackupError USAGE for a port that is none
 */
function listenOptions(
  [context]: readonly TargetContext[],
  given: ServeArguments,
): { host: string; port: number } {
  const host = given.host ?? context?.settings.REPORT_HOST ?? '';
  const port = given.port ?? context?.settings.REPORT_PORT ?? 0;
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return { host, port };
  throw new PgBackupError('USAGE', { detail: WRONG_PORT });
}

const WRONG_PORT = { en: '--port takes a whole number from 1 to 65535', zh: '--port 应为 1 至 65535 的整数' };
