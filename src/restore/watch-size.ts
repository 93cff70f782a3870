import type { BackupContext } from '../backup/context.ts';
import type { Session } from '../postgres/session.ts';
import type { ServerAccess } from './server-access.ts';

const LOOK_MILLISECONDS = 2_000;

/** Shows how large a database has become while pg_restore, which says nothing itself, is filling it; never an error. */
export function watchDatabaseSize(
  context: BackupContext,
  access: ServerAccess,
  database: string,
  expectedBytes: number | undefined,
): { end(): Promise<void> } {
  let bytesDone = 0;
  const session: Session = access.open(database);
  const look = (): void => {
    session
      .query('SELECT pg_database_size(current_database())::text AS size')
      .then(([row]) => {
        bytesDone = Number(row?.['size']);
      })
      .catch(() => clearInterval(timer));
  };
  const timer = setInterval(look, LOOK_MILLISECONDS);
  timer.unref();
  const stopShowing = context.progress.start('pg_restore', () => ({
    bytesDone,
    ...(expectedBytes === undefined ? {} : { yardstickBytes: expectedBytes }),
  }));
  return {
    async end() {
      clearInterval(timer);
      stopShowing();
      await session.close();
    },
  };
}
