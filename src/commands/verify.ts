import { verifyAndTell } from '../backup/verify-and-tell.ts';
import type { Surroundings } from '../program.ts';
import { runOnDatabases } from './run-on-databases.ts';
import type { Scope } from './run-on-targets.ts';

interface VerifyArguments extends Scope {
  readonly run?: string | undefined;
  readonly all?: boolean | undefined;
  readonly remote: boolean;
}

/** `pg-backup verify` */
export function runVerify(surroundings: Surroundings, given: VerifyArguments): Promise<number> {
  const { run, all, remote } = given;
  const write = (text: string): unknown => surroundings.stdout.write(text);
  return runOnDatabases(surroundings, given, (context) =>
    verifyAndTell(context, { run, all, remote, write }),
  );
}
