import { runCli } from './cli.ts';
import { describeError, PgBackupError } from './errors.ts';
import { chooseLanguage } from './language.ts';
import { abortOnSignals } from './signals.ts';

// Whatever this process or its children create is private unless a mode says otherwise.
process.umask(0o077);

// The reader of the log may go away: the backup goes on, and so does the day's file.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const environment = { ...process.env };
const language = chooseLanguage(environment);
const signal = abortOnSignals(process, (exitCode) => process.exit(exitCode));

async function main(): Promise<number> {
  try {
    return await runCli(process.argv.slice(2), {
      environment,
      language,
      signal,
      stdout: process.stdout,
      stderr: process.stderr,
      ask: async (question) =>
        (await import('./ask.ts')).askOnTerminal(process.stdin, process.stderr, question, signal),
    });
  } catch (error) {
    const { exitCode, message, hint } = describeError(error, language);
    const stack = error instanceof PgBackupError || !(error instanceof Error) ? '' : `\n${error.stack}`;
    const { scrubFor } = await import('./program.ts');
    process.stderr.write(scrubFor(environment)(`pg-backup: ${message}\n${hint}${stack}\n`));
    return exitCode;
  }
}

// A request that was given up must not hold the process for the rest of its time-out.
process.exit(await main());
