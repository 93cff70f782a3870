import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseCronPattern, patternProblem, timeZoneName, timeZoneProblem } from '../src/cron-pattern.ts';

const MINUTE = 60_000;

test('five fields and the nicknames are read', () => {
  for (const pattern of [
    ...[
      '0 2 * * *',
      ' 0  2\t* * * ',
      '*/15 * * * *',
      '5,35 1-3 1-7 JAN-MAR mon',
      '0 2 L * *',
      '0 2 * * SUN#1',
    ],
    ...['0 2 29 2 *', '0 2 29 2 +MON', '@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@YEARLY'],
  ]) {
    assert.equal(patternProblem(pattern), undefined, pattern);
  }
});

test('a pattern that cannot be read is refused, with the field that is wrong', () => {
  for (const pattern of [
    ...[
      '',
      'daily',
      '* * * *',
      '0 0 2 * * *',
      '0 0 2 * * * 2027',
      '@reboot',
      '@never',
      '2027-01-01T02:00:00',
    ],
    ...['TZ=UTC 0 2 * * *', '0 2 * * * # nightly'],
  ]) {
    assert.match(patternProblem(pattern)?.en ?? '', /^five fields \(minute, hour, .*no seconds\)/, pattern);
  }
  const wrong = {
    '60 2 * * *': 'minute than 60 (0-59',
    '0 24 * * *': 'hour than 24 (0-23',
    '0 2 0 * *': 'day of the month than 0 (',
    '0 2 * FOO *': 'month than FOO (',
    '0 2 * * 8': 'day of the week than 8 (',
    '*/0 * * * *': 'minute than */0 (',
    '0 5-2 * * *': 'hour than 5-2 (',
  };
  for (const [pattern, said] of Object.entries(wrong)) {
    assert.ok(
      patternProblem(pattern)?.en.startsWith(`another ${said}`),
      `${pattern}: ${patternProblem(pattern)?.en}`,
    );
    assert.match(patternProblem(pattern)?.zh ?? '', /字段不是/);
  }
});

test('a pattern that never comes is refused, and soon', () => {
  for (const pattern of [
    '0 2 30 2 *',
    '* * 31 2,4,6,9,11 *',
    '0 2 31 4 +MON#5',
    '* * 30 2 +*',
    '0 0 31W 2 *',
  ]) {
    const start = performance.now();
    assert.equal(patternProblem(pattern)?.en, 'a day that exists: this pattern never comes', pattern);
    assert.ok(performance.now() - start < 500, pattern);
  }
});

test('only names of the IANA database are time zones', () => {
  for (const zone of [
    'UTC',
    'Asia/Shanghai',
    ':Asia/Shanghai',
    'europe/berlin',
    'Etc/GMT-8',
    'PRC',
    'EST5EDT',
  ]) {
    assert.equal(timeZoneProblem(zone), undefined, zone);
  }
  for (const zone of [
    ...[
      '',
      ':',
      'CST-8',
      'CST',
      'PST',
      'UTC+8',
      '+08:00',
      '-08',
      '8',
      ':/etc/localtime',
      '/etc/localtime',
      'Z',
    ],
    ...[
      'Mars/Base',
      'Asia/Peking',
      'Europe/Berlin ',
      'Europe/Berlin\n',
      '<+08>-8',
      'CET-1CEST,M3.5.0,M10.5.0/3',
    ],
  ]) {
    assert.match(timeZoneProblem(zone)?.en ?? '', /^an IANA time zone .*BACKUP_TIMEZONE$/, zone);
  }
  assert.equal(timeZoneName(':Asia/Shanghai'), 'Asia/Shanghai');
});

describe('when a clock is set forward', () => {
  test('a time that does not exist comes at the first minute after the gap', () => {
    sameTimes('30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00Z', ['2027-03-28T01:00Z', '2027-03-29T00:30Z']);
    sameTimes('30 2 * * *', 'America/New_York', '2027-03-13T12:00Z', [
      '2027-03-14T07:00Z',
      '2027-03-15T06:30Z',
    ]);
    sameTimes('15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T20:00Z', [
      '2026-10-03T15:30Z',
      '2026-10-04T15:15Z',
    ]);
  });

  test('two that do not exist come once', () => {
    sameTimes('0,30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00Z', [
      '2027-03-28T01:00Z',
      '2027-03-29T00:00Z',
    ]);
  });

  test('each real quarter of an hour comes once', () => {
    const times = ['00:45Z', '01:00Z', '01:15Z'].map((time) => `2027-03-28T${time}`);
    sameTimes('*/15 * * * *', 'Europe/Berlin', '2027-03-28T00:30Z', times);
  });
});

describe('when a clock is set back', () => {
  test('a time that happens twice comes once, the first time', () => {
    sameTimes('30 2 * * *', 'Europe/Berlin', '2027-10-30T12:00Z', ['2027-10-31T00:30Z', '2027-11-01T01:30Z']);
    sameTimes('30 1 * * *', 'America/New_York', '2027-11-06T12:00Z', [
      '2027-11-07T05:30Z',
      '2027-11-08T06:30Z',
    ]);
    sameTimes('45 1 * * *', 'Australia/Lord_Howe', '2027-04-03T00:00Z', [
      '2027-04-03T14:45Z',
      '2027-04-04T15:15Z',
    ]);
    sameTimes('0,30 2 * * *', 'Europe/Berlin', '2027-10-31T00:00Z', [
      '2027-10-31T00:30Z',
      '2027-11-01T01:00Z',
    ]);
  });

  test('each real quarter of an hour comes once', () => {
    const times = ['00:45Z', '01:00Z', '01:15Z', '01:30Z', '01:45Z', '02:00Z'].map(
      (time) => `2027-10-31T${time}`,
    );
    sameTimes('*/15 * * * *', 'Europe/Berlin', '2027-10-31T00:30Z', times);
    sameTimes('*/15 * * * *', 'Australia/Lord_Howe', '2027-04-03T14:45Z', [
      '2027-04-03T15:00Z',
      '2027-04-03T15:15Z',
    ]);
  });
});

test('where no clock is ever set, a day has 24 hours', () => {
  for (const zone of ['Asia/Shanghai', 'UTC']) {
    const cron = parseCronPattern('30 2 * * *', zone);
    let time = cron.next(new Date('2027-01-01')) ?? new Date(0);
    for (let day = 0; day < 366; day += 1) {
      const next = cron.next(time) ?? new Date(0);
      assert.equal(next.getTime() - time.getTime(), 24 * 60 * MINUTE);
      time = next;
    }
  }
});

test('the time itself is the previous one, and the next one is later', () => {
  const cron = parseCronPattern('0 2 * * *', 'UTC');
  const due = new Date('2027-01-02T02:00Z');
  assert.deepEqual(cron.previous(due), due);
  assert.deepEqual(cron.previous(new Date(due.getTime() + 1)), due);
  assert.deepEqual(cron.previous(new Date(due.getTime() - 1)), new Date('2027-01-01T02:00Z'));
  assert.deepEqual(cron.next(new Date(due.getTime() - 1)), due);
  assert.deepEqual(cron.next(due), new Date('2027-01-03T02:00Z'));
});

test('whatever the pattern, the zone and the moment: times grow, none is two in one, and both ways see the same', () => {
  const number = (minimum: number, maximum: number): fc.Arbitrary<string> =>
    fc.integer({ min: minimum, max: maximum }).map(String);
  const field = (minimum: number, maximum: number): fc.Arbitrary<string> =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant('*') },
      { weight: 3, arbitrary: number(minimum, maximum) },
      fc.uniqueArray(number(minimum, maximum), { minLength: 2, maxLength: 4 }).map((list) => list.join(',')),
      number(2, Math.min(20, maximum)).map((step) => `*/${step}`),
    );
  // Nights are where clocks change, so that hours from 0 to 4 are many.
  const hour = fc.oneof(field(0, 23), field(0, 4));
  const day = fc.oneof({ weight: 5, arbitrary: fc.constant('*') }, field(1, 28));
  const pattern = fc
    .tuple(field(0, 59), hour, day, fc.constant('*'), fc.oneof(fc.constant('*'), field(0, 7)))
    .map((fields) => fields.join(' '));
  const moment = fc.oneof(
    fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
    // Around the changes.
    fc
      .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -36 * 60 * MINUTE, max: 36 * 60 * MINUTE }))
      .map(([change, offset]) => new Date(Date.parse(change) + offset)),
  );
  fc.assert(
    fc.property(pattern, fc.constantFrom(...ZONES), moment, (text, zone, start) => {
      const cron = parseCronPattern(text, zone);
      let time = start;
      for (let count = 0; count < 12; count += 1) {
        const next = cron.next(time);
        assert.ok(next && next > time, `${text} ${zone}: ${next?.toISOString()} after ${time.toISOString()}`);
        assert.equal(next.getTime() % MINUTE, 0);
        assert.deepEqual(cron.previous(next), next, `${text} ${zone}: previous`);
        const before = cron.previous(new Date(next.getTime() - 1));
        assert.ok(
          before && (count === 0 ? before <= time : before.getTime() === time.getTime()),
          `${text} ${zone} ${next.toISOString()}: ${before?.toISOString()} before`,
        );
        time = next;
      }
    }),
    { numRuns: 3000 },
  );
});

const ZONES = [
  ...['UTC', 'Asia/Shanghai', 'Europe/Berlin', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'],
  // At midnight, by two hours, and by half an hour off.
  ...['Asia/Beirut', 'America/Havana', 'Antarctica/Troll', 'America/St_Johns', 'Africa/Casablanca'],
];
const CHANGES = [
  ...['2027-03-28T01:00Z', '2027-10-31T01:00Z', '2027-03-14T07:00Z', '2027-11-07T06:00Z'],
  ...[
    '2026-10-03T15:30Z',
    '2027-04-03T15:00Z',
    '2027-03-27T22:00Z',
    '2027-10-30T21:00Z',
    '2027-03-14T05:00Z',
  ],
];

/** The times of the pattern from a moment on. */
function sameTimes(pattern: string, zone: string, after: string, expected: readonly string[]): void {
  const cron = parseCronPattern(pattern, zone);
  let time = new Date(after);
  const found = expected.map(() => {
    time = cron.next(time) ?? new Date(0);
    return `${time.toISOString().slice(0, 16)}Z`;
  });
  assert.deepEqual(found, expected, `${pattern} in ${zone}`);
}
