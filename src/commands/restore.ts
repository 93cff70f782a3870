import { render, type Text } from '../language.ts';
import type { Surroundings } from '../program.ts';
import { listArchive } from '../restore/list-archive.ts';
import { restore } from '../restore/restore.ts';
import { checkChoice, type RestoreArguments, restoreOptions } from './restore-flags.ts';
import { runOnOneDatabase } from './run-on-databases.ts';
import type { Scope } from './run-on-targets.ts';

/** `pg-backup restore` */
export function runRestore(surroundings: Surroundings, given: Scope & RestoreArguments): Promise<number> {
  const write = (text: string): unknown => surroundings.stdout.write(text);
  return runOnOneDatabase(surroundings, given, (context) => {
    if (given.list) {
      checkChoice(given);
      return listArchive(context, given, write);
    }
    const ask = (question: Text) => surroundings.ask(render(question, context.language));
    return restore(context, restoreOptions(given), {
      write,
      ask,
      planOnly: given.plan === true,
      yes: given.yes === true,
    });
  });
}
