import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Machine } from './results.ts';
import type { Site } from './site.ts';

/** What a reader must know of the machine to judge the figures. */
export async function describeMachine(site: Site): Promise<Machine> {
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? '',
    memoryBytes: totalmem(),
    postgres: (await site.server.psql('SHOW server_version')).replace(/ .*/, ''),
    pgDump: versionOf(site.clientDirectory),
    pgDumpWithZstd: versionOf(site.zstdClientDirectory),
    node: process.versions.node,
  };
}

function versionOf(clientDirectory: string): string {
  const text = execFileSync(join(clientDirectory, 'pg_dump'), ['--version'], { encoding: 'utf8' });
  return /\d+\.\d+/.exec(text)?.[0] ?? '';
}
