import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BackupContext } from '../../src/backup/context.ts';
import { type Layout, layoutOf } from '../../src/files/layout.ts';
import type { Report } from '../../src/report/report.ts';
import { buildApp } from '../../src/server/build-app.ts';
import type { Limits } from '../../src/server/http/app.ts';
import { openSite, type Site } from '../../src/server/overview/site.ts';
import type { FollowOptions } from '../../src/server/run-index/follow.ts';
import type { ProgressOptions } from '../../src/server/run-index/follow-progress.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { REPORT_EXAMPLE } from '../report/report-example.ts';

export const NOW = '2027-01-10T12:00:00Z';

export interface RunningSite {
  readonly layout: Layout;
  readonly site: Site;
  readonly address: string;
  /** The status and the parsed body. */
  get(path: string, init?: RequestInit): Promise<{ status: number; body: unknown; headers: Headers }>;
  /** Sends the text as it is, and returns whatever comes back until the server closes the connection. */
  send(text: string | Buffer): Promise<string>;
}

export interface SiteOptions {
  readonly settings?: Partial<BackupContext['settings']>;
  readonly changes?: Partial<BackupContext>;
  readonly limits?: Partial<Limits>;
  readonly follow?: Partial<FollowOptions> & ProgressOptions;
  /** Before anything is read. */
  readonly prepare?: (layout: Layout) => void;
}

/** A report server for the database `community` of the server `db`, at noon of a certain day; it ends with the test. */
export async function startSite(t: TestContext, options: SiteOptions = {}): Promise<RunningSite> {
  const directory = temporaryDirectory(t);
  const layout = layoutOf(directory);
  options.prepare?.(layout);
  const { context } = recordingContext(directory, { clock: () => new Date(NOW) });
  const settings = { ...context.settings, ...options.settings };
  const controller = new AbortController();
  const contexts = [{ ...context, settings, ...options.changes }];
  const site = openSite(contexts, controller.signal, { rescanMilliseconds: 50, ...options.follow });
  const app = await buildApp(site, options.limits);
  t.after(async () => {
    controller.abort();
    await app.close();
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  await site.followed.ready;
  return {
    layout,
    site,
    address,
    async get(path, init) {
      const answer = await fetch(address + path, init);
      const text = await answer.text();
      const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
      return {
        status: answer.status,
        body: isJson && text ? JSON.parse(text) : text,
        headers: answer.headers,
      };
    },
    async send(text) {
      const socket = connect(Number(new URL(address).port), '127.0.0.1');
      socket.on('error', () => {});
      socket.write(text);
      return (
        await socket
          .setEncoding('utf8')
          .toArray()
          .catch(() => [])
      ).join('');
    },
  };
}

/** Writes a report as it is given over the example; the text of it where that is all that matters. */
export function writeReportFile(layout: Layout, name: string, report: Partial<Report> | string): string {
  mkdirSync(layout.reports, { recursive: true });
  const path = join(layout.reports, `${name}.json`);
  writeFileSync(path, typeof report === 'string' ? report : JSON.stringify({ ...REPORT_EXAMPLE, ...report }));
  return path;
}
