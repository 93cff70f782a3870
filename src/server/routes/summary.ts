import { describeError } from '../../errors.ts';
import { render } from '../../language.ts';
import type { App } from '../http/app.ts';
import type { DatabaseOverview } from '../overview/database-overview.ts';
import { newestSkips } from '../overview/newest-skips.ts';
import { progressView } from '../overview/run-progress.ts';
import type { Site } from '../overview/site.ts';
import type { IndexedRun } from '../run-index/run-index.ts';
import { drillView, isOffSite, type RunView, runView } from '../run-index/views.ts';
import { awaitReady } from './ready.ts';
import { SUMMARY } from './schemas/summary.ts';

export function addSummaryRoute(app: App, site: Site): void {
  app.get('/api/v1/summary', { schema: SUMMARY }, async (_request, reply) => {
    const refusal = await awaitReady(site, reply, 'everything');
    if (refusal) return refusal;
    const { databases, volumes, leftOut, forgotten } = await site.overview();
    const { followed } = site;
    const now = site.contexts[0]?.clock() ?? new Date();
    return {
      generatedAt: now.toISOString(),
      scannedAt: followed.scannedAt?.toISOString() ?? null,
      databases: databases.map((one) => describe(one, site, now)),
      totals: { ...totalsOf(databases), leftOut, drills: followed.index.drills.items.length },
      forgotten: forgotten.map(({ context, database, server = null }) => ({
        ...{ target: context.target ?? null, database, server },
      })),
      volumes: volumes.map(({ directory, freeBytes = null, forecast }) => ({
        directory,
        freeBytes,
        forecast: forecast ? { ...forecast, daysLeft: forecast.daysLeft ?? null } : null,
      })),
      skipped: newestSkips(followed.index),
      unreadable: followed.unreadable(),
      problems: followed.problems.map((problem) => describeError(problem, site.language).message),
    };
  });
}

function describe(one: DatabaseOverview, site: Site, now: Date): object {
  const { context, verdict, newestGood, newestProven, newestDrill, measured, running } = one;
  const view = (run: IndexedRun | undefined): RunView | null => (run ? runView(run, context.target) : null);
  return {
    target: context.target ?? null,
    database: one.database ?? null,
    server: one.server ?? null,
    state: verdict.state,
    reason: render(verdict.reason, site.language),
    dueAt: verdict.dueAt?.toISOString() ?? null,
    nextAt: verdict.nextAt?.toISOString() ?? null,
    isLost: one.isLost ?? null,
    unreadableRun: one.unreadable?.run ?? null,
    isOffSite: newestGood !== undefined && isOffSite(newestGood),
    newestSuccess: view(newestGood),
    newestSuccessAgeSeconds: ageSeconds(newestGood, now),
    newestRestored: view(newestProven),
    newestRestoredAgeSeconds: ageSeconds(newestProven, now),
    newestRun: view(one.newest),
    newestDrill: newestDrill ? drillView(newestDrill) : null,
    recoverySeconds: measured?.recoverySeconds ?? null,
    recoveryMeasuredAt: measured?.startedAt ?? null,
    running: running
      ? {
          run: running.run,
          startedAt: running.startedAt.toISOString(),
          progress: progressView(site, running, newestGood) ?? null,
        }
      : null,
    runs: one.runs,
    failures: Object.fromEntries(one.failures),
    localBytes: one.localBytes ?? null,
    remoteBytes: one.remoteBytes,
  };
}

function ageSeconds(run: IndexedRun | undefined, now: Date): number | null {
  return run ? Math.max(0, Math.round((now.getTime() - run.startedAt) / 1000)) : null;
}

function totalsOf(databases: readonly DatabaseOverview[]): object {
  const count = (fits: (one: DatabaseOverview) => boolean): number => databases.filter(fits).length;
  const localBytes = databases.map((one) => one.localBytes);
  return {
    databases: databases.length,
    fresh: count(({ verdict }) => verdict.state === 'fresh'),
    stale: count(({ verdict }) => verdict.state === 'stale'),
    none: count(({ verdict }) => verdict.state === 'none'),
    new: count(({ verdict }) => verdict.state === 'new'),
    offSite: count(({ newestGood }) => newestGood !== undefined && isOffSite(newestGood)),
    restored: count(({ newestProven }) => newestProven !== undefined),
    runs: databases.reduce((sum, { runs }) => sum + runs, 0),
    localBytes: localBytes.includes(undefined)
      ? null
      : localBytes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0),
    remoteBytes: databases.reduce((sum, { remoteBytes }) => sum + remoteBytes, 0),
  };
}
