import { type BackupContext, forDatabase } from '../backup/context.ts';
import { type Copies, type CopiesOfRun, findCopies } from '../backup/copies.ts';
import { withTemporaryDirectory } from '../backup/temporary-directory.ts';
import { openStoreIn } from '../backup/with-store.ts';
import { describeError, PgBackupError } from '../errors.ts';
import { fillIn, type Text } from '../language.ts';
import { findClients } from '../postgres/clients.ts';
import type { Store } from '../storage/store.ts';
import { chooseRun, databaseOf, type RunChoice } from './choose-run.ts';
import { inspectTarget } from './inspect-target.ts';
import { makePlan, type RestorePlan } from './plan.ts';
import { chooseRestoreClient } from './restore-client.ts';
import type { RestoreOptions } from './restore-options.ts';
import { openRunSource, type RunSource } from './run-source.ts';
import { openServerAccess, restoreServer } from './server-access.ts';

export interface Prepared {
  readonly plan: RestorePlan;
  readonly store: Store | undefined;
  readonly temporaryDirectory: string;
}

/** Finds the backup, looks at the server, and has `action` work with the plan; keys and passwords are gone when it has ended in any way. */
export async function preparePlan(
  context: BackupContext,
  options: RestoreOptions,
  action: (prepared: Prepared) => Promise<void>,
): Promise<void> {
  await withSource(context, options, async ({ source, store, temporaryDirectory }) => {
    const { settings, environment } = context;
    const clients = await findClients(settings.PG_BIN_DIR, environment['PATH']);
    const [newest] = clients;
    if (!newest) throw new Error('findClients found none');
    const toc = await source.readToc();
    const access = await openServerAccess(context, {
      ...restoreServer(context),
      client: newest,
      temporaryDirectory,
    });
    const target = await inspectTarget(access, options.to);
    const client = chooseRestoreClient(clients, toc, target.server.major);
    const plan = await makePlan(context, options, { source, access, client, toc, target });
    await action({ plan, store, temporaryDirectory });
  });
}

export interface FoundSource {
  readonly source: RunSource;
  readonly store: Store | undefined;
  /** Private. */
  readonly temporaryDirectory: string;
}

/**
 * Finds the backup that is meant, here or in the store; a store that cannot be reached matters only where nothing is here.
 * @throws PgBackupError NO_SUCH_RUN, RESTORE_REFUSED for an encrypted one that cannot be opened here, or why the store cannot be asked
 */
export async function withSource(
  context: BackupContext,
  choice: RunChoice,
  action: (found: FoundSource) => Promise<void>,
): Promise<void> {
  await withTemporaryDirectory(context, async (temporaryDirectory) => {
    const { store, run } = await findRun(context, choice, temporaryDirectory);
    const source = await openRunSource(context, run, { store, temporaryDirectory });
    try {
      if (!source.canRead) {
        throw new PgBackupError('RESTORE_REFUSED', {
          detail: fillIn(NO_KEYS, { run: run.name }),
          remedy: SET_KEYS,
        });
      }
      await action({ source, store, temporaryDirectory });
    } finally {
      await source.close();
    }
  });
}

/** One that is named and lies here needs no store. */
async function findRun(
  context: BackupContext,
  choice: RunChoice,
  temporaryDirectory: string,
): Promise<{ readonly store: Store | undefined; readonly run: CopiesOfRun }> {
  const database = databaseOf(choice, context);
  if (choice.run !== undefined) {
    const { runs } = await findCopies(forDatabase(context, database), undefined);
    const run = runs.find(({ name, local }) => name === choice.run && local && local.sizeBytes > 0);
    if (run) return { store: undefined, run };
  }
  const { store, copies, failure } = await findRuns(context, database, temporaryDirectory);
  try {
    const { byName, others } = copies.known;
    const run = chooseRun(copies.runs, choice, database, [...byName.keys(), ...others]);
    return { store, run };
  } catch (error) {
    // It may be in the store that could not be asked.
    throw failure !== undefined && error instanceof PgBackupError && error.code === 'NO_SUCH_RUN'
      ? failure
      : error;
  }
}

/** Every run of a database, and the store that it may have to be fetched from; `failure` where that could not be asked. */
export async function findRuns(
  context: BackupContext,
  database: string,
  temporaryDirectory: string,
): Promise<{ readonly store: Store | undefined; readonly copies: Copies; readonly failure?: PgBackupError }> {
  const ofDatabase = forDatabase(context, database);
  try {
    const store = await openStoreIn(temporaryDirectory, ofDatabase);
    return { store, copies: await findCopies(ofDatabase, store) };
  } catch (error) {
    context.signal.throwIfAborted();
    const copies = await findCopies(ofDatabase, undefined);
    if (!(error instanceof PgBackupError) || copies.runs.every(({ local }) => !local)) throw error;
    context.log('warn', 'STORE_NOT_LISTED', { message: describeError(error, context.language).message });
    return { store: undefined, copies, failure: error };
  }
}

const NO_KEYS: Text = {
  en: '{run} is encrypted, and no key is here that opens it',
  zh: '{run} 已加密，而此处没有可解密的密钥',
};
const SET_KEYS: Text = {
  en: 'Set BACKUP_ENCRYPTION_IDENTITY_FILE or BACKUP_ENCRYPTION_PASSPHRASE.',
  zh: '请设置 BACKUP_ENCRYPTION_IDENTITY_FILE 或 BACKUP_ENCRYPTION_PASSPHRASE。',
};
