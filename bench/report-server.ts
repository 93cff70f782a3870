import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get, type RequestOptions } from 'node:http';
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
  readonly startMegabytes: number;
  /** After all requests. */
  readonly usedMegabytes: number;
  /** What asks for no page, while nobody looks at one. */
  readonly alone: Readonly<Record<string, Spread>>;
  /** All kinds in turn. */
  readonly mixed: Readonly<Record<string, Spread>>;
  readonly plain: Spread;
}

interface Spread {
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
}

const HOUR = 3_600_000;
const PROGRAM = new URL('../bin/pg-backup.js', import.meta.url).pathname;

/** `pages`: how many of ten reports there are. */
type Path = (index: number, pages: number) => string;

/** What is asked, in turn. */
const ASKED: Readonly<Record<string, Path>> = {
  'platform: latest': () => '/api/admin/backup/latest',
  'platform: any page': (index, pages) => `${LIST}?pageNum=${1 + ((index * 7919) % pages)}`,
  'platform: failed': (index) => `${LIST}?status=FAILED&pageNum=${1 + (index % 10)}`,
  'runs: newest': () => '/api/v1/runs',
  'runs: 200 failed': () => '/api/v1/runs?status=FAILED&limit=200',
  'runs: of a database': () => '/api/v1/runs?database=community&status=SUCCESS',
  'runs: unknown database': (index) => `/api/v1/runs?database=nope${index}`,
  'runs: restored': () => '/api/v1/runs?proof=restored',
  'runs: unknown target': () => '/api/v1/runs?target=nope',
  'runs: long ago': () => '/api/v1/runs?to=2016-01-01',
  drills: () => '/api/v1/drills',
  summary: () => '/api/v1/summary',
  'page: overview': () => '/',
  'page: list': () => '/runs?status=FAILED',
};
const LIST = '/api/admin/backup/list';

/** Compares the report server, as users start it, with a reader that reads and parses every report for each request, on so many reports. */
export async function benchmark(reports: number, rounds: number, plainRequests: number): Promise<Figures> {
  const base = mkdtempSync(join(tmpdir(), 'pg-backup-serving-'));
  let program: ChildProcess | undefined;
  try {
    makeReports(join(base, 'reports'), reports);
    const port = await freePort();
    const begin = performance.now();
    program = spawn(PROGRAM, ['serve', '--host', '127.0.0.1', '--port', String(port)], {
      env: { PATH: process.env['PATH'], BACKUP_BASE_DIR: base },
      stdio: 'ignore',
    });
    const { pid } = program;
    const agent = new Agent({ keepAlive: true });
    // One address may ask some twenty times a second: each kind is asked from its own.
    const ask = (path: string, kind = 1): Promise<string> =>
      answer({ port, path, agent, localAddress: `127.0.0.${kind}` });
    await firstAnswer(() => ask('/api/admin/backup/latest'));
    const firstAnswerMilliseconds = performance.now() - begin;
    const startMegabytes = megabytesOf(pid);
    const pages = Math.max(1, Math.floor(reports / 10));
    const askInTurn = async (
      kinds: readonly (readonly [string, Path])[],
    ): Promise<Record<string, Spread>> => {
      const times = kinds.map((): number[] => []);
      for (let round = 0; round < rounds; round += 1) {
        for (const [kind, [, path]] of kinds.entries())
          times[kind]?.push(await timeOf(() => ask(path(round, pages), kind + 2)));
      }
      return Object.fromEntries(kinds.map(([name], kind) => [name, spread(times[kind] ?? [])]));
    };
    const kinds = Object.entries(ASKED);
    const alone = await askInTurn(kinds.filter(([name]) => !name.startsWith('page')));
    const mixed = await askInTurn(kinds);
    agent.destroy();
    const usedMegabytes = megabytesOf(pid);
    const plainTimes: number[] = [];
    for (let index = 0; index < plainRequests; index += 1)
      plainTimes.push(await timeOf(async () => plainList(join(base, 'reports'), 1 + (index % pages), 10)));
    const plain = spread(plainTimes);
    return { reports, firstAnswerMilliseconds, startMegabytes, usedMegabytes, alone, mixed, plain };
  } finally {
    program?.kill('SIGKILL');
    rmSync(base, { recursive: true, force: true });
  }
}

function megabytesOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
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

async function timeOf(action: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await action();
  return performance.now() - begin;
}

function spread(times: number[]): Spread {
  times.sort((one, other) => one - other);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { requests: times.length, p50: at(0.5), p99: at(0.99) };
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

function answer(request: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', ...request }, (response) => {
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
  const figures = await benchmark(reports, 300, reports > 10_000 ? 3 : 20);
  const { alone, mixed, plain } = figures;
  const line = (name: string, { requests, p50, p99 }: Spread): string => {
    const ratios = [plain.p50 / p50, plain.p99 / p99].map((ratio) =>
      `${Math.round(ratio)} times`.padStart(11),
    );
    const times = [p50, p99].map((time) => `${time.toFixed(2)} ms`.padStart(11));
    return `${name.padEnd(24)}${times.join('')}${ratios.join('')}  (${requests} requests)\n`;
  };
  const megabytes = `${Math.round(figures.startMegabytes)} MB of memory, after use ${Math.round(figures.usedMegabytes)} MB`;
  process.stdout.write(
    [
      `${reports} reports: first answer after ${Math.round(figures.firstAnswerMilliseconds)} ms, ${megabytes}\n`,
      `${''.padEnd(24)}        p50        p99  as quick as reading every file, at p50 and at p99\n`,
      line('reading every file', plain),
      'while nobody looks at a page:\n',
      ...Object.entries(alone).map(([name, spreadOf]) => line(name, spreadOf)),
      'all in turn:\n',
      ...Object.entries(mixed).map(([name, spreadOf]) => line(name, spreadOf)),
    ].join(''),
  );
}
