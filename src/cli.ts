import yargs from 'yargs';
import type { BackupContext } from './backup/context.ts';
import { planPrune, prune } from './backup/prune.ts';
import { describePlan } from './backup/prune-plan.ts';
import { repairKilledRuns } from './backup/repair.ts';
import { backup } from './backup/run.ts';
import { effectiveSettings, settingsHelp } from './config/help.ts';
import { describeError, PgBackupError } from './errors.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { type Language, render, type Text } from './language.ts';
import { createBackupContext, loadFrom, type Surroundings, settingWarnings, VERSION } from './program.ts';

/**
 * Parses the command line, runs its command and returns the exit code; what a command throws is logged.
 * @throws PgBackupError USAGE or SETTINGS_INVALID, when there is no log yet.
 */
export async function runCli(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { language, stdout } = surroundings;
  let exitCode = 0;
  const say = (text: Text): string => render(text, language);
  const parser = yargs()
    .scriptName('pg-backup')
    .locale(language === 'zh' ? 'zh_CN' : 'en')
    .usage(say(USAGE))
    .command(
      'backup',
      say(BACKUP),
      (command) => command.epilogue(`${settingsHelp(language)}\n\n${exitCodesHelp(language)}`),
      async () => {
        exitCode = await runLogged(surroundings, backup);
      },
    )
    .command(
      'prune',
      say(PRUNE),
      (command) => command.option('dry-run', { type: 'boolean', default: false, describe: say(DRY_RUN) }),
      async ({ dryRun }) => {
        exitCode = await runLogged(surroundings, async (context) => {
          if (dryRun) {
            stdout.write(describePlan(await planPrune(context), context.language));
            return;
          }
          await repairKilledRuns(context);
          await prune(context);
        });
      },
    )
    .command('config', say(CONFIG), {}, () => {
      const loaded = loadFrom(surroundings);
      stdout.write(`${effectiveSettings(loaded, language)}\n`);
      for (const warning of settingWarnings(loaded)) surroundings.stderr.write(`${say(warning)}\n`);
    })
    .epilogue(`${exitCodesHelp(language)}\n\n${say(NEXT)}`)
    .demandCommand(1, 1, say(NO_COMMAND), say(NO_COMMAND))
    .strict()
    .version(VERSION)
    .help()
    .wrap(100)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new PgBackupError('USAGE', { detail: message });
    });
  if (args.length === 0) {
    stdout.write(`${await parser.getHelp()}\n`);
    throw new PgBackupError('USAGE', { detail: say(NO_COMMAND) });
  }
  await parser.parseAsync([...args], {}, (_error, _argv, output) => {
    if (output) stdout.write(`${output}\n`);
  });
  return exitCode;
}

async function runLogged(
  surroundings: Surroundings,
  command: (context: BackupContext) => Promise<unknown>,
): Promise<number> {
  const context = createBackupContext(surroundings, loadFrom(surroundings));
  try {
    await command(context);
    return 0;
  } catch (error) {
    const { code, exitCode, message, hint } = describeError(error, context.language);
    const stack = code === 'INTERNAL' && error instanceof Error ? `\n${error.stack}` : '';
    context.log('error', 'COMMAND_FAILED', { code, message, hint: hint + stack });
    return exitCode;
  }
}

function exitCodesHelp(language: Language): string {
  const lines = Object.entries(EXIT_CODES).map(
    ([code, text]) => `  ${code.padStart(3)}  ${render(text, language)}`,
  );
  return [render({ en: 'Exit codes:', zh: '退出码：' }, language), ...lines].join('\n');
}

const USAGE: Text = {
  en: 'pg-backup <command>\n\nLogical PostgreSQL backups that are read back in full and compared with their remote copy.',
  zh: 'pg-backup <命令>\n\nPostgreSQL 逻辑备份：完整读回校验，并与远端副本逐一比对。',
};
const BACKUP: Text = {
  en: 'back up the database that the settings name, now',
  zh: '立即备份配置所指的数据库',
};
const PRUNE: Text = {
  en: 'remove local backups that RETENTION_DAYS gives up',
  zh: '按 RETENTION_DAYS 清理过期的本地备份',
};
const DRY_RUN: Text = { en: 'only show what would go and why', zh: '仅显示将清理的内容及原因' };
const CONFIG: Text = {
  en: 'show the effective settings and where each came from',
  zh: '显示生效的配置及其来源',
};
const NO_COMMAND: Text = {
  en: 'Name one command, for example: pg-backup backup',
  zh: '请给出一个命令，例如：pg-backup backup',
};
const NEXT: Text = {
  en: 'Start here: pg-backup config shows what is set; pg-backup backup --help lists every setting.',
  zh: '从这里开始：pg-backup config 查看当前配置；pg-backup backup --help 列出全部配置项。',
};
