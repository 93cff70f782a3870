import type { Session } from './session.ts';

export interface Server {
  readonly major: number;
  /** As the server says it, for example `15.18 (Debian 15.18-0+deb12u1)`. */
  readonly version: string;
  readonly databaseSizeBytes: number;
  readonly encoding: string;
  readonly collation: string;
  readonly isStandby: boolean;
  /** Of the cluster; absent where the user may not ask. */
  readonly systemIdentifier?: string;
}

/** What the server says of itself and of the connected database. */
export async function describeServer(session: Session): Promise<Server> {
  const [row] = await session.query(`
    SELECT current_setting('server_version_num')::int / 10000 AS major,
           current_setting('server_version') AS version,
           pg_database_size(datname)::text AS size_bytes,
           pg_encoding_to_char(encoding) AS encoding,
           datcollate AS collation,
           pg_is_in_recovery() AS is_standby,
           has_function_privilege('pg_control_system()', 'EXECUTE') AS may_identify
      FROM pg_database WHERE datname = current_database()`);
  const identifiers =
    row?.['may_identify'] === true
      ? await session.query('SELECT system_identifier::text AS id FROM pg_control_system()')
      : [];
  return {
    major: Number(row?.['major']),
    version: String(row?.['version']),
    databaseSizeBytes: Number(row?.['size_bytes']),
    encoding: String(row?.['encoding']),
    collation: String(row?.['collation']),
    isStandby: row?.['is_standby'] === true,
    ...(identifiers[0] ? { systemIdentifier: String(identifiers[0]['id']) } : {}),
  };
}

/** Whether the connected user may read role passwords, which pg_dumpall needs unless told to leave them out. */
export async function mayReadPasswords(session: Session): Promise<boolean> {
  const [row] = await session.query(`SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS may`);
  return row?.['may'] === true;
}
