import { quoteLiteral } from '../postgres/identifier.ts';

/** Each is a key word of CREATE ROLE in small letters; without the right it is that word with NO before it. */
export const ROLE_FLAGS = [
  'superuser',
  'inherit',
  'createrole',
  'createdb',
  'login',
  'replication',
  'bypassrls',
] as const;

export type RoleFlag = (typeof ROLE_FLAGS)[number];

export interface RoleAttributes extends Readonly<Record<RoleFlag, boolean>> {
  /** `-1` for none. */
  readonly connectionLimit: number;
  /** As the server that wrote it writes a time; undefined for one that never comes. */
  readonly validUntil: string | undefined;
}

/** What CREATE ROLE gives to a role by itself (PostgreSQL manual, CREATE ROLE). */
export const DEFAULT_ATTRIBUTES: RoleAttributes = {
  superuser: false,
  inherit: true,
  createrole: false,
  createdb: false,
  login: false,
  replication: false,
  bypassrls: false,
  connectionLimit: -1,
  validUntil: undefined,
};

/**
 * The options of CREATE ROLE for these attributes. ALTER ROLE, which pg_dumpall writes, takes a superuser even for NOSUPERUSER. A time that cannot
 * be read with certainty becomes one that has passed, so that no password is good for longer than it was.
 */
export function roleOptions(attributes: RoleAttributes): string[] {
  const { connectionLimit, validUntil } = attributes;
  const until = isClearTime(validUntil) ? validUntil : '-infinity';
  return [
    ...ROLE_FLAGS.map((flag) => describeFlag(flag, attributes[flag])),
    ...(connectionLimit === -1 ? [] : [`CONNECTION LIMIT ${connectionLimit}`]),
    ...(until === undefined ? [] : [`VALID UNTIL ${quoteLiteral(until)}`]),
  ];
}

/** Pairs of what is different, as SQL says it. */
export function differentAttributes(a: RoleAttributes, b: RoleAttributes): [string, string][] {
  const flags = ROLE_FLAGS.filter((flag) => a[flag] !== b[flag]);
  const pairs = flags.map((flag): [string, string] => [
    describeFlag(flag, a[flag]),
    describeFlag(flag, b[flag]),
  ]);
  if (a.connectionLimit !== b.connectionLimit) {
    pairs.push([`CONNECTION LIMIT ${a.connectionLimit}`, `CONNECTION LIMIT ${b.connectionLimit}`]);
  }
  if (secondsOf(a.validUntil) !== secondsOf(b.validUntil)) {
    pairs.push([describeEnd(a.validUntil), describeEnd(b.validUntil)]);
  }
  return pairs;
}

/** Whether a time means the same to every server: pg_dumpall writes it as the DateStyle and TimeZone of its connection have it. */
export function isClearTime(time: string | undefined): boolean {
  return !Number.isNaN(secondsOf(time));
}

function describeFlag(flag: RoleFlag, value: boolean): string {
  return `${value ? '' : 'NO'}${flag.toUpperCase()}`;
}

function describeEnd(validUntil = 'infinity'): string {
  return `VALID UNTIL ${quoteLiteral(validUntil)}`;
}

/** `2030-01-01 08:00:00.5+08`: DateStyle ISO, the default. */
const ISO_TIME =
  /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d(?:\.\d+)?)([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/;

/** Since 1970; not a number for a text that can be read in more than one way. */
function secondsOf(time = 'infinity'): number {
  if (time === 'infinity') return Number.POSITIVE_INFINITY;
  if (time === '-infinity') return Number.NEGATIVE_INFINITY;
  const [whole, year, month, day, hour, minute, second, sign, ...offset] = ISO_TIME.exec(time) ?? [];
  if (whole === undefined) return Number.NaN;
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute)) / 1000;
  const [offsetHours, offsetMinutes, offsetSeconds] = offset.map((part) => Number(part ?? 0));
  const offsetTotal = ((offsetHours ?? 0) * 60 + (offsetMinutes ?? 0)) * 60 + (offsetSeconds ?? 0);
  return date + Number(second) - (sign === '-' ? -offsetTotal : offsetTotal);
}
