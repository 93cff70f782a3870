const TIME = /\d{8}T\d{6}Z/.source;
const RUN_NAME = new RegExp(`^(?<database>.+)_(?<time>${TIME})_(?<host>[A-Za-z0-9-]+)$`, 'u');

/** 255 bytes are the longest file name; the rest is for suffixes. */
const MAXIMUM_BYTES = 220;
const SHORTEST_HOST = 8;

export interface RunIdentity {
  readonly database: string;
  readonly startedAt: Date;
  readonly host: string;
}

/** `<database>_<UTC yyyymmddThhmmssZ>_<short hostname>`, with the database's name encoded so that it is a safe file name. */
export function runName({ database, startedAt, host }: RunIdentity): string {
  const time = startedAt.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const before = `${encodeDatabaseName(database)}_${time}_`;
  const room = Math.max(SHORTEST_HOST, MAXIMUM_BYTES - Buffer.byteLength(before));
  return before + shortHostname(host).slice(0, room);
}

/** The parts of a run name, or undefined for any other name. */
export function parseRunName(name: string): RunIdentity | undefined {
  const { database, time, host } = RUN_NAME.exec(name)?.groups ?? {};
  if (database === undefined || time === undefined || host === undefined) return undefined;
  const decoded = decodeDatabaseName(database);
  const iso = time.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
  const startedAt = new Date(iso);
  if (decoded === undefined || Number.isNaN(startedAt.getTime())) return undefined;
  return { database: decoded, startedAt, host };
}

/** Letters, digits, `_`, `-` and `.` stay, but neither of the last two in front; every other byte becomes `%XX`. */
export function encodeDatabaseName(database: string): string {
  return [...database]
    .map((character, index) =>
      /[\p{L}\p{N}_]/u.test(character) || (index > 0 && /[.-]/.test(character))
        ? character
        : [...Buffer.from(character)]
            .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
            .join(''),
    )
    .join('');
}

function decodeDatabaseName(encoded: string): string | undefined {
  // As most names are; a report server reads a hundred thousand of them.
  if (/^\w[\w.-]*$/.test(encoded)) return encoded;
  try {
    const decoded = decodeURIComponent(encoded);
    return encodeDatabaseName(decoded) === encoded ? decoded : undefined;
  } catch {
    return undefined;
  }
}

function shortHostname(hostname: string): string {
  const [label = ''] = hostname.split('.');
  return label.replaceAll(/[^A-Za-z0-9-]/g, '-') || 'host';
}
