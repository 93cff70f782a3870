import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { before, describe, test } from 'node:test';
import { reencodeArchive } from '../../../src/archive/reencode/reencode.ts';
import { missing, projectDirectory } from '../../harness/parts.ts';
import { startPostgres } from '../../harness/postgres-server.ts';
import { until } from '../../integration/until.ts';
import { dumpToPipe } from '../dump.ts';
import { chunksOf, USUAL } from './reencoded.ts';

const skip = missing('postgres-server-15', 'postgres-client-15');
const SIXTEEN_CHUNKS = 8 * 1024 * 1024;

describe('the threads of a re-encoder', { skip }, () => {
  let archive: Buffer;
  before(async () => {
    const server = await startPostgres({ major: 15 });
    await server.psql(`CREATE TABLE item AS SELECT md5(g::text) AS text FROM generate_series(1, 300000) g`);
    archive = await dumpToPipe(15, server, 'postgres', '--compress=0');
    await server.stop();
    assert.ok(archive.length > SIXTEEN_CHUNKS);
  });

  test('end with the archive', async () => {
    const before = threads();
    let most = 0;
    for await (const _ of reencodeArchive(chunksOf(archive, 65_536), USUAL).pieces) {
      most = Math.max(most, threads().length);
    }
    assert.ok(most > before.length);
    await until(threads, before);
  });

  test('end where nobody wants more', async () => {
    const before = threads();
    let isClosed = false;
    async function* source(): AsyncGenerator<Buffer> {
      try {
        yield* chunksOf(archive, 65_536);
      } finally {
        isClosed = true;
      }
    }
    let pieces = 0;
    for await (const _ of reencodeArchive(source(), USUAL).pieces) {
      pieces += 1;
      if (pieces === 3) break;
    }
    await until(threads, before);
    await until(() => isClosed, true);
  });

  test('end when the run does, also where the source hangs', async () => {
    const before = threads();
    const abort = new AbortController();
    async function* source(): AsyncGenerator<Buffer> {
      yield* chunksOf(archive.subarray(0, -1000), 65_536);
      abort.abort(new Error('told to stop'));
      await new Promise(() => {});
    }
    const { pieces } = reencodeArchive(source(), { ...USUAL, signal: abort.signal });
    await assert.rejects(Array.fromAsync(pieces), /told to stop/);
    await until(threads, before);
  });

  test('end where the source fails', async () => {
    const before = threads();
    async function* source(): AsyncGenerator<Buffer> {
      yield* chunksOf(archive.subarray(0, -1000), 65_536);
      throw new Error('the pipe broke');
    }
    await assert.rejects(Array.fromAsync(reencodeArchive(source(), USUAL).pieces), /the pipe broke/);
    await until(threads, before);
  });

  test('do not start before they are asked to, nor for a process that was told to stop', async () => {
    const before = threads();
    reencodeArchive(chunksOf(archive, 65_536), USUAL);
    const { pieces } = reencodeArchive(chunksOf(archive, 65_536), { ...USUAL, signal: AbortSignal.abort() });
    await assert.rejects(Array.fromAsync(pieces), { name: 'AbortError' });
    assert.deepEqual(threads(), before);
  });

  test('wait for the source, and the source for them', async () => {
    let taken = 0;
    async function* source(): AsyncGenerator<Buffer> {
      for await (const chunk of chunksOf(archive, 65_536)) {
        taken += chunk.length;
        yield chunk;
      }
    }
    let given = 0;
    for await (const _ of reencodeArchive(source(), USUAL).pieces) {
      given += 1;
      // The head came out too; two threads may have four chunks in work and waiting. Each row of 33 bytes comes with its length in 5.
      assert.ok((taken * 33) / 38 < (given - 1 + 5) * 512 * 1024, `${taken} bytes for ${given} pieces`);
    }
    assert.equal(taken, archive.length);
  });
});

describe('a process that re-encodes', { skip }, () => {
  test('ends by itself, runs without a compiler, and lets others go first', async (t) => {
    const server = await startPostgres({ major: 15 });
    t.after(() => server.stop());
    await server.psql(`CREATE TABLE item AS SELECT md5(g::text) AS text FROM generate_series(1, 300000) g`);
    const archive = await dumpToPipe(15, server, 'postgres', '--compress=0');
    const script = join(projectDirectory, 'src/archive/reencode/reencode.ts');
    const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {},
    });
    child.stdin.write(archive.subarray(0, -1000));
    await until(() => prioritiesOf(child).filter((priority) => priority > 0).length, 2);
    const ended = once(child, 'close');
    child.stdin.end(archive.subarray(-1000));
    const [output, [exitCode]] = await Promise.all([text(child.stdout), ended]);
    assert.equal(exitCode, 0);
    assert.ok(Number(output) > 1_000_000);
  });
});

const PROGRAM = `
  const { reencodeArchive } = await import(process.argv[1]);
  let bytes = 0;
  const { pieces } = reencodeArchive(process.stdin, { level: 6, threads: 2, signal: new AbortController().signal });
  for await (const piece of pieces) bytes += piece.length;
  console.log(bytes);
`;

/** The names of this process' threads that belong to a worker (proc(5)). */
function threads(): string[] {
  return readdirSync('/proc/self/task')
    .map((id) => commandOf(id))
    .filter((name) => name === 'WorkerThread');
}

function commandOf(id: string): string {
  try {
    return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

function prioritiesOf(child: ChildProcess): number[] {
  return readdirSync(`/proc/${child.pid}/task`).map((id) => getPriority(Number(id)));
}
