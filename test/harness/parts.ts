import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A real thing that a test needs and that a machine may lack. `scripts/setup test` gets what can be got.
 * `postgres-client` is a client of any major; every server needs one, to be spoken to.
 */
export type Part =
  | 'ossutil'
  | 'rclone'
  | 'age'
  | 'gpg'
  | 'pgbouncer'
  | 'promtool'
  | 'kubectl'
  | 'chromium'
  | 'root'
  | 'tmpfs'
  | 'postgres-client'
  | `postgres-client-${number}`
  | `postgres-server-${number}`;

/** The root of the working copy. */
export const projectDirectory = fileURLToPath(new URL('../..', import.meta.url));

/**
 * For `test(name, { skip: missing('ossutil') }, …)`: false when all the parts are there, otherwise a sentence that
 * names one that is not. Under `CI=true` a missing part throws instead, so that nothing is skipped there.
 */
export function missing(...parts: Part[]): false | string {
  const part = parts.flatMap(withNeededParts).find((part) => !isThere(part));
  if (part === undefined) return false;
  const sentence = `needs ${part}, which this machine lacks`;
  if (process.env['CI'] === 'true') throw new Error(`${sentence}: no test may be skipped under CI=true`);
  return sentence;
}

/** The path of the real ossutil, or undefined. */
export function ossutilPath(): string | undefined {
  const candidates = [join(projectDirectory, '.parts/bin'), ...pathDirectories()].flatMap((directory) => [
    join(directory, 'ossutil'),
    join(directory, 'ossutil64'),
  ]);
  return candidates.find((path) => existsSync(path));
}

/** The path of the rclone that `build/rclone` makes, which is also a server; or undefined. */
export function rclonePath(): string | undefined {
  const path = join(projectDirectory, '.parts/bin/rclone');
  return existsSync(path) ? path : undefined;
}

/** The path of the pooler, or undefined. */
export function pgbouncerPath(): string | undefined {
  const path = join(projectDirectory, '.parts/pgbouncer/bin/pgbouncer');
  return existsSync(path) ? path : undefined;
}

/** The path of the browser, or undefined. */
export function chromiumPath(): string | undefined {
  return pathDirectories()
    .map((directory) => join(directory, 'chromium'))
    .find((path) => existsSync(path));
}

/** The path of Prometheus' checker, or undefined. */
export function promtoolPath(): string | undefined {
  const path = join(projectDirectory, '.parts/bin/promtool');
  return existsSync(path) ? path : undefined;
}

/** The directory with `bin/kubectl` and `swagger.json`, the description of Kubernetes' API; or undefined. */
export function kubernetesDirectory(): string | undefined {
  const directory = join(projectDirectory, '.parts/kubernetes');
  return existsSync(directory) ? directory : undefined;
}

/** Each PostgreSQL major with client programs here and their directory, in ascending order of the major. */
export function clientDirectories(): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const add = (major: number, directory: string) => {
    if (!found.has(major) && existsSync(join(directory, 'pg_dump'))) found.set(major, directory);
  };
  for (const parent of ['/usr/lib/postgresql', join(projectDirectory, '.parts/postgresql')]) {
    for (const major of majorsIn(parent)) add(major, join(parent, String(major), 'bin'));
  }
  const onPath = pathDirectories().find((directory) => existsSync(join(directory, 'pg_dump')));
  if (found.size === 0 && onPath) add(majorOf(join(onPath, 'pg_dump')), onPath);
  return new Map([...found].sort(([a], [b]) => a - b));
}

/** The directory that holds `initdb` and `postgres` of a major, or undefined. */
export function serverDirectory(major: number): string | undefined {
  return [
    join(projectDirectory, `test/postgres-servers/node_modules/postgres-${major}/native/bin`),
    `/usr/lib/postgresql/${major}/bin`,
  ].find((directory) => existsSync(join(directory, 'postgres')));
}

function withNeededParts(part: Part): Part[] {
  return part.startsWith('postgres-server-') ? [part, 'postgres-client'] : [part];
}

function isThere(part: Part): boolean {
  if (part === 'ossutil') return ossutilPath() !== undefined;
  if (part === 'rclone') return rclonePath() !== undefined;
  if (part === 'age' || part === 'gpg') {
    return pathDirectories().some((directory) => existsSync(join(directory, part)));
  }
  if (part === 'pgbouncer') return pgbouncerPath() !== undefined;
  if (part === 'chromium') return chromiumPath() !== undefined;
  if (part === 'promtool') return promtoolPath() !== undefined;
  if (part === 'kubectl') return kubernetesDirectory() !== undefined;
  if (part === 'root') return process.getuid?.() === 0;
  if (part === 'tmpfs') return canMountTmpfs();
  if (part === 'postgres-client') return clientDirectories().size > 0;
  const major = Number(part.replace(/^.*-/, ''));
  if (part.startsWith('postgres-client-')) return clientDirectories().has(major);
  return serverDirectory(major) !== undefined;
}

/** Tried in a mount namespace of its own, so nothing stays mounted. */
function canMountTmpfs(): boolean {
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
}

function majorsIn(parent: string): number[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .map(Number)
    .filter((major) => Number.isInteger(major));
}

function majorOf(pgDump: string): number {
  const version = spawnSync(pgDump, ['--version'], { encoding: 'utf8' }).stdout;
  return Number(/\d+/.exec(version)?.[0]);
}

function pathDirectories(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
}
