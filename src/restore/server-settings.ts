import { SERVER_PORT } from './server-directory.ts';

/** All restoring sessions share it. */
const MAINTENANCE_MEGABYTES = 512;
const LARGEST_MAINTENANCE_MEGABYTES = 256;
const SMALLEST_MAINTENANCE_MEGABYTES = 32;
const WITH_LOGIN_TRIGGERS = 17;

/**
 * Settings for a server that one drill fills and throws away: quick rather than durable, of bounded memory, reached by its socket alone.
 * They are complete where the postgresql.conf.sample of an installation might say something else.
 */
export function serverSettings(options: {
  readonly major: number;
  readonly jobs: number;
  readonly socketDirectory: string;
}): Record<string, string> {
  const { major, jobs, socketDirectory } = options;
  return { ...reach(socketDirectory), ...memory(jobs), ...QUICK, ...QUIET, ...ALONE, ...triggers(major) };
}

function reach(socketDirectory: string): Record<string, string> {
  return {
    listen_addresses: '',
    port: String(SERVER_PORT),
    // A list: only in quotes may a name have a comma or a space.
    unix_socket_directories: `"${socketDirectory.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
  };
}

function memory(jobs: number): Record<string, string> {
  const share = Math.floor(MAINTENANCE_MEGABYTES / jobs);
  const megabytes = Math.max(SMALLEST_MAINTENANCE_MEGABYTES, Math.min(LARGEST_MAINTENANCE_MEGABYTES, share));
  return {
    shared_buffers: '128MB',
    maintenance_work_mem: `${megabytes}MB`,
    max_connections: String(jobs + 10),
    max_parallel_maintenance_workers: '1',
    // A big schema is restored in one transaction, which locks all of it.
    max_locks_per_transaction: '1024',
    huge_pages: 'off',
    // In files of the cluster: /dev/shm is small in containers, and would keep them after a kill -9.
    dynamic_shared_memory_type: 'mmap',
  };
}

/** Whoever logs in to compare the database must not set off what it does at each login, such as a note of it in a table. */
function triggers(major: number): Record<string, string> {
  return major < WITH_LOGIN_TRIGGERS ? {} : { event_triggers: 'off' };
}

const QUICK = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '512MB',
  min_wal_size: '80MB',
  autovacuum: 'off',
  jit: 'off',
  statement_timeout: '0',
};

/** Its last lines become the text of an error: they must hold no statement, and so no data of anybody. */
const QUIET = {
  log_destination: 'stderr',
  logging_collector: 'off',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_line_prefix: '',
  log_checkpoints: 'off',
};

/** Nothing of a restored database reaches out, and a crash is not glossed over. */
const ALONE = {
  archive_mode: 'off',
  max_logical_replication_workers: '0',
  shared_preload_libraries: '',
  session_preload_libraries: '',
  local_preload_libraries: '',
  restart_after_crash: 'off',
};
