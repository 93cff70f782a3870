import yargs from 'yargs';
import { acceptRun } from './backup/accept.ts';
import { backUpTarget } from './backup/back-up-target.ts';
import { listBackups } from './backup/list-backups.ts';
import { pruneNow, showPrune } from './backup/prune.ts';
import { uploadWaiting } from './backup/upload-waiting.ts';
import { verifyAndTell } from './backup/verify-and-tell.ts';
import { DRILL_CONFLICTS, drillFlags, drillOptions } from './cli-drill.ts';
import { checkChoice, RESTORE_CONFLICTS, restoreFlags, restoreOptions } from './cli-restore.ts';
import {
  chooseTargets,
  everyDatabase,
  refuseDatabase,
  runOnDatabases,
  runOnOneDatabase,
  runOnReports,
  runOnTargets,
  runTogether,
} from './cli-run.ts';
import { listenOptions, runSchedule } from './cli-schedule.ts';
import { CLI_TEXTS } from './cli-texts.ts';
import { effectiveSettings, settingsHelp } from './config/help.ts';
import { doctor } from './doctor/doctor.ts';
import { PgBackupError } from './errors.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { type Language, render, type Text } from './language.ts';
import { type Surroundings, settingWarnings, VERSION } from './program.ts';
import { drill } from './restore/drill-runs.ts';
import { listArchive } from './restore/list-archive.ts';
import { restore } from './restore/restore.ts';
import { healthcheck } from './schedule/healthcheck.ts';

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
    .option('target', { type: 'string', requiresArg: true, describe: say(CLI_TEXTS.target) })
    .option('database', { type: 'string', requiresArg: true, describe: say(CLI_TEXTS.database) })
    .command(
      'backup',
      say(CLI_TEXTS.backup),
      (command) => command.epilogue(`${settingsHelp(language)}\n\n${exitCodesHelp(language)}`),
      async (scope) => {
        exitCode = await runOnTargets(surroundings, scope, (context) =>
          backUpTarget(context, scope.database),
        );
      },
    )
    .command(
      'schedule',
      say(CLI_TEXTS.schedule),
      (command) => command,
      async (scope) => {
        refuseDatabase(scope, language);
        exitCode = await runTogether(surroundings, scope, (contexts) => runSchedule(contexts, surroundings));
      },
    )
    .command(
      'healthcheck',
      say(CLI_TEXTS.healthcheck),
      (command) => command,
      async (scope) => {
        exitCode = await runOnReports(surroundings, scope, (contexts) =>
          healthcheck(contexts, write, { database: scope.database }),
        );
      },
    )
    .command(
      'serve',
      say(CLI_TEXTS.serve),
      (command) =>
        command
          .option('host', { type: 'string', requiresArg: true, describe: say(CLI_TEXTS.host) })
          .option('port', { type: 'number', requiresArg: true, describe: say(CLI_TEXTS.port) }),
      async ({ host, port, ...scope }) => {
        refuseDatabase(scope, language);
        // No other command needs an HTTP server.
        const { serve } = await import('./server/serve.ts');
        exitCode = await runOnReports(surroundings, scope, (contexts) =>
          serve(contexts, listenOptions(contexts, { host, port }), surroundings.signal),
        );
      },
    )
    .command(
      'upload',
      say(CLI_TEXTS.upload),
      (command) => command,
      async (scope) => {
        exitCode = await runOnDatabases(surroundings, scope, uploadWaiting);
      },
    )
    .command(
      'list',
      say(CLI_TEXTS.list),
      (command) => command.option('json', { type: 'boolean', default: false, describe: say(CLI_TEXTS.json) }),
      async ({ json, ...scope }) => {
        exitCode = await runTogether(surroundings, scope, async (contexts) =>
          listBackups(await everyDatabase(contexts, scope), { json, write }),
        );
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
      async ({ run, all, remote, ...scope }) => {
        exitCode = await runOnDatabases(surroundings, { ...scope, run }, (context) =>
          verifyAndTell(context, { run, all, remote, write }),
        );
      },
    )
    .command(
      'accept [run]',
      say(CLI_TEXTS.accept),
      (command) => command.positional('run', { type: 'string', describe: say(CLI_TEXTS.run) }),
      async ({ run, ...scope }) => {
        exitCode = await runOnOneDatabase(surroundings, { ...scope, run }, (context) =>
          acceptRun(context, run),
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
        exitCode = await runOnOneDatabase(surroundings, given, (context) => {
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
        exitCode = await runOnDatabases(surroundings, given, (context) =>
          drill(context, given, { ...drillOptions(given), write }),
        );
      },
    )
    .command(
      'prune',
      say(CLI_TEXTS.prune),
      (command) =>
        command.option('dry-run', { type: 'boolean', default: false, describe: say(CLI_TEXTS.dryRun) }),
      async ({ dryRun, ...scope }) => {
        exitCode = await runOnDatabases(surroundings, scope, (context) =>
          dryRun ? showPrune(context, write) : pruneNow(context),
        );
      },
    )
    .command(
      'doctor',
      say(CLI_TEXTS.doctor),
      (command) => command.option('json', { type: 'boolean', default: false, describe: say(CLI_TEXTS.json) }),
      async ({ json, ...scope }) => {
        exitCode = await runTogether(surroundings, scope, (contexts) =>
          doctor(contexts, { json, database: scope.database, write }),
        );
      },
    )
    .command(
      'config',
      say(CLI_TEXTS.config),
      (command) => command,
      (scope) => {
        for (const { name, loaded } of chooseTargets(surroundings, scope)) {
          if (name !== undefined) stdout.write(`# ${name}\n`);
          stdout.write(`${effectiveSettings(loaded, language)}\n`);
          for (const warning of settingWarnings(loaded)) surroundings.stderr.write(`${say(warning)}\n`);
        }
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
