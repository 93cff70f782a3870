import { PgBackupError } from '../errors.ts';
import { type CommandResult, startCommand } from '../exec.ts';
import { connectionString, type Target } from './connection.ts';
import { lastLines, recogniseFailure } from './failures.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface SessionOptions {
  readonly psql: string;
  readonly target: Target;
  readonly environment: Readonly<Record<string, string>>;
  readonly applicationName: string;
  readonly signal: AbortSignal;
}

/** One open connection to the database. */
export interface Session {
  /**
   * Runs one SELECT and returns its rows; 64-bit integers must be cast to text. Never run with text from outside: `sql` is ours.
   * @throws PgBackupError for a connection that failed or was lost; QueryFailed for an error of the statement.
   */
  query(sql: string): Promise<Row[]>;
  /**
   * Runs one statement that returns no rows, outside of any transaction unless an earlier one began it. Names and values from outside must be quoted.
   * @throws as `query`
   */
  execute(sql: string): Promise<void>;
  /** Aborts with CONNECTION_LOST once the connection is found gone without `close`; an idle one is found out by the next query. */
  readonly lost: AbortSignal;
  close(): Promise<void>;
}

/** `ERROR:  42501: permission denied …`, whatever the server calls an error in its language. */
const STATEMENT_ERROR = /^[^:\n]+:\s+((?=[A-Z]*\d)[0-9A-Z]{5}): (.*)$/gm;

/** An error of PostgreSQL with its SQLSTATE. */
export class QueryFailed extends Error {
  override readonly name = 'QueryFailed';
  readonly sqlState: string;

  constructor(sqlState: string, message: string) {
    super(message);
    this.sqlState = sqlState;
  }
}

/**
 * Opens a connection that stays open until `close` or the end of this process. It is a psql that reads from us: the same libpq, settings
 * and passwords as pg_dump's, so what it can reach, pg_dump can.
 */
export function openSession(options: SessionOptions): Session {
  const psql = startCommand({
    file: options.psql,
    args: [
      ...['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--no-password'],
      ...['--set=ON_ERROR_STOP=1', '--set=VERBOSITY=verbose'],
      `--dbname=${connectionString(options.target, options.applicationName)}`,
    ],
    environment: { ...options.environment, PGCLIENTENCODING: 'UTF8' },
    signal: options.signal,
  });
  // A psql that is gone closes the pipe; `ended` tells why.
  psql.stdin.on('error', () => {});
  const waiting: ((line: string) => void)[] = [];
  // Not readline: it also ends lines at U+2028 and U+2029, which JSON may hold.
  let open: string[] = [];
  psql.stdout.setEncoding('utf8').on('data', (text: string) => {
    const [first = '', ...others] = text.split('\n');
    open.push(first);
    for (const next of others) {
      waiting.shift()?.(open.join(''));
      open = [next];
    }
  });

  const lost = new AbortController();
  let isClosing = false;
  const failure = (async (): Promise<never> => {
    const result = await psql.ended;
    if (!isClosing) lost.abort(explainLoss(result, options.target));
    throw explainEnd(result, options.target);
  })();
  // Each query races against it; with no query under way `lost` tells.
  failure.catch(() => {});
  const send = (script: string): Promise<string> => {
    const answer = new Promise<string>((resolve) => waiting.push(resolve));
    psql.stdin.write(script);
    return Promise.race([answer, failure]);
  };

  return {
    async query(sql) {
      const rows = await send(`SELECT coalesce(jsonb_agg(to_jsonb(q)), '[]') FROM (${sql}) AS q;\n`);
      return JSON.parse(rows) as Row[];
    },
    async execute(sql) {
      await send(`${sql};\n\\echo done\n`);
    },
    lost: lost.signal,
    async close() {
      isClosing = true;
      psql.stdin.end();
      await psql.ended;
    },
  };
}

/** A lost connection comes first: at this verbosity its text carries an SQLSTATE like any other error. */
function explainEnd(result: CommandResult, target: Target): PgBackupError | QueryFailed {
  const known = recogniseFailure(result.stderr, target);
  if (known) return known;
  // The last one: notices look alike, and the error ends the session.
  const [, sqlState, message] = [...result.stderr.matchAll(STATEMENT_ERROR)].at(-1) ?? [];
  return sqlState && message ? new QueryFailed(sqlState, message) : connectionLost(result, target);
}

/** Of a session that had connected. */
function explainLoss(result: CommandResult, target: Target): PgBackupError {
  const known = recogniseFailure(result.stderr, target);
  return known?.code === 'REPLAY_CONFLICT' ? known : connectionLost(result, target);
}

function connectionLost(result: CommandResult, target: Target): PgBackupError {
  return new PgBackupError('CONNECTION_LOST', {
    ...target,
    detail: lastLines(result.stderr) || 'psql ended',
  });
}
