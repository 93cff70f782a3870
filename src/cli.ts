import yargs from 'yargs';
import { CLI_TEXTS } from './cli-texts.ts';
import { DRILL_CONFLICTS, drillFlags } from './commands/drill-flags.ts';
import { RESTORE_CONFLICTS, restoreFlags } from './commands/restore-flags.ts';
import { settingsHelp } from './config/help.ts';
import { PgBackupError } from './errors.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { type Language, render, type Text } from './language.ts';
import type { Surroundings } from './program.ts';
import { VERSION } from './version.ts';

/**
 * Parses the command line, runs its command and returns the exit code; what a command throws is logged. A command is loaded when it is run: most of
 * the time until help is shown, or a health check answers, would go by loading what others need.
 * @throws PgBackupError USAGE or SETTINGS_INVALID, when there is no log yet.
 */
export async function runCli(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { language, stdout } = surroundings;
  let exitCode = 0;
  const say = (text: Text): string => render(text, language);
  const parser = yargs()
    .scriptName('pg-backup')
    .locale(language === 'zh' ? 'zh_CN' : 'en')
    .usage(say(CLI_TEXTS.usage))
    .option('target', { type: 'string', requiresArg: true, describe: say(CLI_TEXTS.target) })
    .option('database', { type: 'string', requiresArg: true, describe: say(CLI_TEXTS.database) })
    .command(
      'backup',
      say(CLI_TEXTS.backup),
      (command) => command.epilogue(`${settingsHelp(language)}\n\n${exitCodesHelp(language)}`),
      async (scope) => {
        const { runBackup } = await import('./commands/backup.ts');
        exitCode = await runBackup(surroundings, scope);
      },
    )
    .command(
      'schedule',
      say(CLI_TEXTS.schedule),
      (command) => command,
      async (scope) => {
        const { runSchedule } = await import('./commands/schedule.ts');
        exitCode = await runSchedule(surroundings, scope);
      },
    )
    .command(
      'healthcheck',
      say(CLI_TEXTS.healthcheck),
      (command) => command,
      async (scope) => {
        const { runHealthcheck } = await import('./commands/healthcheck.ts');
        exitCode = await runHealthcheck(surroundings, scope);
      },
    )
    .command(
      'serve',
      say(CLI_TEXTS.serve),
      (command) =>
        command
          .option('host', { type: 'string', requiresArg: true, describe: say(CLI_TEXTS.host) })
          .option('port', { type: 'number', requiresArg: true, describe: say(CLI_TEXTS.port) }),
      async (given) => {
        const { runServe } = await import('./commands/serve.ts');
        exitCode = await runServe(surroundings, given);
      },
    )
    .command(
      'upload',
      say(CLI_TEXTS.upload),
      (command) => command,
      async (scope) => {
        const { runUpload } = await import('./commands/upload.ts');
        exitCode = await runUpload(surroundings, scope);
      },
    )
    .command(
      'list',
      say(CLI_TEXTS.list),
      (command) => command.option('json', { type: 'boolean', default: false, describe: say(CLI_TEXTS.json) }),
      async (given) => {
        const { runList } = await import('./commands/list.ts');
        exitCode = await runList(surroundings, given);
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
      async (given) => {
        const { runVerify } = await import('./commands/verify.ts');
        exitCode = await runVerify(surroundings, given);
      },
    )
    .command(
      'accept [run]',
      say(CLI_TEXTS.accept),
      (command) => command.positional('run', { type: 'string', describe: say(CLI_TEXTS.run) }),
      async (given) => {
        const { runAccept } = await import('./commands/accept.ts');
        exitCode = await runAccept(surroundings, given);
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
        const { runRestore } = await import('./commands/restore.ts');
        exitCode = await runRestore(surroundings, given);
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
        const { runDrill } = await import('./commands/drill.ts');
        exitCode = await runDrill(surroundings, given);
      },
    )
    .command(
      'prune',
      say(CLI_TEXTS.prune),
      (command) =>
        command.option('dry-run', { type: 'boolean', default: false, describe: say(CLI_TEXTS.dryRun) }),
      async (given) => {
        const { runPrune } = await import('./commands/prune.ts');
        exitCode = await runPrune(surroundings, given);
      },
    )
    .command(
      'doctor',
      say(CLI_TEXTS.doctor),
      (command) =>
        command.option('json', { type: 'boolean', default: false, describe: say(CLI_TEXTS.jsonChecks) }),
      async (given) => {
        const { runDoctor } = await import('./commands/doctor.ts');
        exitCode = await runDoctor(surroundings, given);
      },
    )
    .command(
      'acceptance',
      say(CLI_TEXTS.acceptance),
      (command) =>
        command
          .option('json', { type: 'boolean', default: false, describe: say(CLI_TEXTS.jsonItems) })
          .option('server', { type: 'string', requiresArg: true, describe: say(CLI_TEXTS.server) }),
      async (given) => {
        const { runAcceptance } = await import('./commands/acceptance.ts');
        exitCode = await runAcceptance(surroundings, given);
      },
    )
    .command(
      'config',
      say(CLI_TEXTS.config),
      (command) => command,
      async (scope) => {
        const { runConfig } = await import('./commands/config.ts');
        exitCode = await runConfig(surroundings, scope);
      },
    )
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

function exitCodesHelp(language: Language): string {
  const lines = Object.entries(EXIT_CODES).map(
    ([code, text]) => `  ${code.padStart(3)}  ${render(text, language)}`,
  );
  return [render(CLI_TEXTS.exitCodes, language), ...lines].join('\n');
}
