import type { Report } from '../../src/report/report.ts';

/** A report as the platform reads it. */
export const REPORT_EXAMPLE: Report = {
  database: 'community',
  host: '127.0.0.1',
  port: '5432',
  startedAt: '2025-10-11T18:00:00Z',
  finishedAt: '2025-10-11T18:05:12Z',
  durationSeconds: 312,
  mode: 'both',
  tool: 'ossutil',
  status: 'SUCCESS',
  errorMessage: '',
  local: {
    file: '/data/db-backups/data/community_20251011T180000Z_db01.dump',
    globalsFile: '/data/db-backups/data/community_20251011T180000Z_db01_globals.sql',
    checksumSha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    sizeBytes: 123_456_789,
  },
  remote: { urls: ['oss://bucket/postgres/backups/community_20251011T180000Z_db01.dump'] },
};
