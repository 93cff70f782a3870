import { loadavg } from 'node:os';
import { describeMachine } from './machine.ts';
import { type Options, readOptions } from './options.ts';
import { sizeText, writePages } from './page.ts';
import { addResult, type Result, readResults, writeResults } from './results.ts';
import { runSides } from './run-sides.ts';
import { openSite } from './site.ts';
import { goalsTable, plain, sidesTable, stagesTable } from './tables.ts';

const QUIET_LOAD = 0.5;

/** Makes the database, measures the sides that this machine has the programs for, and removes everything again. */
export async function benchmark(
  options: Options,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<Result> {
  const { sizeBytes, shape, rounds } = options;
  const sides = options.sides.filter(({ name, missing }) => {
    const lacking = missing();
    if (lacking !== undefined) tell(`${name} is left out: it needs ${lacking}`);
    return lacking === undefined;
  });
  const [load = 0] = loadavg();
  if (load > QUIET_LOAD) tell(`this machine is busy (load ${load.toFixed(1)}): the times tell little`);
  tell(`making ${sizeText(sizeBytes)} (${shape})`);
  const site = await openSite(options, signal);
  try {
    tell(`made ${sizeText(site.tableBytes)} of table data`);
    const machine = await describeMachine(site);
    const measured = await runSides(site, sides, rounds, { signal, tell });
    return { sizeBytes, shape, tableBytes: site.tableBytes, rounds, machine, sides: measured };
  } finally {
    await site.close();
  }
}

async function main(options: Options): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
  const result = await benchmark(options, stop.signal, (line) => process.stderr.write(`bench: ${line}\n`));
  const tables = [sidesTable, stagesTable, goalsTable].map((table) => plain(table(result, 'en')));
  process.stdout.write(`\n${tables.join('\n\n')}\n`);
  if (!options.write) return;
  const results = addResult(readResults(), result);
  writeResults(results);
  writePages(results);
}

if (import.meta.main) {
  try {
    const options = readOptions(process.argv.slice(2));
    if (typeof options === 'string') process.stdout.write(options);
    else await main(options);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
