import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPgBackup } from '../harness/pg-backup.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { lifetime } from './installation.ts';

test('pages are the same wherever the server is started', { timeout: 60_000 }, async (t) => {
  const directory = temporaryDirectory(t);
  // Somebody else's: it must not say how ours are compiled.
  writeFileSync(join(directory, 'tsconfig.json'), '{"compilerOptions": {"jsx": "react", "jsxFactory": "h"}}');
  const port = await freePort();
  const program = startPgBackup(['serve', '--host', '127.0.0.1', '--port', String(port)], {
    env: { BACKUP_BASE_DIR: temporaryDirectory(t) },
    cwd: directory,
    signal: lifetime(t),
  });
  await program.waitForOutput(/SERVING/);
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { accept: 'text/html' } });
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /<h1 id="verdict">Look here now<\/h1>/);
  program.kill('SIGTERM');
  assert.equal((await program.finished).exitCode, 0);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
