import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runName } from '../../src/backup/run-name.ts';
import type { Layout } from '../../src/files/layout.ts';
import type { SkipRecord } from '../../src/report/skip-record.ts';
import { until } from '../integration/until.ts';
import { recordRun } from './recorded-run.ts';
import { scheduled, waitForTheDisk } from './scheduled.ts';

const HOUR = 3600 * 1000;
const DONE = { failure: undefined };
/** Has nothing to catch up at any time before 2027-01-11T02:00Z. */
const SERVED = { startedAt: '2027-01-10T02:00:00Z' };

test('tells when everything is due, in local time and in UTC, and does it then', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  await here.start({
    settings: {
      BACKUP_TIMEZONE: 'Asia/Shanghai',
      BACKUP_SCHEDULE: '0 10 * * *',
      DRILL_SCHEDULE: '0 4 * * 0',
      VERIFY_SCHEDULE: '@monthly',
    },
    job: () => DONE,
  });
  const said = here.logged.filter(({ id }) => id === 'SCHEDULED').map(({ parameters }) => parameters);
  assert.deepEqual(
    said.map(({ pattern, local, utc }) => [pattern, local, (utc as { en: string }).en]),
    [
      ['0 10 * * *', '2027-01-11 10:00 +08:00 (Asia/Shanghai)', '2027-01-11T02:00:00Z'],
      ['0 4 * * 0', '2027-01-17 04:00 +08:00 (Asia/Shanghai)', '2027-01-16T20:00:00Z'],
      ['@monthly', '2027-02-01 00:00 +08:00 (Asia/Shanghai)', '2027-01-31T16:00:00Z'],
    ],
  );
  // What is due is noted on the disk before it begins.
  for (const day of ['16', '23', '30']) {
    await here.clock.passUntil(`2027-01-${day}T20:00:10Z`);
    await waitForTheDisk();
  }
  await here.clock.passUntil('2027-02-02T00:00:00Z');
  assert.equal(await here.stop(), undefined);
  const begun = Object.groupBy(here.jobs, ({ kind }) => kind);
  assert.equal(begun.backup?.length, 22);
  assert.deepEqual(
    begun.drill?.map(({ dueAt }) => dueAt),
    ['16', '23', '30'].map((day) => `2027-01-${day}T20:00:00.000Z`),
  );
  assert.deepEqual(
    begun.verify?.map(({ dueAt }) => dueAt),
    ['2027-01-31T16:00:00.000Z'],
  );
  for (const { at, dueAt } of begun.backup ?? []) assert.equal(at, dueAt);
});

test('TZ is the zone where BACKUP_TIMEZONE is not set, and one that is none is refused', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  await here.start({ environment: { TZ: ':Europe/Berlin' } });
  assert.equal(here.logged.find(({ id }) => id === 'SCHEDULED')?.parameters['zone'], 'Europe/Berlin');
  await here.stop();
  await assert.rejects(here.start({ environment: { TZ: 'CST-8' } }), (error: Error & { code: string }) => {
    assert.equal(error.code, 'SETTINGS_INVALID');
    assert.match(error.message, /TZ=CST-8 \(environment\): expected an IANA time zone .* BACKUP_TIMEZONE/);
    return true;
  });
  await here.start({ environment: { TZ: 'CST-8' }, settings: { BACKUP_TIMEZONE: 'UTC' } });
});

test('a time that comes while the last job is under way is skipped and written down', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  await here.start({ settings: { VERIFY_SCHEDULE: '0 3 * * *' } });
  await here.clock.passUntil('2027-01-12T02:30:00Z');
  // It is noted on the disk before it begins.
  await until(
    () => here.jobs.map(({ kind, dueAt }) => [kind, dueAt]),
    [
      ['backup', '2027-01-11T02:00:00.000Z'],
      // Another kind of work does not wait for it.
      ['verify', '2027-01-11T03:00:00.000Z'],
    ],
  );
  await until(() => skips(here.layout).length, 1);
  const { detail, ...skip } = skips(here.layout)[0] ?? ({} as SkipRecord);
  assert.deepEqual(skip, {
    ...{
      version: 1,
      kind: 'backup',
      dueAt: '2027-01-12T02:00:00.000Z',
      skippedAt: '2027-01-12T02:00:00.000Z',
    },
    ...{ hostname: 'db01', reason: 'overlap' },
  });
  assert.match(detail, /2027-01-11T02:00:00Z/);
  here.jobs[0]?.end();
  await here.clock.passUntil('2027-01-13T02:30:00Z');
  assert.equal(here.jobs.filter(({ kind }) => kind === 'backup').length, 2);
});

test('whatever a job does, the next one begins', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  let count = 0;
  const ends = [
    () => Promise.reject(new Error('no process')),
    () => {
      throw new TypeError('a bug');
    },
    () => Promise.reject('no error at all'),
    async () => ({ failure: 'exit code 4' }),
    async () => DONE,
  ];
  await here.start({ services: { startJob: () => (ends[count++ % ends.length] ?? (async () => DONE))() } });
  await here.clock.passUntil('2027-01-20T12:00:00Z');
  assert.equal(count, 10);
  const told = here.logged
    .filter(({ id }) => id === 'JOB_UNSTARTABLE')
    .map(({ parameters }) => parameters['detail']);
  assert.deepEqual(
    told.slice(0, 3),
    ['no process', 'a bug', 'no error at all'].map((text) => `Unexpected error: ${text}`),
  );
  assert.equal(here.logged.filter(({ id }) => id === 'JOB_FAILED').length, 2);
  assert.equal(await here.stop(), undefined);
});

test('a drill whose beginning cannot be noted is made', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  writeFileSync(here.layout.drills, 'a file in its place');
  await here.start({ settings: { BACKUP_SCHEDULE: '@yearly', DRILL_SCHEDULE: '0 4 * * *' } });
  await here.clock.passUntil('2027-01-11T04:00:10Z');
  await until(() => here.jobs.map(({ kind }) => kind), ['drill']);
  const [unwritable] = here.logged.filter(({ id }) => id.endsWith('UNWRITABLE'));
  assert.equal(unwritable?.id, 'ATTEMPT_UNWRITABLE');
});

test('a note that cannot be written ends nothing', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  writeFileSync(here.layout.skipped, 'a file in its place');
  await here.start();
  await here.clock.passUntil('2027-01-12T12:00:00Z');
  await until(() => here.logged.some(({ id }) => id === 'SKIP_UNWRITABLE'), true);
  here.jobs[0]?.end();
  await here.clock.passUntil('2027-01-13T12:00:00Z');
  assert.equal(here.jobs.length, 2);
});

test('what a job could not tell by itself is told, and whatever becomes of that, the next one begins', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  let count = 0;
  const ends = [
    async () => ({ failure: 'exit code 4' }),
    async () => ({ failure: 'exit code 2', untold: { en: 'refused', zh: '被拒绝' } }),
    () => Promise.reject(new Error('no process')),
  ];
  await here.start({ services: { startJob: () => (ends[count++ % 3] ?? (async () => DONE))() } });
  await here.clock.passUntil('2027-01-13T12:00:00Z');
  assert.deepEqual(here.told, [
    '- backup: The backup of the schedule failed, and could not tell of it by itself: refused.',
    '- backup: The backup of the schedule failed, and could not tell of it by itself: Unexpected error: no process.',
  ]);
  await here.stop();

  const onJobFailed = () => Promise.reject(new Error('no network'));
  const job = () => ({ failure: 'x', untold: { en: 'x', zh: 'x' } });
  const jobs = here.jobs.length;
  await here.start({ services: { onJobFailed }, job });
  await here.clock.passUntil('2027-01-15T12:00:00Z');
  assert.ok(here.jobs.length - jobs >= 2);
  assert.ok(here.logged.some(({ id }) => id === 'NOTIFY_FAILED'));
});

test('a target whose directory cannot be made is told, and ends neither the others nor itself', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  const taken = join(here.layout.base, 'taken');
  writeFileSync(taken, 'a file in its place');
  const directories = { bad: join(taken, 'below'), good: join(here.layout.base, 'good') };
  await here.start({ directories });
  assert.equal(here.told.length, 1);
  assert.match(here.told[0] ?? '', /^bad backup: .*taken/);
  assert.ok(here.logged.some(({ id }) => id === 'TARGET_UNUSABLE'));
  await here.clock.passUntil('2027-01-11T12:00:00Z');
  assert.deepEqual(
    here.jobs.map(({ target }) => target),
    ['bad', 'good'],
  );
  for (const { end } of here.jobs) end();
  assert.equal(await here.stop(), undefined);

  // Where nothing can be backed up at all, somebody has just made a mistake.
  const { bad } = directories;
  await assert.rejects(here.start({ directories: { bad, worse: bad } }), /taken/);
  await assert.rejects(here.start({ settings: { BACKUP_BASE_DIR: bad } }), /taken/);
});

test('jitter puts each job off, by chance, and the time that it is for stays', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  const chances = [0, 0.5, 0.999];
  await here.start({
    settings: { BACKUP_JITTER_SECONDS: 600 },
    services: { random: () => chances.shift() ?? 0 },
    job: () => DONE,
  });
  await here.clock.passUntil('2027-01-13T12:00:00Z');
  assert.deepEqual(
    here.jobs.map(({ at }) => at.slice(11, 19)),
    ['02:00:00', '02:05:00', '02:10:00'],
  );
  assert.ok(here.jobs.every(({ dueAt }) => dueAt?.endsWith('T02:00:00.000Z')));
});

test('a repair holds up the jobs of its own target only, and what is due meanwhile', async (t) => {
  const here = scheduled(t, '2027-01-12T01:59:50Z');
  recordRun(here.layout, SERVED);
  const repaired = Promise.withResolvers<void>();
  const repair = ({ target }: { readonly target: string | undefined }) =>
    target === 'slow' ? repaired.promise : Promise.resolve();
  await here.start({ targets: ['slow', 'quick'], services: { repair }, job: () => DONE });
  await here.clock.pass(10_000);
  await waitForTheDisk();
  const begun = () => here.jobs.map(({ target, dueAt }) => `${target} ${dueAt?.slice(8, 10)}`);
  assert.deepEqual(begun(), ['quick 11', 'quick 12']);
  repaired.resolve();
  await until(() => begun().length, 3);
  await waitForTheDisk();
  // It serves for the time that was missed before as well.
  assert.deepEqual(begun().slice(2), ['slow 12']);
  assert.ok(!here.logged.some(({ id }) => id === 'OVERLAP'));
});

test('what becomes due in the very moment of the start is not lost', async (t) => {
  const here = scheduled(t, '2027-01-11T01:59:59.500Z');
  recordRun(here.layout, SERVED);
  let looks = 0;
  // Each look at the clock takes a while.
  const clock = { ...here.clock, now: () => new Date(here.clock.now().getTime() + 400 * looks++) };
  await here.start({ services: { clock } });
  await until(() => here.jobs.map(({ dueAt }) => dueAt), ['2027-01-11T02:00:00.000Z']);
});

test('targets have schedules of their own that do not wait for each other', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  await here.start({ targets: ['one', 'two'] });
  await here.clock.passUntil('2027-01-11T12:00:00Z');
  assert.deepEqual(
    here.jobs.map(({ target }) => target),
    ['one', 'two'],
  );
});

test('a machine that slept does the last thing it slept through, once', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  await here.start({ job: () => DONE });
  await here.clock.passUntil('2027-01-10T23:00:00Z');
  here.clock.set('2027-01-14T09:00:00Z');
  await here.clock.pass(31_000);
  assert.deepEqual(
    here.jobs.map(({ dueAt }) => dueAt),
    ['2027-01-14T02:00:00.000Z'],
  );
  assert.ok(here.logged.some(({ id }) => id === 'CATCHING_UP'));
  await here.clock.passUntil('2027-01-15T02:00:00Z');
  assert.equal(here.jobs.length, 2);
});

test('what it finds too late is written down and not done', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  await here.start({ settings: { BACKUP_CATCH_UP_HOURS: 3 }, job: () => DONE });
  await here.clock.pass(HOUR);
  here.clock.set('2027-01-12T09:00:00Z');
  await here.clock.pass(HOUR);
  assert.deepEqual(here.jobs, []);
  await until(
    () => skips(here.layout).map(({ reason, dueAt }) => [reason, dueAt]),
    [['missed', '2027-01-12T02:00:00.000Z']],
  );
});

test('a clock that is set back a little has nothing done twice; by hours, it is believed', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  await here.start({ job: () => DONE });
  await here.clock.passUntil('2027-01-11T02:10:00Z');
  here.clock.set('2027-01-11T01:00:00Z');
  await here.clock.passUntil('2027-01-11T05:00:00Z');
  assert.equal(here.jobs.length, 1);
  here.clock.set('2027-01-11T01:00:00Z');
  await here.clock.passUntil('2027-01-11T02:30:00Z');
  assert.deepEqual(
    here.jobs.map(({ dueAt }) => dueAt),
    ['2027-01-11T02:00:00.000Z', '2027-01-11T02:00:00.000Z'],
  );
  assert.ok(here.logged.some(({ id }) => id === 'CLOCK_SET_BACK'));
});

test('every quarter of an hour goes on at once by the new time of a clock that was set back', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  await here.start({ settings: { BACKUP_SCHEDULE: '*/15 * * * *' }, job: () => DONE });
  await here.clock.passUntil('2027-01-10T13:10:00Z');
  const before = here.jobs.length;
  here.clock.set('2027-01-10T11:10:00Z');
  await here.clock.pass(HOUR);
  assert.equal(here.jobs.length - before, 4);
  assert.ok(here.logged.some(({ id }) => id === 'CLOCK_SET_BACK'));
});

test('of every quarter of an hour none is lost and none is double, across both changes of the clock', async (t) => {
  for (const [from, to] of [
    ['2027-03-27T12:00:00Z', '2027-03-29T12:00:00Z'],
    ['2027-10-30T12:00:00Z', '2027-11-01T12:00:00Z'],
  ] as const) {
    const here = scheduled(t, from);
    const settings = { BACKUP_SCHEDULE: '*/15 * * * *', BACKUP_TIMEZONE: 'Europe/Berlin' };
    await here.start({ settings, job: () => DONE });
    await here.clock.passUntil(to);
    await here.stop();
    const times = here.jobs.map(({ dueAt }) => Date.parse(dueAt ?? ''));
    assert.equal(times.length, 48 * 4);
    assert.ok(times.every((time, index) => index === 0 || time - (times[index - 1] ?? 0) === 15 * 60_000));
  }
});

test('a new installation catches nothing up, and is told how to begin', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  await here.start();
  assert.deepEqual(here.jobs, []);
  assert.ok(here.logged.some(({ id }) => id === 'SCHEDULE_NO_HISTORY'));
  await here.stop();
  await here.start({ settings: { BACKUP_ON_START: true } });
  await until(() => here.jobs.map(({ dueAt }) => dueAt), [undefined]);
});

test('what was missed while nobody was there is done once, whoever looks', async (t) => {
  const here = scheduled(t, '2027-01-12T12:00:00Z');
  recordRun(here.layout, SERVED);
  await here.start();
  await until(() => here.jobs.map(({ dueAt }) => dueAt), ['2027-01-12T02:00:00.000Z']);
  recordRun(here.layout, { startedAt: here.clock.now(), errorCode: 'CONNECTION_FAILED' });
  here.jobs[0]?.end('exit code 4');
  await until(() => here.logged.some(({ id }) => id === 'JOB_FAILED'), true);
  assert.equal(await here.stop(), undefined);
  // A new container, with the same directory.
  await here.clock.pass(HOUR);
  await here.start();
  assert.equal(here.jobs.length, 1);
});

test('what is missed for longer than is caught up is told and left, and written down once', async (t) => {
  const here = scheduled(t, '2027-01-12T12:00:00Z');
  recordRun(here.layout, SERVED);
  for (const targets of [['one'], ['one'], ['one', 'two']]) {
    await here.start({ targets, settings: { BACKUP_CATCH_UP_HOURS: 9 } });
    await here.stop();
    await here.clock.pass(1000);
  }
  assert.deepEqual(here.jobs, []);
  assert.equal(here.logged.filter(({ id }) => id === 'TOO_LATE').length, 4);
  const notes = skips(here.layout).map(({ target, reason, dueAt }) => [target, reason, dueAt]);
  const dueAt = '2027-01-12T02:00:00.000Z';
  assert.deepEqual(notes.sort(), [
    ['one', 'missed', dueAt],
    ['two', 'missed', dueAt],
  ]);
});

test('of several databases those that were missed are caught up, and no other', async (t) => {
  const here = scheduled(t, '2027-01-12T12:00:00Z');
  const settings = { PG_DATABASE: undefined, PG_DATABASES: ['a', '--b', 'c'] };
  for (const database of settings.PG_DATABASES) recordRun(here.layout, { ...SERVED, database });
  await here.start({ settings });
  await until(() => here.jobs.map(({ databases }) => databases), [undefined]);
  here.jobs[0]?.end('exit code 143');
  await here.stop();
  recordRun(here.layout, { startedAt: '2027-01-12T02:00:00Z', database: 'a' });
  recordRun(here.layout, {
    startedAt: '2027-01-12T02:00:00Z',
    database: '--b',
    errorCode: 'INTERRUPTED',
  });
  await here.start({ settings });
  await until(() => here.jobs.slice(1).map(({ databases }) => databases), [['--b', 'c']]);
});

test('what another scheduler is just doing is not missed, and what a dead one did is', async (t) => {
  for (const [silentMinutes, host, begun] of [
    [2, 'db', 0],
    [4, 'db', 1],
    [0, 'another', 1],
  ] as const) {
    const here = scheduled(t, '2027-01-12T02:10:00Z');
    recordRun(here.layout, SERVED);
    const startedAt = new Date('2027-01-12T02:00:05Z');
    const mark = join(here.layout.running, runName({ database: 'community', startedAt, host: 'h' }));
    mkdirSync(mark, { recursive: true });
    const journal = join(mark, 'journal.json');
    writeFileSync(journal, JSON.stringify({ host, port: 5432 }));
    const signOfLife = here.clock.now().getTime() / 1000 - silentMinutes * 60;
    utimesSync(journal, signOfLife, signOfLife);
    await here.start();
    assert.equal(here.jobs.length, begun, `${silentMinutes} ${host}`);
  }
});

test('a verification that was missed is caught up, once there has been one', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  const changes = {
    settings: { VERIFY_SCHEDULE: '0 4 * * *', BACKUP_SCHEDULE: '@yearly', BACKUP_CATCH_UP_HOURS: 48 },
  };
  const verifications = () => here.jobs.map(({ kind, dueAt }) => [kind, dueAt?.slice(0, 10)]);
  await here.start(changes);
  assert.deepEqual(verifications(), [], 'a new schedule has missed nothing');
  await here.clock.passUntil('2027-01-11T04:00:10Z');
  await until(() => here.jobs.length, 1);
  here.jobs[0]?.end('exit code 12');
  await until(() => here.logged.some(({ id }) => id === 'JOB_FAILED'), true);
  await here.stop();

  await here.start(changes);
  assert.equal(here.jobs.length, 1, 'a failure is told and not repeated');
  await here.stop();
  // Broken off twice, it is given up.
  here.clock.set('2027-01-12T12:00:00Z');
  for (const jobs of [2, 3, 3]) {
    await here.start(changes);
    await until(() => here.jobs.length, jobs);
    const stopped = here.stop();
    here.jobs.at(-1)?.end('exit code 143');
    await stopped;
  }
  assert.deepEqual(verifications(), [
    ['verify', '2027-01-11'],
    ['verify', '2027-01-12'],
    ['verify', '2027-01-12'],
  ]);
});

test('a missed one and BACKUP_ON_START are one backup, at once', async (t) => {
  const here = scheduled(t, '2027-01-12T12:00:00Z');
  recordRun(here.layout, SERVED);
  await here.start({ settings: { BACKUP_ON_START: true, BACKUP_JITTER_SECONDS: 600 } });
  await until(() => here.jobs.map(({ at }) => at), ['2027-01-12T12:00:00.000Z']);
});

test('a run that was broken off is made up for once, also of a drill that leaves no record', async (t) => {
  const here = scheduled(t, '2027-01-12T12:00:00Z');
  recordRun(here.layout, { startedAt: '2027-01-12T02:00:00Z', errorCode: 'KILLED' });
  mkdirSync(here.layout.drills);
  const drill = {
    version: 1,
    run: 'r',
    database: 'community',
    startedAt: '2027-01-03T04:00:00Z',
    outcome: 'equal',
    sizeBytes: 1,
    phases: [],
    differences: [],
    omissions: [],
  };
  writeFileSync(join(here.layout.drills, 'one.json'), JSON.stringify(drill));
  for (const restart of [1, 2, 3]) {
    await here.start({ settings: { DRILL_SCHEDULE: '0 4 * * 0' } });
    const kinds =
      restart === 1
        ? ['backup', 'drill']
        : restart === 2
          ? ['backup', 'drill', 'drill']
          : ['backup', 'drill', 'drill'];
    await until(() => here.jobs.map(({ kind }) => kind).sort(), kinds);
    if (restart === 1) recordRun(here.layout, { startedAt: here.clock.now(), errorCode: 'INTERRUPTED' });
    for (const { end } of here.jobs) end('exit code 143');
    await here.stop();
    await here.clock.pass(1000);
  }
});

test('files that cannot be read keep nobody from what is due', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  writeFileSync(here.layout.running, 'no directory');
  const repair = async () => {
    throw new Error('EIO');
  };
  await here.start({ services: { repair }, job: () => DONE });
  assert.ok(here.logged.some(({ id }) => id === 'REPAIR_FAILED'));
  await until(() => here.logged.some(({ id }) => id === 'FRESHNESS_UNKNOWN'), true);
  await here.clock.passUntil('2027-01-12T12:00:00Z');
  assert.equal(here.jobs.length, 2);
});

test('a backup that becomes stale is told once, and again after it was fresh', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  const end = '2027-01-12T12:00:00Z';
  await here.start({ job: () => ({ failure: 'exit code 4' }) });
  await passSlowly(here.clock, '2027-01-11T03:59:00Z');
  assert.deepEqual(here.stale, []);
  await passSlowly(here.clock, '2027-01-11T04:06:00Z');
  await until(() => here.stale.map(({ verdicts }) => verdicts.map(({ state }) => state)), [['stale']]);
  await passSlowly(here.clock, end);
  assert.equal(here.stale.length, 1);
  recordRun(here.layout, { startedAt: end });
  await passSlowly(here.clock, '2027-01-13T04:16:00Z');
  await until(() => here.stale.length, 2);
});

test('what no channel has taken is told again, and logged once', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  const answers = [false, 'broken', true];
  let tellings = 0;
  const onStale = async () => {
    const answer = answers[tellings++];
    if (answer === 'broken') throw new Error('no network');
    return answer === true;
  };
  await here.start({ services: { onStale }, job: () => ({ failure: 'exit code 4' }) });
  await passSlowly(here.clock, '2027-01-11T06:00:00Z');
  await until(() => tellings, 3);
  assert.equal(here.logged.filter(({ id }) => id === 'BACKUP_STALE').length, 1);
});

test('a new installation is overdue once a time has passed that it should have served', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  await here.start({ job: () => ({ failure: 'exit code 4' }) });
  await passSlowly(here.clock, '2027-01-11T03:59:00Z');
  assert.deepEqual(here.stale, []);
  await passSlowly(here.clock, '2027-01-11T04:06:00Z');
  await until(() => here.stale.length, 1);
});

test('stopped while it is idle, or while a job is only put off, it ends normally', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  await here.start({ settings: { BACKUP_JITTER_SECONDS: 600 } });
  await here.clock.passUntil('2027-01-11T02:01:00Z');
  assert.equal(await here.stop(), undefined);
  assert.deepEqual(here.jobs, []);
});

test('stopped while a job is under way, it waits for it and tells what broke off', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  recordRun(here.layout, SERVED);
  await here.start({ settings: { BACKUP_SCHEDULE: '0 * * * *' } });
  await here.clock.passUntil('2027-01-10T13:00:30Z');
  let hasEnded = false;
  const stopped = here.stop().finally(() => {
    hasEnded = true;
  });
  await here.clock.passUntil('2027-01-10T16:00:00Z');
  assert.equal(hasEnded, false);
  assert.equal(here.jobs.length, 1);
  here.jobs[0]?.end('exit code 143');
  assert.equal(((await stopped) as { code?: string }).code, 'INTERRUPTED');
});

test('a job that succeeds although it was told to stop was not broken off', async (t) => {
  const here = scheduled(t, '2027-01-10T12:00:00Z');
  await here.start();
  await here.clock.passUntil('2027-01-11T02:00:30Z');
  const stopped = here.stop();
  here.jobs[0]?.end();
  assert.equal(await stopped, undefined);
});

/** In steps, so that what reads files in between comes to its end. */
async function passSlowly(clock: ReturnType<typeof scheduled>['clock'], time: string): Promise<void> {
  while (clock.now() < new Date(time)) {
    await clock.pass(Math.min(5 * 60_000, Date.parse(time) - clock.now().getTime()));
    await waitForTheDisk();
  }
}

function skips(layout: Layout): SkipRecord[] {
  try {
    return readdirSync(layout.skipped)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(layout.skipped, name), 'utf8')));
  } catch {
    return [];
  }
}
