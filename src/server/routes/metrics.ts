import { Counter, Gauge, Registry } from 'prom-client';
import { PROOFS, STAGES } from '../../report/record.ts';
import type { App } from '../http/app.ts';
import type { DatabaseOverview } from '../overview/database-overview.ts';
import type { VolumeOverview } from '../overview/overview.ts';
import type { Site } from '../overview/site.ts';
import type { IndexedRun } from '../run-index/run-index.ts';
import { isGood, isOffSite } from '../run-index/views.ts';
import { awaitReady } from './ready.ts';

/** Every database costs some thirty time series. */
const MOST_DATABASES = 200;
const STATES = ['fresh', 'stale', 'none', 'new'] as const;
const OUTCOMES = ['equal', 'incomplete', 'different', 'failed'] as const;
const DAY_SECONDS = 24 * 60 * 60;
const LABELS = ['target', 'database', 'server'];

/** `/metrics` for Prometheus: each figure is worked out when it is asked for. */
export function addMetricsRoute(app: App, site: Site): void {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge => {
    return new Gauge({ name, help, labelNames, registers: [registry] });
  };
  const perDatabase = databaseGauges((name, help, more = []) => gauge(name, help, [...LABELS, ...more]));
  const perVolume = volumeGauges(gauge);
  const perServer = serverGauges(gauge);
  const cpu = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system time of the report server.',
    registers: [registry],
  });
  const schema = { summary: 'Metrics for Prometheus', tags: ['metrics'], produces: ['text/plain'] };
  app.get('/metrics', { schema }, async (_request, reply) => {
    const refusal = await awaitReady(site, reply, 'everything');
    if (refusal) return refusal;
    const { databases, volumes, leftOut } = await site.overview();
    // In one go: another scrape may stand between any two awaits.
    registry.resetMetrics();
    for (const one of databases.slice(0, MOST_DATABASES)) perDatabase(one);
    for (const one of volumes) perVolume(one);
    perServer(site, databases.length + leftOut);
    const { user, system } = process.cpuUsage();
    cpu.inc((user + system) / 1e6);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

type Make = (name: string, help: string, labels?: string[]) => Gauge;

function databaseGauges(make: Make): (one: DatabaseOverview) => void {
  const state = make('pg_backup_freshness', '1 for the state that the backups are in, by the schedule.', [
    'state',
  ]);
  const due = make('pg_backup_due_timestamp_seconds', 'For this time there must be a backup by now.');
  const next = make('pg_backup_next_due_timestamp_seconds', 'When the next backup is due.');
  const success = make('pg_backup_last_success_timestamp_seconds', 'When the newest successful run began.');
  const age = make('pg_backup_last_success_age_seconds', 'How long ago that was.');
  const size = make('pg_backup_last_success_size_bytes', 'Size of its dump.');
  const duration = make('pg_backup_last_success_duration_seconds', 'How long it took.');
  const stage = make('pg_backup_last_success_stage_seconds', 'How long each of its stages took.', ['stage']);
  const offSite = make('pg_backup_last_success_off_site', '1 where it has a copy elsewhere.');
  const wanted = make(
    'pg_backup_off_site_wanted',
    '1 where the newest run was to have a copy elsewhere, by its BACKUP_MODE.',
  );
  const lost = make(
    'pg_backup_last_success_lost',
    '1 where it has neither a dump here nor a copy elsewhere; absent where nobody can tell.',
  );
  const unread = make(
    'pg_backup_newest_run_unreadable',
    '1 where nobody can read what a run after it came to.',
  );
  const unlike = make(
    'pg_backup_last_success_warning',
    '1 where it looks unlike the runs before it, and nobody has accepted that.',
  );
  const proof = make('pg_backup_last_success_proof', '1 for how far it is proven.', ['proof']);
  const failed = make('pg_backup_last_run_failed', '1 where the newest run that has ended was a failure.');
  const running = make('pg_backup_running_since_timestamp_seconds', 'Since when a run is under way.');
  const runs = make('pg_backup_runs', 'Runs that are on record.');
  const waiting = make('pg_backup_awaiting_upload_runs', 'Runs whose files wait here for their upload.');
  const failures = make('pg_backup_failed_runs', 'Failed runs that are on record, by error code.', ['code']);
  const restored = make(
    'pg_backup_last_restored_timestamp_seconds',
    'When the newest of those runs began that are still there and that a drill has restored and found equal.',
  );
  const drillAt = make('pg_backup_last_drill_timestamp_seconds', 'When the newest drill began.');
  const drillSeconds = make('pg_backup_last_drill_duration_seconds', 'How long the newest drill took.');
  const outcome = make('pg_backup_last_drill_outcome', '1 for what the newest drill came to.', ['outcome']);
  const recovery = make(
    'pg_backup_recovery_seconds',
    'What a recovery takes, as a drill measured it the last time.',
  );
  const local = make('pg_backup_local_size_bytes', 'Size of the files of runs whose dump is here.');
  const remote = make(
    'pg_backup_remote_size_bytes',
    'Size of the confirmed copies within the remote retention.',
  );

  return (one) => {
    const { verdict, newestGood, newestDrill, measured } = one;
    const labels = {
      ...{ target: one.context.target ?? '', database: one.database ?? '' },
      ...(verdict.server !== undefined && { server: verdict.server }),
    };
    const set = (metric: Gauge, value: number | null | undefined, more = {}): void => {
      if (typeof value === 'number' && Number.isFinite(value)) metric.set({ ...labels, ...more }, value);
    };
    for (const name of STATES) set(state, Number(verdict.state === name), { state: name });
    set(due, secondsOf(verdict.dueAt?.getTime()));
    set(next, secondsOf(verdict.nextAt?.getTime()));
    set(runs, one.runs);
    set(waiting, one.awaitingUpload);
    set(unread, Number(one.unreadable !== undefined));
    set(lost, one.isLost === undefined ? undefined : Number(one.isLost));
    set(wanted, one.newest && Number(wantsOffSite(one.newest)));
    set(failed, one.newest && Number(!isGood(one.newest)));
    set(running, secondsOf(one.running?.startedAt.getTime()));
    for (const [code, count] of one.failures) set(failures, count, { code });
    set(local, one.localBytes);
    set(remote, one.remoteBytes);
    set(restored, secondsOf(one.newestProven?.startedAt));
    if (newestGood) {
      const { record, report, startedAt } = newestGood;
      set(success, secondsOf(startedAt));
      set(age, Math.max(0, (one.context.clock().getTime() - startedAt) / 1000));
      set(size, record?.sizeBytes ?? report?.sizeBytes);
      set(duration, record?.durationSeconds ?? report?.durationSeconds);
      set(offSite, Number(isOffSite(newestGood)));
      set(unlike, Number(record?.hasWarning ?? false));
      for (const name of PROOFS) set(proof, Number((record?.proof ?? 'none') === name), { proof: name });
      for (const [index, name] of STAGES.entries()) {
        const seconds = record?.stageSeconds[index] ?? -1;
        if (seconds >= 0) set(stage, seconds, { stage: name });
      }
    }
    set(recovery, measured?.recoverySeconds);
    if (!newestDrill) return;
    set(drillAt, secondsOf(Date.parse(newestDrill.startedAt)));
    set(drillSeconds, newestDrill.durationSeconds);
    for (const name of OUTCOMES) set(outcome, Number(newestDrill.outcome === name), { outcome: name });
  };
}

function volumeGauges(make: Make): (one: VolumeOverview) => void {
  const free = make('pg_backup_volume_free_bytes', 'Free space on the volume of BACKUP_BASE_DIR.', [
    'directory',
  ]);
  const next = make(
    'pg_backup_volume_next_bytes',
    'What the next run of every database needs there together, by the recent ones.',
    ['directory'],
  );
  const lasts = make(
    'pg_backup_volume_lasts_seconds',
    'So long until a run finds no room there, in whole days; absent where that does not come in sight, or nothing is known.',
    ['directory'],
  );
  return ({ directory, freeBytes, forecast }) => {
    if (freeBytes !== undefined) free.set({ directory }, freeBytes);
    if (forecast) next.set({ directory }, forecast.nextBytes);
    if (forecast?.daysLeft !== undefined) lasts.set({ directory }, forecast.daysLeft * DAY_SECONDS);
  };
}

function serverGauges(make: Make): (site: Site, databases: number) => void {
  const unreadable = make(
    'pg_backup_unreadable_files',
    'Reports, records and the like that were passed over.',
  );
  const problems = make(
    'pg_backup_unlisted_directories',
    'Directories that could not be looked at the last time.',
  );
  const scanned = make(
    'pg_backup_last_scan_timestamp_seconds',
    'When the directories were looked at completely.',
  );
  const leftOut = make(
    'pg_backup_databases_left_out',
    `Databases beyond the first ${MOST_DATABASES}, which have no metrics.`,
  );
  const info = make('pg_backup_build_info', '1; the version of this program.', ['version']);
  const memory = make('process_resident_memory_bytes', 'Memory that the report server has.');
  const heap = make('nodejs_heap_size_used_bytes', 'Of it, used by objects.');
  const start = make('process_start_time_seconds', 'When the report server was started.');
  return ({ followed, version }, databases) => {
    unreadable.set(followed.unreadable().count);
    problems.set(followed.problems.length);
    scanned.set((followed.scannedAt?.getTime() ?? 0) / 1000);
    leftOut.set(Math.max(0, databases - MOST_DATABASES));
    info.set({ version }, 1);
    const { rss, heapUsed } = process.memoryUsage();
    memory.set(rss);
    heap.set(heapUsed);
    start.set(performance.timeOrigin / 1000);
  };
}

function wantsOffSite({ record, report }: IndexedRun): boolean {
  const mode = record?.mode ?? report?.mode;
  return mode === 'oss' || mode === 'both';
}

function secondsOf(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}
