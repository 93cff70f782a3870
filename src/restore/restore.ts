import { isDeepStrictEqual } from 'node:util';
import type { BackupContext } from '../backup/context.ts';
import { createStages } from '../backup/stages.ts';
import { PgBackupError } from '../errors.ts';
import { fillIn, type Text } from '../language.ts';
import { QueryFailed } from '../postgres/session.ts';
import { inPlace, intoNewDatabase, type RestorePhase, type RestoreWork } from './into-database.ts';
import type { ObtainedDump } from './obtain-dump.ts';
import { checkInStage, fetchInStage } from './obtain-in-stages.ts';
import type { RestorePlan } from './plan.ts';
import { describePlan } from './plan-text.ts';
import { preparePlan } from './prepare-plan.ts';
import { refusalsOf } from './refusals.ts';
import { warnOfHoles } from './restore-client.ts';
import type { RestoreOptions } from './restore-options.ts';
import { createRoles, type RolePlan } from './roles.ts';

/** How a restore speaks with the person who asked for it. */
export interface RestoreDialogue {
  readonly write: (text: string) => unknown;
  /** The answer of a person; undefined where there is none to be asked. */
  readonly ask: (question: Text) => Promise<string | undefined>;
}

/**
 * Shows the plan and, unless only that was asked for, restores a backup: into a database that appears when it is complete, or in one transaction.
 * @throws PgBackupError RESTORE_REFUSED before anything was changed, RESTORE_FAILED with no half left, RESTORE_INCOMPLETE where only rights and the like
 * are missing
 */
export async function restore(
  context: BackupContext,
  options: RestoreOptions,
  how: RestoreDialogue & { readonly planOnly: boolean; readonly yes: boolean },
): Promise<void> {
  await preparePlan(context, options, async ({ plan, store, temporaryDirectory }) => {
    how.write(context.scrub(describePlan(plan, context.language)));
    const refusals = refusalsOf(plan);
    if (refusals.length > 0) throw refused(refusals);
    if (how.planOnly) return;
    if (plan.target.existing?.isEmpty === false && !how.yes) await confirm(options.to, how);
    warnOfHoles(context, plan.client);
    const stage = createStages<RestorePhase>(context, []);
    const dump = await fetchInStage(context, plan.source, store, stage);
    await using ending = new AsyncDisposableStack();
    ending.defer(() => dump.release());
    await checkInStage(context, plan.source, dump, stage);
    await checkToc(plan, dump);
    try {
      await carryOut(context, plan, { dump, temporaryDirectory, stage });
    } catch (error) {
      if (isComplete(error)) throw error;
      ending.move();
      const path = await dump.keep();
      if (path !== undefined) context.log('info', 'DOWNLOAD_KEPT', { path });
      throw error;
    }
  });
}

/** The plan was made from what lay there before the checksum was compared, or from a store that could have answered otherwise. */
async function checkToc({ source, toc }: RestorePlan, { path }: ObtainedDump): Promise<void> {
  if (isDeepStrictEqual(await source.readToc(path), toc)) return;
  throw new PgBackupError('COPY_ALTERED', { path, detail: OTHER_TOC });
}

function isComplete(error: unknown): boolean {
  return error instanceof PgBackupError && error.code === 'RESTORE_INCOMPLETE';
}

async function carryOut(context: BackupContext, plan: RestorePlan, work: RestoreWork): Promise<void> {
  const { options, access, source, method } = plan;
  const startedMilliseconds = performance.now();
  const { roles } = plan;
  if (roles && roles.missing.length > 0) await work.stage('roles', () => restoreRoles(context, plan, roles));
  const lesser = await work
    .stage('restore', () =>
      method === 'new database' ? intoNewDatabase(context, plan, work) : inPlace(context, plan, work),
    )
    .catch((error) => {
      if (roles?.missing.length) {
        context.log('warn', 'RESTORE_ROLES_STAY', { names: roles.missing.join(', ') });
      }
      throw error;
    });
  context.log('info', 'RESTORE_DONE', {
    ...{ run: source.run, database: options.to, host: access.host, port: access.port },
    seconds: Math.round((performance.now() - startedMilliseconds) / 100) / 10,
  });
  if (lesser === 0) return;
  const detail = fillIn(WITHOUT, { count: lesser });
  throw new PgBackupError('RESTORE_INCOMPLETE', { database: options.to, detail, remedy: SEE_ABOVE });
}

async function restoreRoles(
  context: BackupContext,
  { access, target, options }: RestorePlan,
  roles: RolePlan,
): Promise<void> {
  const session = access.open(target.maintenanceDatabase);
  try {
    await createRoles(session, roles);
  } catch (error) {
    if (!(error instanceof QueryFailed)) throw error;
    const detail = `roles: ${error.message}`;
    throw new PgBackupError('RESTORE_FAILED', { database: options.to, detail, remedy: NO_ROLE_MADE }, error);
  } finally {
    await session.close();
  }
  context.log('info', 'RESTORE_ROLES_CREATED', { names: roles.missing.join(', ') });
}

async function confirm(database: string, { ask }: RestoreDialogue): Promise<void> {
  const answer = await ask(fillIn(QUESTION, { database }));
  if (answer === database) return;
  const detail = answer === undefined ? NOBODY_TO_ASK : NOT_CONFIRMED;
  throw new PgBackupError('RESTORE_REFUSED', { detail, remedy: CONFIRM });
}

function refused(refusals: ReturnType<typeof refusalsOf>): PgBackupError {
  const join = (part: 'detail' | 'remedy', language: 'en' | 'zh'): string =>
    refusals.map((refusal) => refusal[part][language]).join(language === 'en' ? '; ' : '；');
  return new PgBackupError('RESTORE_REFUSED', {
    detail: { en: join('detail', 'en'), zh: join('detail', 'zh') },
    remedy: {
      en: join('remedy', 'en').replaceAll('.;', '.'),
      zh: join('remedy', 'zh').replaceAll('。；', '。'),
    },
  });
}

const QUESTION: Text = {
  en: 'What is in "{database}" now will be changed. Type its name to go on: ',
  zh: '"{database}" 中的现有内容将被改动。请输入库名以继续：',
};
const NOBODY_TO_ASK: Text = {
  en: 'the database is not empty, and there is no terminal on which to confirm that',
  zh: '该库非空，且没有可供确认的终端',
};
const NOT_CONFIRMED: Text = { en: 'it was not confirmed', zh: '未确认' };
const CONFIRM: Text = {
  en: 'Type the name of the database, or say --yes.',
  zh: '请输入库名，或使用 --yes。',
};
const WITHOUT: Text = {
  en: '{count} rights, owners, comments, settings or the like',
  zh: '{count} 项权限、属主、注释、设置等',
};
const SEE_ABOVE: Text = { en: 'The log above names them.', zh: '上方日志逐项列明。' };
const OTHER_TOC: Text = {
  en: 'its table of contents is not the one that the plan was made from',
  zh: '其归档目录与制定计划时所见不同',
};
const NO_ROLE_MADE: Text = {
  en: 'No role was created, and nothing else was changed.',
  zh: '未创建任何角色，也未做其他改动。',
};
