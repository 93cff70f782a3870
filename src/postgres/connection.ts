import type { Environment } from '../config/load.ts';

/** Whom to connect to; the password is never part of it. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** libpq's variables that change how a connection is secured, not where it leads (PostgreSQL manual, 34.15). */
const PASSED_VARIABLES = [
  'PGCHANNELBINDING',
  'PGCONNECT_TIMEOUT',
  'PGGSSDELEGATION',
  'PGGSSENCMODE',
  'PGGSSLIB',
  'PGKRBSRVNAME',
  'PGLOADBALANCEHOSTS',
  'PGPASSFILE',
  'PGREQUIREAUTH',
  'PGREQUIREPEER',
  'PGREQUIRESSL',
  'PGSSLCERT',
  'PGSSLCERTMODE',
  'PGSSLCOMPRESSION',
  'PGSSLCRL',
  'PGSSLCRLDIR',
  'PGSSLKEY',
  'PGSSLMAXPROTOCOLVERSION',
  'PGSSLMINPROTOCOLVERSION',
  'PGSSLMODE',
  'PGSSLNEGOTIATION',
  'PGSSLROOTCERT',
  'PGSSLSNI',
  'PGTARGETSESSIONATTRS',
];

/** libpq's variables that would lead the client elsewhere or change what it writes. */
const IGNORED_VARIABLES = [
  'PGAPPNAME',
  'PGCLIENTENCODING',
  'PGDATABASE',
  'PGDATESTYLE',
  'PGHOST',
  'PGHOSTADDR',
  'PGOPTIONS',
  'PGPORT',
  'PGSERVICE',
  'PGSERVICEFILE',
  'PGTZ',
  'PGUSER',
];

/** The environment of every PostgreSQL client: English messages, the allowed libpq variables, and the run's passfile if there is one. */
export function clientEnvironment(
  environment: Environment,
  passfile: string | undefined,
): Record<string, string> {
  const passed = [
    'HOME',
    'KRB5CCNAME',
    'KRB5_CONFIG',
    'OPENSSL_CONF',
    'SSL_CERT_FILE',
    'TMPDIR',
    ...PASSED_VARIABLES,
  ];
  const child: Record<string, string> = { LC_ALL: 'C', PATH: environment['PATH'] ?? '' };
  for (const name of passed) {
    const value = environment[name];
    if (value) child[name] = value;
  }
  if (passfile !== undefined) child['PGPASSFILE'] = passfile;
  // A server that accepts and then says nothing would be waited for without end.
  child['PGCONNECT_TIMEOUT'] ??= '30';
  return child;
}

/** The set libpq variables that are deliberately not passed on. */
export function ignoredVariables(environment: Environment): string[] {
  return IGNORED_VARIABLES.filter((name) => environment[name]);
}

/**
 * A libpq connection string in which every value is quoted, so that no name can become an option, a URI or another connection string.
 * A dead peer is noticed after a minute instead of two hours.
 */
export function connectionString(target: Target, applicationName: string): string {
  return conninfo({
    host: target.host,
    port: String(target.port),
    user: target.user,
    dbname: target.database,
    application_name: applicationName,
    keepalives_idle: '30',
    keepalives_interval: '10',
    keepalives_count: '3',
  });
}

/** `key='value'` pairs as libpq reads them (PostgreSQL manual, 34.1.1.1). */
export function conninfo(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}='${value.replaceAll(/[\\']/g, '\\$&')}'`)
    .join(' ');
}

/** The text of a passfile that holds one password for every server and database (PostgreSQL manual, 34.16). */
export function passfileText(password: string): string {
  return `*:*:*:*:${password.replaceAll(/[\\:]/g, '\\$&')}\n`;
}
