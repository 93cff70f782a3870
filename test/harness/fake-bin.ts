import { chmodSync, existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryDirectory } from './temporary-directory.ts';

const clientPrograms = [
  'pg_dump',
  'pg_dumpall',
  'pg_restore',
  'psql',
  'createdb',
  'dropdb',
  'pg_isready',
] as const;

type ClientProgram = (typeof clientPrograms)[number];

/**
 * A copy of a client's bin directory in which some programs are bash scripts, to force faults. In a script `$REAL`
 * is the path of the real program and `"$@"` its arguments; `--version` is answered by the real one. The other
 * programs are links, so pg_dumpall finds the real pg_dump beside itself.
 */
export function wrapClient(
  binDirectory: string,
  scripts: Partial<Record<ClientProgram, string>>,
  t?: TestContext,
): string {
  const directory = temporaryDirectory(t);
  for (const program of clientPrograms) {
    const real = join(binDirectory, program);
    if (!existsSync(real)) continue;
    const script = scripts[program];
    const path = join(directory, program);
    if (script === undefined) {
      symlinkSync(real, path);
    } else {
      writeFileSync(path, `${preamble(real)}${script}\n`);
      chmodSync(path, 0o755);
    }
  }
  return directory;
}

function preamble(real: string): string {
  const quoted = `'${real.replaceAll("'", `'\\''`)}'`;
  return `#!/usr/bin/env bash
REAL=${quoted}
if [[ \${1-} == --version || \${1-} == -V ]]; then exec "$REAL" "$@"; fi
`;
}
