import { execFile } from 'node:child_process';
import { chown, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clientDirectories } from '../harness/parts.ts';
import type { PostgresServer } from '../harness/postgres-server.ts';

export const WEIRD = `we"ird; DROP ROLE x --`;
export const TWO_LINES = "two\nlines \\! touch 'x'";
export const CHINESE = 'Größe 中文';

/** Roles of every kind, as far as the server's major knows them: names and texts that are SQL, psql's commands or key words. */
export async function createHostileRoles(server: PostgresServer): Promise<void> {
  await server.psql(`
    CREATE ROLE "we""ird; DROP ROLE x --" LOGIN CREATEDB PASSWORD 'first password' VALID UNTIL '2030-01-01 02:00:00.5+02' CONNECTION LIMIT 3;
    COMMENT ON ROLE "we""ird; DROP ROLE x --" IS E'a;\\n\\\\! b''c\\n-- PostgreSQL database cluster dump complete\\n--\\n';
    CREATE ROLE "two\nlines \\! touch 'x'" NOINHERIT CREATEROLE REPLICATION BYPASSRLS;
    CREATE ROLE "Größe 中文" SUPERUSER LOGIN PASSWORD 'second password' VALID UNTIL 'infinity' CONNECTION LIMIT 0;
    CREATE ROLE "set";
    CREATE ROLE tablespace;
    CREATE ROLE granted;
    ALTER ROLE "set" SET search_path TO "$user", 'a;b', "q""x";
    ALTER ROLE "set" SET "my.setting" TO E'it''s; \\\\\\n:x';
    ALTER ROLE "set" SET role TO tablespace;
    ALTER ROLE "set" SET timezone TO 'UTC';
    ALTER ROLE "set" IN DATABASE postgres SET work_mem TO '8MB';
    ALTER ROLE granted SET search_path TO '';
    GRANT tablespace TO "set" WITH ADMIN OPTION;
    GRANT granted TO "two\nlines \\! touch 'x'";
    GRANT pg_monitor TO granted;`);
  if (server.major >= 15) {
    await server.psql(`
      GRANT SET, ALTER SYSTEM ON PARAMETER work_mem TO "set" WITH GRANT OPTION;
      SET ROLE "set"; GRANT SET ON PARAMETER work_mem TO granted; RESET ROLE;
      GRANT SET ON PARAMETER "my.setting" TO tablespace;
      GRANT SET ON PARAMETER "TimeZone" TO PUBLIC;`);
  }
  if (server.major >= 16) {
    await server.psql(`
      GRANT "set" TO "Größe 中文" WITH INHERIT FALSE, SET FALSE;
      GRANT tablespace TO "Größe 中文" WITH INHERIT FALSE;
      GRANT tablespace TO "Größe 中文" WITH SET FALSE GRANTED BY "set";`);
  }
}

/** A tablespace with all that pg_dumpall writes of one. */
export async function createTablespace(server: PostgresServer): Promise<void> {
  const location = join(server.socketDirectory, 'a place');
  await mkdir(location);
  const { uid, gid } = await stat(join(server.socketDirectory, 'data'));
  if (process.getuid?.() === 0) await chown(location, uid, gid);
  await server.psql(`CREATE TABLESPACE "My space" OWNER "set" LOCATION '${location}'`);
  await server.psql(`
    ALTER TABLESPACE "My space" SET (seq_page_cost = 3);
    COMMENT ON TABLESPACE "My space" IS 'a;b';
    GRANT CREATE ON TABLESPACE "My space" TO tablespace;`);
}

/** What `pg_dumpall --globals-only` of one client's major says of a server, from inside of `database`. */
export async function dumpGlobalsByHand(
  server: PostgresServer,
  options: {
    client: number;
    args?: readonly string[];
    database?: string;
  },
): Promise<Buffer> {
  const directory = clientDirectories().get(options.client);
  if (directory === undefined) throw new Error(`there is no PostgreSQL client ${options.client}`);
  const args = ['--globals-only', `--database=${options.database ?? 'postgres'}`, ...(options.args ?? [])];
  const { stdout } = await promisify(execFile)(join(directory, 'pg_dumpall'), args, {
    env: {
      PGHOST: server.host,
      PGPORT: String(server.port),
      PGUSER: server.user,
      PGPASSWORD: server.password,
      LC_ALL: 'C',
    },
    encoding: 'buffer',
  });
  return stdout;
}

/** A globals file with these statements. */
export function globalsScript(statements: string): string {
  return `--\n-- PostgreSQL database cluster dump\n--\n\nSET standard_conforming_strings = on;\n${statements}\n
--\n-- PostgreSQL database cluster dump complete\n--\n\n`;
}
