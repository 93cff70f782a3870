import { execFile } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { measure } from './measure-process.ts';
import { medians, type Sample } from './medians.ts';
import { backupStages, drillPhases } from './our-record.ts';
import type { SideResult } from './results.ts';
import type { Run, Side } from './side.ts';
import type { Site } from './site.ts';

/**
 * Runs every side so many times, one after the other and all again, and resolves with their medians. Throws an Error where a side fails,
 * or where the dump or its copy in the store is not there afterwards.
 */
export async function runSides(
  site: Site,
  sides: readonly Side[],
  rounds: number,
  options: { readonly signal: AbortSignal; readonly tell: (line: string) => void },
): Promise<SideResult[]> {
  const samples = new Map<string, Sample[]>(sides.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const side of sides) {
      const sample = await runSide(site, side, options.signal);
      samples.get(side.name)?.push(sample);
      options.tell(`${round}/${rounds} ${side.name}: ${sample.measured.wallSeconds.toFixed(1)} s`);
    }
  }
  return [...samples].map(([name, taken]) => medians(name, taken));
}

async function runSide(site: Site, side: Side, signal: AbortSignal): Promise<Sample> {
  signal.throwIfAborted();
  const run = await side.prepare(site);
  try {
    // Nobody pays for what the one before has left to be written.
    await promisify(execFile)('sync');
    const storePids = [site.oss, site.s3].flatMap((store) => (store ? [store.pid] : []));
    const beside = { databasePid: site.databasePid, storePids };
    const measured = await measure(run.steps, run.environment, beside, signal);
    const stages = stagesOf(run);
    if (!run.dumps) return { measured, stages };
    const sizeBytes = dumpBytes(run.directory);
    await checkCopy(site, run, side, sizeBytes);
    return { measured, sizeBytes, stages };
  } finally {
    rmSync(run.directory, { recursive: true, force: true, maxRetries: 3 });
    await run.cleanUp?.();
  }
}

/** Nothing of what is not pg-backup. */
function stagesOf({ environment, dumps, store }: Run): Record<string, number> {
  const base = environment['BACKUP_BASE_DIR'];
  if (base === undefined) return {};
  return dumps ? backupStages(base, store ? 'stored' : 'read') : drillPhases(base);
}

function dumpBytes(directory: string): number {
  const dump = readdirSync(directory, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('.dump'),
  );
  if (dump === undefined) throw new Error('there is no dump');
  return statSync(join(directory, dump)).size;
}

async function checkCopy(site: Site, { store }: Run, side: Side, sizeBytes: number): Promise<void> {
  if (store === undefined) return;
  const stored = (await site[store]?.clear()) ?? [];
  if (!stored.includes(sizeBytes))
    throw new Error(
      `${side.name}: no object of ${sizeBytes} bytes was stored, but ${stored.join(', ') || 'none'}`,
    );
}
