import { PgBackupError } from '../errors.ts';
import { quoteLiteral } from '../postgres/identifier.ts';
import { describeServer, type Server } from '../postgres/server.ts';
import type { Row, Session } from '../postgres/session.ts';
import type { ServerAccess } from './server-access.ts';

/** In front of the comment on databases that a restore has not finished yet. */
export const UNFINISHED_COMMENT = 'pg-backup: unfinished restore';
/** What their names end in, also before they have that comment and after it was replaced by their own. */
const UNFINISHED_NAME = '_restoring_[0-9a-f]{8}$';
/** Memberships have it from here on, and it is what giving something to a role takes (PostgreSQL manual, 22.3). */
const WITH_SET_OPTION = 16;

/** The databases that every server has, one of which may be closed. */
const MAINTENANCE_DATABASES = ['postgres', 'template1'];

export interface LiveConnection {
  readonly user: string;
  readonly application: string;
  readonly address: string;
  readonly since: string;
}

/** The database that is restored to, where it is there already. */
export interface ExistingDatabase {
  /** Whether new databases are copied from it. */
  readonly isTemplate: boolean;
  /** Whether nobody has made anything in it; extensions do not count. */
  readonly isEmpty: boolean;
  readonly encoding: string;
  readonly collation: string;
  readonly sizeBytes: number;
  readonly connections: readonly LiveConnection[];
}

export interface TargetServer {
  readonly server: Server;
  /** For statements about whole databases. */
  readonly maintenanceDatabase: string;
  readonly isSuperuser: boolean;
  readonly mayCreateDatabases: boolean;
  readonly roles: ReadonlySet<string>;
  /** Those that the user may make the owner of something, and still change it then. */
  readonly assignableRoles: ReadonlySet<string>;
  readonly extensions: ReadonlySet<string>;
  readonly tablespaces: ReadonlySet<string>;
  /** LC_COLLATE names that the server is known to have. */
  readonly collations: ReadonlySet<string>;
  /** Databases that interrupted restores left, or that one is working on. */
  readonly unfinished: readonly string[];
  readonly existing: ExistingDatabase | undefined;
}

/**
 * Looks at the server and at the database that shall be restored to. Changes nothing.
 * @throws PgBackupError for a connection that cannot be had
 */
export async function inspectTarget(access: ServerAccess, database: string): Promise<TargetServer> {
  const { session, maintenanceDatabase } = await openMaintenance(access);
  try {
    const server = await describeServer(session);
    const [user] = await session.query(
      'SELECT rolsuper AS super, rolcreatedb OR rolsuper AS may_create FROM pg_roles WHERE rolname = current_user',
    );
    const names = async (sql: string): Promise<Set<string>> =>
      new Set((await session.query(sql)).map(({ name }) => String(name)));
    const [found] = await session.query(
      `SELECT datallowconn AS is_open, datistemplate AS is_template FROM pg_database WHERE datname = ${quoteLiteral(database)}`,
    );
    if (found?.['is_open'] === false) throw closed(access, database);
    return {
      ...{ server, maintenanceDatabase },
      isSuperuser: user?.['super'] === true,
      mayCreateDatabases: user?.['may_create'] === true,
      roles: await names('SELECT rolname AS name FROM pg_roles'),
      assignableRoles: await names(
        `SELECT rolname AS name FROM pg_roles WHERE pg_has_role(oid, '${server.major >= WITH_SET_OPTION ? 'SET' : 'MEMBER'}')
            AND pg_has_role(oid, 'USAGE')`,
      ),
      extensions: await names('SELECT name FROM pg_available_extensions'),
      tablespaces: await names('SELECT spcname AS name FROM pg_tablespace'),
      collations: await names(
        `SELECT collcollate AS name FROM pg_collation WHERE collcollate IS NOT NULL
         UNION SELECT datcollate FROM pg_database UNION VALUES ('C'), ('POSIX')`,
      ),
      unfinished: [
        ...(await names(`SELECT datname AS name FROM pg_database
          WHERE shobj_description(oid, 'pg_database') LIKE ${quoteLiteral(`${UNFINISHED_COMMENT}%`)} OR datname ~ '${UNFINISHED_NAME}'`)),
      ],
      existing: found && {
        // Before our own connection to it.
        connections: await connectionsTo(session, database),
        isTemplate: found['is_template'] === true,
        ...(await describeExisting(access, database)),
      },
    };
  } finally {
    await session.close();
  }
}

/** A session for statements about whole databases. */
export async function openMaintenance(
  access: ServerAccess,
  signal?: AbortSignal,
): Promise<{ readonly session: Session; readonly maintenanceDatabase: string }> {
  let failure: unknown;
  for (const maintenanceDatabase of MAINTENANCE_DATABASES) {
    const session = access.open(maintenanceDatabase, signal);
    try {
      await session.query('SELECT 1');
      return { session, maintenanceDatabase };
    } catch (error) {
      await session.close();
      failure ??= error;
      if (!(error instanceof PgBackupError && error.code === 'DATABASE_MISSING')) break;
    }
  }
  throw failure;
}

async function describeExisting(
  access: ServerAccess,
  database: string,
): Promise<Omit<ExistingDatabase, 'connections' | 'isTemplate'>> {
  const session = access.open(database);
  try {
    const { encoding, collation, databaseSizeBytes } = await describeServer(session);
    const [made] = await session.query(`SELECT ${SOMETHING_WAS_MADE} AS is_filled`);
    return { encoding, collation, sizeBytes: databaseSizeBytes, isEmpty: made?.['is_filled'] !== true };
  } finally {
    await session.close();
  }
}

const CATALOGS = [
  ...[
    'pg_class',
    'pg_proc',
    'pg_type',
    'pg_namespace',
    'pg_operator',
    'pg_cast',
    'pg_opfamily',
    'pg_conversion',
  ],
  ...[
    'pg_foreign_data_wrapper',
    'pg_foreign_server',
    'pg_language',
    'pg_am',
    'pg_collation',
    'pg_default_acl',
  ],
  ...['pg_ts_config', 'pg_ts_dict', 'pg_ts_parser', 'pg_ts_template', 'pg_event_trigger', 'pg_publication'],
];
/** OIDs below are those of initdb. */
const SOMETHING_WAS_MADE = [
  ...CATALOGS.map(
    (
      catalog,
    ) => `EXISTS (SELECT FROM ${catalog} c WHERE c.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = '${catalog}'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i'))
      ${catalog === 'pg_class' ? `AND c.relnamespace <> 'pg_toast'::regnamespace` : ''}
      ${catalog === 'pg_namespace' ? `AND c.nspname !~ '^pg_(toast_)?temp_'` : ''})`,
  ),
  'EXISTS (SELECT FROM pg_largeobject_metadata)',
].join(' OR ');

/** Of others' sessions, whoever has no right to monitor sees neither since when nor of which type they are. */
async function connectionsTo(session: Session, database: string): Promise<LiveConnection[]> {
  const rows = await session.query(`
    SELECT coalesce(usename, '') AS user, coalesce(application_name, '') AS application, coalesce(host(client_addr), 'local') AS address,
           coalesce(to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '') AS since
      FROM pg_stat_activity
     WHERE datname = ${quoteLiteral(database)} AND pid <> pg_backend_pid() AND coalesce(backend_type, CASE WHEN usename IS NOT NULL THEN 'client backend' END) = 'client backend'
     ORDER BY backend_start, pid`);
  return rows.map((row: Row) => ({
    user: String(row['user']),
    application: String(row['application']),
    address: String(row['address']),
    since: String(row['since']),
  }));
}

function closed(access: ServerAccess, database: string): PgBackupError {
  return new PgBackupError('RESTORE_REFUSED', {
    detail: {
      en: `"${database}" on ${access.host}:${access.port} takes no connections`,
      zh: `${access.host}:${access.port} 上的 "${database}" 不接受连接`,
    },
    remedy: { en: 'Choose another database.', zh: '请选择其他数据库。' },
  });
}
