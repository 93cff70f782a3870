import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRunName, type RunIdentity } from '../backup/run-name.ts';
import { markedRuns } from '../backup/running.ts';
import type { Layout } from '../files/layout.ts';
import { readJson } from '../report/directory.ts';
import { compileSchema } from '../schema.ts';

export interface LivingRun extends RunIdentity {
  /** The server it backs up, as `host:port`; undefined where that cannot be read. */
  readonly series: string | undefined;
}

/** A run says once in a minute that it lives; one that died on another machine must not keep its time from being caught up. */
const SILENCE_MILLISECONDS = 3 * 60_000;
const JOURNAL = 'journal.json';
const MAXIMUM_BYTES = 1024 * 1024;
const check = compileSchema({
  type: 'object',
  properties: { host: { type: 'string' }, port: { type: 'integer' } },
  required: ['host', 'port'],
});

/** The runs that are under way, in this or another process, and began at that time or later. */
export async function livingRuns(layout: Layout, since: Date, now: Date): Promise<LivingRun[]> {
  const named = (await markedRuns(layout)).flatMap((name) => {
    const identity = parseRunName(name);
    return identity && identity.startedAt >= since ? [{ name, identity }] : [];
  });
  const runs = await Promise.all(
    named.map(async ({ name, identity }): Promise<LivingRun[]> => {
      const path = join(layout.running, name, JOURNAL);
      const facts = await stat(path).catch(() => undefined);
      if (!facts || Math.abs(now.getTime() - facts.mtime.getTime()) > SILENCE_MILLISECONDS) return [];
      const journal = await readJson<{ host: string; port: number }>(path, check, MAXIMUM_BYTES);
      return [{ ...identity, series: journal && `${journal.host}:${journal.port}` }];
    }),
  );
  return runs.flat();
}
