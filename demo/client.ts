import { clientDirectories } from '../test/harness/parts.ts';

/** The oldest client that knows the server, with its directory: the server's own major, where it is there. */
export function demoClient(serverMajor: number): [major: number, directory: string] {
  const client = [...clientDirectories()].find(([major]) => major >= serverMajor);
  if (client === undefined) throw new Error('no PostgreSQL client; run: bash scripts/setup demo');
  return client;
}
