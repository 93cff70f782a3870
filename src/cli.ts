import yargs from 'yargs';
import type { BackupContext } from './backup/context.ts';
import { listBackups } from './backup/list-backups.ts';
import { pruneNow, showPrune } from './backup/prune.ts';
import { backup } from './backup/run.ts';
import { uploadWaiting } from './backup/upload-waiting.ts';
import { verifyCopies } from './backup/verify-copies.ts';
import { DRILL_CONFLICTS, drillFlags, drillOptions } from './cli-drill.ts';
import { checkChoice, RESTORE_CONFLICTS, restoreFlags, restoreOptions } from './cli-restore.ts';
import { CLI_TEXTS } from './cli-texts.ts';
import { effectiveSettings, settingsHelp } from './config/help.ts';
import { describeError, PgBackupError } from './errors.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { type Language, render, type Text } from './language.ts';
import { createBackupContext, loadFrom, type Surroundings, settingWarnings, VERSION } from './program.ts';
import { doctor } from './restore/doctor.ts';
import { drill } from './restore/drill-runs.ts';
import { listArchive } from './restore/list-archive.ts';
import { restore } from './restore/restore.ts';

/**
 * Parses the command line, runs its command and returns the exit code; what a command throws is logged.
 * @throws PgBackupError USAGE or SETTINGS_INVALID, when there is no log yet.
 */
export async function runCli(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { language, stdout } = surroundings;
  let exitCode = 0;
  const say = (text: Text): string => render(text, language);
  const write = (text: string): unknown => stdout.write(text);
  const parser = yargs()
    .scriptName('pg-backup')
    .locale(language === 'zh' ? 'zh_CN' : 'en')
    .usage(say(CLI_TEXTS.usage))
    .command(
      'backup',
      say(CLI_TEXTS.backup),
      (command) => command.epilogue(`${settingsHelp(language)}\n\n${exitCodesHelp(language)}`),
      async () => {
        exitCode = await runLogged(surroundings, backup);
      },
    )
    .command('upload', say(CLI_TEXTS.upload), {}, async () => {
      exitCode = await runLogged(surroundings, uploadWaiting);
    })
    .command(
      'list',
      say(CLI_TEXTS.list),
      (command) => command.option('json', { type: 'boolean', default: false, describe: say(CLI_TEXTS.json) }),
      async ({ json }) => {
        exitCode = await runLogged(surroundings, (context) => listBackups(context, { json, write }));
      },
    )
    .command(
      'verify [run]',
      say(CLI_TEXTS.verify),
      (command) =>
        command
          .positional('run', { type: 'string', describe: say(CLI_TEXTS.run) })
          .option('all', { type: 'boolean', describe: say(CLI_TEXTS.all) })
          .option('remote', { type: 'boolean', default: false, describe: say(CLI_TEXTS.remote) })
          .conflicts('run', 'all'),
      async ({ run, all, remote }) => {
        exitCode = await runLogged(surroundings, (context) =>
          verifyCopies(context, { run, all, remote, write }),
        );
      },
    )
    .command(
      'restore [run]',
      say(CLI_TEXTS.restore),
      (command) =>
        command
          .positional('run', { type: 'string', describe: say(CLI_TEXTS.run) })
          .options(restoreFlags(say))
          .conflicts(RESTORE_CONFLICTS)
          // Otherwise --no-owner would be read as the opposite of --owner, and a run behind --table as one more table.
          .parserConfiguration({ 'boolean-negation': false, 'greedy-arrays': false }),
      async (given) => {
        exitCode = await runLogged(surroundings, (context) => {
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
      },
    )
    .command(
      'drill [run]',
      say(CLI_TEXTS.drill),
      (command) =>
        command
          .positional('run', { type: 'string', describe: say(CLI_TEXTS.run) })
          .options(drillFlags(say))
          .conflicts(DRILL_CONFLICTS),
      async (given) => {
        exitCode = await runLogged(surroundings, (context) =>
          drill(context, given, { ...drillOptions(given), write }),
        );
      },
    )
    .command(
      'prune',
      say(CLI_TEXTS.prune),
      (command) =>
        command.option('dry-run', { type: 'boolean', default: false, describe: say(CLI_TEXTS.dryRun) }),
      async ({ dryRun }) => {
        exitCode = await runLogged(surroundings, (context) =>
          dryRun ? showPrune(context, write) : pruneNow(context),
        );
      },
    )
    .command('doctor', say(CLI_TEXTS.doctor), {}, async () => {
      exitCode = await runLogged(surroundings, (context) => doctor(context, write));
    })
    .command('config', say(CLI_TEXTS.config), {}, () => {
      const loaded = loadFrom(surroundings);
      stdout.write(`${effectiveSettings(loaded, language)}\n`);
      for (const warning of settingWarnings(loaded)) surroundings.stderr.write(`${say(warning)}\n`);
    })
    .epilogue(`${exitCodesHelp(language)}\n\n${say(CLI_TEXTS.next)}`)
    .demandCommand(1, 1, say(CLI_TEXTS.noCommand), say(CLI_TEXTS.noCommand))
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
    throw new PgBackupError('USAGE', { detail: say(CLI_TEXTS.noCommand) });
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
  return [render(CLI_TEXTS.exitCodes, language), ...lines].join('\n');
}
