import type { BackupContext } from '../backup/context.ts';
import { streamCommand } from '../command-stream.ts';
import { PgBackupError } from '../errors.ts';
import { describeOutcome } from '../exec.ts';
import { findClients } from '../postgres/clients.ts';
import { clientEnvironment } from '../postgres/connection.ts';
import { lastLines } from '../postgres/failures.ts';
import type { RunChoice } from './choose-run.ts';
import { withSource } from './prepare-plan.ts';
import { chooseRestoreClient } from './restore-client.ts';

/** Writes the table of contents of a backup, as `pg_restore --list` does. @throws PgBackupError ARCHIVE_UNKNOWN */
export async function listArchive(
  context: BackupContext,
  choice: RunChoice,
  write: (text: string) => unknown,
): Promise<void> {
  await withSource(context, choice, async ({ source }) => {
    const { settings, environment, signal } = context;
    const toc = await source.readToc();
    const client = chooseRestoreClient(await findClients(settings.PG_BIN_DIR, environment['PATH']), toc, 0);
    const { dump } = source;
    const input = source.decrypt(await source.openHead());
    const { output, ended } = streamCommand(
      {
        file: client.pgRestore,
        args: ['--list'],
        environment: clientEnvironment(environment, undefined),
        signal,
      },
      {
        input,
        readsOnlyTheBeginning: true,
        failure: (result) =>
          result.exitCode === 0
            ? undefined
            : new PgBackupError('ARCHIVE_UNKNOWN', {
                path: dump.name,
                detail: `${describeOutcome(result)}: ${lastLines(result.stderr)}`,
              }),
      },
    );
    for await (const chunk of output) write(String(chunk));
    await ended;
  });
}
