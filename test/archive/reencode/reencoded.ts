import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type ReencodeOptions,
  type ReencodeResult,
  reencodeArchive,
} from '../../../src/archive/reencode/reencode.ts';
import type { Toc } from '../../../src/archive/toc.ts';
import type { PostgresServer } from '../../harness/postgres-server.ts';
import { clientEnvironment, clientProgram, runClient } from '../dump.ts';

export const USUAL: ReencodeOptions = { level: 9, threads: 2, signal: new AbortController().signal };

/** Writes the archive to a file, as a backup does: piece by piece, and the patches at last. */
export async function reencodeToFile(
  source: AsyncIterable<Buffer>,
  file: string,
  options: Partial<ReencodeOptions> = {},
): Promise<ReencodeResult> {
  const { pieces, result } = reencodeArchive(source, { ...USUAL, ...options });
  const handle = await open(file, 'w');
  try {
    for await (const piece of pieces) {
      assert.ok(piece.length > 0);
      await handle.writeFile(piece);
    }
    for (const { bytes, position } of result().patches) await handle.write(bytes, 0, bytes.length, position);
  } finally {
    await handle.close();
  }
  return result();
}

/** Re-encodes what is already in memory; in chunks of that size. */
export async function reencodeBytes(
  bytes: Buffer,
  options: Partial<ReencodeOptions> & { chunkBytes?: number } = {},
): Promise<Buffer> {
  const { chunkBytes = 64 * 1024, ...others } = options;
  const { pieces } = reencodeArchive(chunksOf(bytes, chunkBytes), { ...USUAL, ...others });
  return Buffer.concat(await Array.fromAsync(pieces));
}

export async function* chunksOf(bytes: Buffer, chunkBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/** pg_dump's uncompressed archive on its way through the threads into the file. */
export async function dumpReencoded(
  major: number,
  server: PostgresServer,
  file: string,
  options: Partial<ReencodeOptions>,
  ...args: string[]
): Promise<ReencodeResult> {
  const pgDump = spawn(clientProgram(major, 'pg_dump'), ['--format=custom', '--compress=0', ...args], {
    env: clientEnvironment(server),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(pgDump, 'close');
  const result = await reencodeToFile(pgDump.stdout, file, options);
  const [exitCode] = await ended;
  if (exitCode !== 0) throw new Error(`pg_dump ended with ${exitCode}`);
  return result;
}

export interface Both {
  readonly ours: string;
  readonly theirs: string;
  readonly toc: Toc;
  readonly result: ReencodeResult;
}

/** The archive as it is re-encoded, and as pg_dump compresses it, of one snapshot. */
export async function dumpBoth(
  directory: string,
  client: number,
  server: PostgresServer,
  database: string,
  options: { level?: number; threads?: number } = {},
  ...args: string[]
): Promise<Both> {
  const [ours, theirs] = [join(directory, 'ours'), join(directory, 'theirs')];
  await using session = await exportSnapshot(client, server, database);
  const both = [`--snapshot=${session.snapshot}`, ...args, database];
  const tocs: Toc[] = [];
  const onToc = (toc: Toc): number => tocs.push(toc);
  const result = await dumpReencoded(client, server, ours, { ...options, onToc }, ...both);
  const usual = ['--format=custom', `--compress=${options.level ?? USUAL.level}`, `--file=${theirs}`];
  await runClient(client, 'pg_dump', server, ...usual, ...both);
  const [toc] = tocs;
  assert.ok(toc && tocs.length === 1);
  return { ours, theirs, toc, result };
}

/** By several processes at a time, none of which may meet an error. */
export async function restoreBySeveral(
  client: number,
  server: PostgresServer,
  database: string,
  archive: string,
): Promise<void> {
  const options = ['--jobs=4', '--exit-on-error', `--dbname=${database}`];
  await runClient(client, 'pg_restore', server, ...options, archive);
}

async function exportSnapshot(
  client: number,
  server: PostgresServer,
  database: string,
): Promise<AsyncDisposable & { readonly snapshot: string }> {
  const psql = spawn(
    clientProgram(client, 'psql'),
    ['--no-psqlrc', '--quiet', '-At', `--dbname=${database}`],
    {
      env: clientEnvironment(server),
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const ended = once(psql, 'close');
  psql.stdin.write('BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT pg_export_snapshot();\n');
  const [snapshot] = await once(createInterface(psql.stdout), 'line');
  return {
    snapshot,
    async [Symbol.asyncDispose]() {
      psql.stdin.end();
      await ended;
    },
  };
}
