import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CronPattern, parseCronPattern } from '../../src/cron-pattern.ts';
import { type DueState, lookAtClock, scheduleFrom } from '../../src/schedule/due.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const DAILY = parseCronPattern('0 2 * * *', 'UTC');
const QUARTERLY = parseCronPattern('*/15 * * * *', 'UTC');
const WITHIN_A_WEEK = { catchUpMilliseconds: WEEK, isFixedTime: true };

test('what is due comes once, when it is due', () => {
  const looks = watch(DAILY, '2027-01-01T01:59:00Z');
  assert.equal(looks('2027-01-01T01:59:59.999Z'), undefined);
  assert.equal(looks('2027-01-01T02:00:00Z'), '2027-01-01T02:00:00.000Z');
  assert.equal(looks('2027-01-01T02:00:00Z'), undefined);
  assert.equal(looks('2027-01-01T02:00:30Z'), undefined);
  assert.equal(looks('2027-01-02T02:00:05Z'), '2027-01-02T02:00:00.000Z');
});

test('a schedule that begins at the very time that is due leaves it to whoever was there before', () => {
  assert.equal(watch(DAILY, '2027-01-01T02:00:00Z')('2027-01-01T02:00:30Z'), undefined);
});

test('of several that have come meanwhile, the last is due, and it is late', () => {
  const found = lookAtClock(
    DAILY,
    scheduleFrom(DAILY, at('2027-01-01T00:00Z')),
    at('2027-01-05T12:00Z'),
    WITHIN_A_WEEK,
  );
  assert.deepEqual(found.due, { at: at('2027-01-05T02:00Z'), isLate: true, isTooLate: false });
  assert.deepEqual(found.state.next, at('2027-01-06T02:00Z'));
});

test('what is older than is caught up is too late, but whoever is busy for a minute is not late', () => {
  const state = scheduleFrom(DAILY, at('2027-01-01T00:00Z'));
  const due = (now: string, catchUpMilliseconds: number) =>
    lookAtClock(DAILY, state, at(now), { catchUpMilliseconds, isFixedTime: true }).due;
  assert.equal(due('2027-01-01T12:00:00Z', 10 * HOUR)?.isTooLate, false);
  assert.equal(due('2027-01-01T12:00:01Z', 10 * HOUR)?.isTooLate, true);
  assert.deepEqual(due('2027-01-01T02:02:00Z', 0), {
    at: at('2027-01-01T02:00Z'),
    isLate: false,
    isTooLate: false,
  });
  assert.equal(due('2027-01-01T02:02:01Z', 0)?.isTooLate, true);
});

test('a clock that is set back by less than three hours has nothing done twice that has a fixed time', () => {
  const looks = watch(DAILY, '2027-01-01T00:00Z');
  assert.ok(looks('2027-01-01T02:00Z'));
  for (const time of ['2026-12-31T23:01Z', '2027-01-01T01:59Z', '2027-01-01T02:00Z', '2027-01-02T01:59Z']) {
    assert.equal(looks(time), undefined, time);
  }
  assert.ok(looks('2027-01-02T02:00Z'));
});

test('what has no fixed time goes on by the new time of a clock that is set back', () => {
  const looks = watch(QUARTERLY, '2027-01-01T02:00Z', false);
  assert.ok(looks('2027-01-01T02:15:00Z'));
  assert.equal(looks('2027-01-01T01:40:00Z'), undefined);
  assert.equal(looks('2027-01-01T01:44:59Z'), undefined);
  assert.equal(looks('2027-01-01T01:45:00Z'), '2027-01-01T01:45:00.000Z');
  assert.equal(looks('2027-01-01T02:00:00Z'), '2027-01-01T02:00:00.000Z');
});

test('a clock that is put right by seconds has nothing done twice', () => {
  const looks = watch(QUARTERLY, '2027-01-01T02:00Z', false);
  assert.ok(looks('2027-01-01T02:15:01Z'));
  assert.equal(looks('2027-01-01T02:13:02Z'), undefined);
  assert.equal(looks('2027-01-01T02:15:00Z'), undefined);
  assert.equal(looks('2027-01-01T02:16:00Z'), undefined);
  assert.ok(looks('2027-01-01T02:30:00Z'));
});

test('a clock that is set back by three hours was wrong before', () => {
  let state = lookAtClock(
    DAILY,
    scheduleFrom(DAILY, at('2027-01-01T00:00Z')),
    at('2027-01-01T02:00Z'),
    WITHIN_A_WEEK,
  ).state;
  const found = lookAtClock(DAILY, state, at('2026-12-31T23:00Z'), WITHIN_A_WEEK);
  assert.equal(found.isCorrection, true);
  assert.equal(found.due, undefined);
  state = found.state;
  assert.deepEqual(
    lookAtClock(DAILY, state, at('2027-01-01T02:00Z'), WITHIN_A_WEEK).due?.at,
    at('2027-01-01T02:00Z'),
  );
});

test('small steps back add up to a correction, so that no schedule ever rests for long', () => {
  let state = scheduleFrom(DAILY, at('2027-01-10T12:00Z'));
  const steps = ['10:00', '09:01', '09:00'].map((time) => {
    const found = lookAtClock(DAILY, state, at(`2027-01-10T${time}Z`), WITHIN_A_WEEK);
    state = found.state;
    return found.isCorrection;
  });
  assert.deepEqual(steps, [false, false, true]);
});

test('a clock that jumps to another year and back has the schedule where it was', () => {
  const looks = watch(DAILY, '2027-01-01T00:00Z');
  assert.ok(looks('2035-06-01T12:00Z'));
  assert.equal(looks('2027-01-01T00:01Z'), undefined);
  assert.equal(looks('2027-01-01T02:00Z'), '2027-01-01T02:00:00.000Z');
});

test('over years, across every change of summer time, each day has its backup once', () => {
  for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Shanghai', 'UTC']) {
    const cron = parseCronPattern('30 2 * * *', zone);
    const localDay = new Intl.DateTimeFormat('sv-SE', { timeZone: zone });
    let now = at('2026-01-01T12:00Z').getTime();
    let state = scheduleFrom(cron, new Date(now));
    const days: string[] = [];
    const end = at('2032-01-01T12:00Z').getTime();
    for (let step = 0; now < end; step += 1) {
      // Never the same distance, and always awake when something is due, as the scheduler is.
      now = Math.min(now + ((step * 7919) % 3600) * SECOND + 1, state.next?.getTime() ?? end);
      const found = lookAtClock(cron, state, new Date(now), WITHIN_A_WEEK);
      state = found.state;
      if (found.due) days.push(localDay.format(found.due.at));
    }
    assert.equal(days.length, 365 * 6 + 1, zone);
    assert.equal(new Set(days).size, days.length, zone);
  }
});

test('whatever the clock does, what is served grows until a correction, and is always the last that is due', () => {
  const jump = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 30 * SECOND }) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 3 * DAY }) },
    { weight: 2, arbitrary: fc.integer({ min: -3 * HOUR + 1, max: 0 }) },
    { weight: 1, arbitrary: fc.integer({ min: -30 * DAY, max: 400 * DAY }) },
  );
  const patterns = ['0 2 * * *', '*/15 * * * *', '30 2 * * 0', '* * * * *'];
  const zones = ['Europe/Berlin', 'Australia/Lord_Howe', 'UTC'];
  fc.assert(
    fc.property(
      fc.constantFrom(...patterns),
      fc.constantFrom(...zones),
      fc.array(jump, { minLength: 20, maxLength: 60 }),
      (pattern, zone, jumps) => {
        const cron = parseCronPattern(pattern, zone);
        const isFixedTime = !pattern.startsWith('*');
        let now = at('2027-03-26T00:00Z').getTime();
        let state = scheduleFrom(cron, new Date(now));
        let served = 0;
        for (const step of jumps) {
          now += step;
          const before = state;
          const found = lookAtClock(cron, state, new Date(now), { catchUpMilliseconds: WEEK, isFixedTime });
          state = found.state;
          if (found.isCorrection) {
            served = 0;
            assert.ok(before.seenUntil.getTime() - now >= (isFixedTime ? 3 * HOUR : 120 * SECOND));
          }
          if (found.due) {
            assert.ok(found.due.at.getTime() > served, 'served twice');
            assert.deepEqual(found.due.at, cron.previous(new Date(now)));
            served = found.due.at.getTime();
          } else if (now > before.seenUntil.getTime()) {
            const last = cron.previous(new Date(now));
            assert.ok(last === undefined || last <= before.seenUntil, 'lost');
          }
          assert.ok(state.next && state.next > state.seenUntil);
          assert.ok(state.next.getTime() <= (cron.next(state.seenUntil)?.getTime() ?? 0));
        }
      },
    ),
    { numRuns: 500 },
  );
});

/** Looks at the clock again and again, and tells each time what is due. */
function watch(cron: CronPattern, start: string, isFixedTime = true): (now: string) => string | undefined {
  let state: DueState = scheduleFrom(cron, at(start));
  return (now) => {
    const found = lookAtClock(cron, state, at(now), { catchUpMilliseconds: 100 * 365 * DAY, isFixedTime });
    state = found.state;
    return found.due?.at.toISOString();
  };
}

function at(time: string): Date {
  return new Date(time);
}
