import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { runName } from '../src/backup/run-name.ts';
import type { Report } from '../src/report/report.ts';
import { utcSecond } from '../src/report/report.ts';

export interface Figures {
  readonly reports: number;
  /** From the start of the program to its first answer. */
  readonly firstAnswerMilliseconds: number;
  readonly residentMegabytes: number;
  readonly ours: Spread;
  readonly plain: Spread;
}

interface Spread {
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
}

const HOUR = 3_600_000;
const PROGRAM = new URL('../bin/pg-backup.js', import.meta.url).pathname;

/** Compares the report server with a reader that reads and parses every report for each request, on so many reports. */
export async function benchmark(reports: number, requests: number, plainRequests: number): Promise<Figures> {
  const base = mkdtempSync(join(tmpdir(), 'pg-backup-bench-'));
  let program: ChildProcess | undefined;
  try {
    makeReports(join(base, 'reports'), reports);
    const port = await freePort();
    const begin = performance.now();
    program = spawn(PROGRAM, ['serve', '--host', '127.0.0.1', '--port', String(port)], {
      env: { PATH: process.env['PATH'], BACKUP_BASE_DIR: base },
      stdio: 'ignore',
    });
    const agent = new Agent({ keepAlive: true });
    const ask = (query: string): Promise<string> =>
      answer(`http://127.0.0.1:${port}/api/admin/backup/list?${query}`, agent);
    await firstAnswer(() => ask('pageSize=1'));
    const firstAnswerMilliseconds = performance.now() - begin;
    const pages = Math.max(1, Math.floor(reports / 10));
    const query = (index: number): string =>
      `pageNum=${1 + ((index * 7919) % pages)}${index % 2 === 0 ? '&status=SUCCESS' : ''}`;
    const ours = await measure(requests, async (index) => {
      await ask(query(index));
    });
    const plain = await measure(plainRequests, async (index) => {
      plainList(join(base, 'reports'), 1 + (index % pages), 10);
    });
    agent.destroy();
    const status = readFileSync(`/proc/${program.pid}/status`, 'utf8');
    const residentMegabytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
    return { reports, firstAnswerMilliseconds, residentMegabytes, ours, plain };
  } finally {
    program?.kill('SIGKILL');
    rmSync(base, { recursive: true, force: true });
  }
}

/** What the platform's own reader does. */
function plainList(directory: string, page: number, size: number): Report[] {
  const reports = readdirSync(directory).flatMap((name): Report[] => {
    try {
      return [JSON.parse(readFileSync(join(directory, name), 'utf8')) as Report];
    } catch {
      return [];
    }
  });
  reports.sort((one, other) => (one.finishedAt < other.finishedAt ? 1 : -1));
  return reports.slice((page - 1) * size, page * size);
}

function makeReports(directory: string, count: number): void {
  mkdirSync(directory, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    const startedAt = new Date(Date.now() - (index + 1) * HOUR);
    const run = runName({ database: 'community', startedAt, host: 'db01' });
    const report: Report = {
      ...{ database: 'community', host: '127.0.0.1', port: '5432', mode: 'both', tool: 'sdk' },
      startedAt: utcSecond(startedAt),
      finishedAt: utcSecond(new Date(startedAt.getTime() + 312_000)),
      durationSeconds: 312,
      status: index % 50 === 0 ? 'FAILED' : 'SUCCESS',
      errorMessage: '',
      local: {
        file: `/data/db-backups/data/${run}.dump`,
        globalsFile: `/data/db-backups/data/${run}_globals.sql`,
        checksumSha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        sizeBytes: 123_456_789 + index,
      },
      remote: { urls: [`oss://bucket/postgres/backups/${run}.dump`] },
    };
    writeFileSync(join(directory, `${run}.json`), `${JSON.stringify(report, undefined, 2)}\n`);
  }
}

async function measure(requests: number, request: (index: number) => Promise<void>): Promise<Spread> {
  const times: number[] = [];
  for (let index = 0; index < requests; index += 1) {
    const begin = performance.now();
    await request(index);
    times.push(performance.now() - begin);
  }
  times.sort((one, other) => one - other);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { requests, p50: at(0.5), p99: at(0.99) };
}

async function firstAnswer(ask: () => Promise<string>): Promise<void> {
  for (;;) {
    try {
      await ask();
      return;
    } catch {
      // It does not listen yet.
      await setTimeout(10);
    }
  }
}

function answer(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${response.statusCode}: ${text}`));
      });
    }).on('error', reject);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

if (import.meta.main) {
  const reports = Number(process.argv[2] ?? 100_000);
  // The server lets one address ask some twenty times a second.
  const { ours, plain, ...figures } = await benchmark(reports, 1_000, reports > 10_000 ? 3 : 20);
  const line = (name: string, { requests, p50, p99 }: Spread): string =>
    `${name.padEnd(22)} p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms (${requests} requests)\n`;
  process.stdout.write(
    [
      `${reports} reports: first answer after ${Math.round(figures.firstAnswerMilliseconds)} ms, `,
      `${Math.round(figures.residentMegabytes)} MB of memory\n`,
      line('from the index', ours),
      line('reading every file', plain),
      `the index is ${Math.round(plain.p50 / ours.p50)} times as quick at the median, `,
      `${Math.round(plain.p99 / ours.p99)} times at the 99th percentile\n`,
    ].join(''),
  );
}
