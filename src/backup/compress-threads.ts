/** The database gives no more than so many can compress: one COPY some 135 MB a second. Each takes some 30 MB of memory. */
const MOST_THREADS = 8;

/** How many threads compress one of so many databases at a time. @param cores that this container may use (libuv, uv_available_parallelism) */
export function compressThreads(cores: number, databases: number): number {
  return Math.max(1, Math.min(Math.ceil(cores / databases), MOST_THREADS));
}
