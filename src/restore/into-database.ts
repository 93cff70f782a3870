import { setTimeout } from 'node:timers/promises';
import type { BackupContext } from '../backup/context.ts';
import type { RunStage } from '../backup/stages.ts';
import { describeError, PgBackupError } from '../errors.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteIdentifier } from '../postgres/identifier.ts';
import { QueryFailed } from '../postgres/session.ts';
import { tablespaceOf } from './database-options.ts';
import { judge } from './judge.ts';
import {
  applyDatabaseSettings,
  createUnfinished,
  dropUnfinished,
  giveToOwner,
  renameDatabase,
  temporaryName,
} from './new-database.ts';
import type { ObtainedDump } from './obtain-dump.ts';
import type { RestorePlan } from './plan.ts';
import { runPgRestore } from './run-pg-restore.ts';
import { watchDatabaseSize } from './watch-size.ts';

export type RestorePhase = 'fetch' | 'checksum' | 'roles' | 'restore';

export interface RestoreWork {
  readonly dump: ObtainedDump;
  readonly temporaryDirectory: string;
  readonly stage: RunStage<RestorePhase>;
}

/** SQLSTATE object_in_use: somebody, such as a monitor, is connected to it. The server itself waits for five seconds each time. */
const IN_USE = '55006';
const RENAMING_ATTEMPTS = 6;
const PAUSE_MILLISECONDS = 200;

/**
 * Restores into a database that gets its name when it is complete, and is gone where it is not. Returns how much of it is missing although all objects and
 * rows are there.
 * @throws PgBackupError RESTORE_FAILED
 */
export async function intoNewDatabase(
  context: BackupContext,
  plan: RestorePlan,
  work: RestoreWork,
): Promise<number> {
  const { options, access } = plan;
  const temporary = temporaryName(options.to);
  context.log('info', 'RESTORE_TEMPORARY', {
    ...{ temporary, database: options.to, quoted: quoteIdentifier(temporary) },
  });
  const lesser = await fill(context, plan, work, temporary).catch(async (error) => {
    const isGone = await dropUnfinished(context, access, temporary);
    const isOurs =
      error instanceof QueryFailed || (error instanceof PgBackupError && error.code === 'RESTORE_FAILED');
    throw isOurs ? failed(options.to, error, isGone ? NOTHING_LEFT : LEFT) : error;
  });
  try {
    await rename(plan, temporary);
  } catch (error) {
    // It may have taken hours, and whatever has that name now is not ours.
    throw failed(options.to, error, fillIn(KEPT, { temporary, rename: renaming(temporary, options.to) }));
  }
  return lesser;
}

/** Restores into a database that is there, in one transaction. @throws PgBackupError RESTORE_FAILED */
export async function inPlace(context: BackupContext, plan: RestorePlan, work: RestoreWork): Promise<number> {
  const { to: database } = plan.options;
  const restored = await run(context, plan, work, database);
  return judge(context, restored, { database, inOneTransaction: true }).lesser;
}

async function fill(
  context: BackupContext,
  plan: RestorePlan,
  work: RestoreWork,
  temporary: string,
): Promise<number> {
  const { options, access, target, source, toc } = plan;
  await createUnfinished(access, temporary, {
    database: plan.databaseOptions,
    serverMajor: target.server.major,
    run: source.run,
    tablespace: options.noTablespaces ? undefined : tablespaceOf(toc),
  });
  if (!options.noOwner) await giveToOwner(access, toc, temporary);
  const restored = await run(context, plan, work, temporary);
  const { lesser } = judge(context, restored, { database: options.to, inOneTransaction: false });
  const refused = await applyDatabaseSettings(context, plan, temporary, options);
  context.signal.throwIfAborted();
  return lesser + refused.length;
}

async function rename({ access, options }: RestorePlan, temporary: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await renameDatabase(access, temporary, options.to);
    } catch (error) {
      const isInUse = error instanceof QueryFailed && error.sqlState === IN_USE;
      if (!isInUse || attempt === RENAMING_ATTEMPTS) throw error;
      await setTimeout(PAUSE_MILLISECONDS);
    }
  }
}

function renaming(from: string, to: string): string {
  return `ALTER DATABASE ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)};`;
}

async function run(
  context: BackupContext,
  plan: RestorePlan,
  { dump, temporaryDirectory }: RestoreWork,
  database: string,
): ReturnType<typeof runPgRestore> {
  const { options, source, toc, client, access, target, jobs, selected } = plan;
  const watch = watchDatabaseSize(context, access, database, source.record?.server?.databaseSizeBytes);
  try {
    return await runPgRestore({
      ...{ source, toc, client, access, database, jobs, selected, temporaryDirectory },
      dump: dump.path,
      serverMajor: target.server.major,
      inOneTransaction: plan.method === 'one transaction',
      clean: options.clean,
      ...{
        noOwner: options.noOwner,
        noPrivileges: options.noPrivileges,
        noTablespaces: options.noTablespaces,
      },
      disableTriggers: target.isSuperuser,
      part: options.part,
      signal: context.signal,
    });
  } finally {
    await watch.end();
  }
}

function failed(database: string, error: unknown, remedy: Text): unknown {
  if (error instanceof QueryFailed) {
    return new PgBackupError('RESTORE_FAILED', { database, detail: error.message, remedy }, error);
  }
  if (!(error instanceof PgBackupError)) return error;
  const told = { en: describeError(error, 'en').message, zh: describeError(error, 'zh').message };
  const detail = error.code === 'RESTORE_FAILED' ? (error.parameters['detail'] ?? '') : told;
  return new PgBackupError('RESTORE_FAILED', { database, detail, remedy }, error);
}

const NOTHING_LEFT: Text = {
  en: 'No half is left: what had been restored was removed. The log above names each problem.',
  zh: '未留下半成品：已恢复的部分已删除。上方日志列明了各项问题。',
};
const LEFT: Text = {
  en: 'What had been restored by then could not be removed: the log above names it.',
  zh: '已恢复的部分未能删除：见上方日志。',
};
const KEPT: Text = {
  en: 'The result is complete and was kept as "{temporary}". Once the name is free: {rename}',
  zh: '恢复结果完整，已保留为 "{temporary}"。待该名称可用后执行：{rename}',
};
