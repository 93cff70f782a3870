export interface Compression {
  readonly method: 'none' | 'gzip' | 'lz4' | 'zstd';
  /** Absent where the method's own default is meant. */
  readonly level?: number;
}

/** Levels as pg_dump's manual page gives them; `0..9` alone means gzip as every client knows it. */
export const COMPRESSION_PATTERN =
  '^([0-9]|gzip(:[1-9])?|lz4(:([1-9]|1[0-2]))?|zstd(:([1-9]|1[0-9]|2[0-2]))?)$';

/** Reads a value that matches `COMPRESSION_PATTERN`. */
export function parseCompression(value: string): Compression {
  if (value === '0') return { method: 'none' };
  if (/^\d$/.test(value)) return { method: 'gzip', level: Number(value) };
  const [method, level] = value.split(':') as [Compression['method'], string?];
  return level === undefined ? { method } : { method, level: Number(level) };
}

/** The first client major whose `pg_dump -Z` takes this method (release notes of PostgreSQL 16). */
export function neededClientMajor(compression: Compression): number {
  return compression.method === 'lz4' || compression.method === 'zstd' ? 16 : 0;
}

/** The value for `pg_dump --compress`; clients before 16 take a number only. */
export function compressArgument(compression: Compression, clientMajor: number): string {
  if (compression.method === 'none') return '0';
  if (compression.method === 'gzip' && clientMajor < 16) return String(compression.level ?? 6);
  return compression.level === undefined ? compression.method : `${compression.method}:${compression.level}`;
}
