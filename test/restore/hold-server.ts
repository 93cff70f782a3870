import { once } from 'node:events';
import { describeError } from '../../src/errors.ts';
import { findServerPrograms } from '../../src/postgres/server-programs.ts';
import { startEmbeddedServer } from '../../src/restore/embedded-server.ts';

// Starts a server, says that it is ready, why it is lost, and, once it is told to stop it, that this is done; or why one of that fails.
const [binDirectory, parentDirectory = '', minimumFreeBytes] = process.argv.slice(2);
const searchPath = process.env['PATH'];
const say = (line: string) => process.stdout.write(`${line}\n`);
try {
  const [programs] = await findServerPrograms(binDirectory, searchPath);
  if (!programs) throw new Error(`${binDirectory} holds no server`);
  const server = await startEmbeddedServer({
    programs,
    parentDirectory,
    jobs: 1,
    minimumFreeBytes: Number(minimumFreeBytes),
    searchPath,
    signal: new AbortController().signal,
  });
  say('ready');
  await once(server.lost, 'abort');
  say(inWords(server.lost.reason));
  await once(process.stdin, 'data');
  await server.stop();
  say('stopped');
} catch (error) {
  say(inWords(error));
}
// Who reads these lines may still want to look around.
await once(process.stdin.resume(), 'end');

function inWords(error: unknown): string {
  return describeError(error, 'en').message;
}
