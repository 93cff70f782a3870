import type { Text } from '../src/language.ts';
import { missing } from '../test/harness/parts.ts';
import type { Env } from '../test/integration/installation.ts';
import { handbook, parallelRestore, pgBack, pgBackPath, rawDump } from './other-tools.ts';
import { drill, fullRun } from './our-runs.ts';
import type { Side } from './side.ts';

/** The time of every side is divided by its. */
export const BASELINE = 'raw-gzip9';

const ONE_CORE = ['taskset', '--cpu-list', '0'];
const UPLOADERS = ['ossutil', 'sdk'] as const;
const nothing = (): undefined => undefined;

/** Everything that is measured, in the order in which it runs. */
export const SIDES: readonly Side[] = [
  raw('raw-gzip9', '9', { en: '`pg_dump -Fc -Z9 -f`', zh: '`pg_dump -Fc -Z9 -f`' }),
  raw('raw-gzip6', '6', { en: '`pg_dump -Fc -Z6 -f`', zh: '`pg_dump -Fc -Z6 -f`' }),
  raw('raw-gzip1', '1', { en: '`pg_dump -Fc -Z1 -f`', zh: '`pg_dump -Fc -Z1 -f`' }),
  raw('raw-zstd3', 'zstd:3', {
    en: '`pg_dump -Fc --compress=zstd:3 -f`',
    zh: '`pg_dump -Fc --compress=zstd:3 -f`',
  }),
  {
    name: 'raw-gzip9-one-core',
    title: { en: '`pg_dump -Fc -Z9 -f` on one core', zh: '`pg_dump -Fc -Z9 -f`，限一个核' },
    missing: nothing,
    prepare: rawDump('9', ONE_CORE),
  },
  {
    name: 'handbook',
    title: {
      en: "the handbook's script: `pg_dump -Z 9`, `sha256sum`, `ossutil cp`, one after the other",
      zh: '手册脚本的流程：依次执行 `pg_dump -Z 9`、`sha256sum`、`ossutil cp`',
    },
    missing: lacksOssutil,
    prepare: handbook,
  },
  {
    name: 'pg_back',
    title: { en: 'pg_back: `-Z 9`, sha256, upload to S3', zh: 'pg_back：`-Z 9`、sha256、上传到 S3' },
    missing: () => (pgBackPath() === undefined ? 'pg_back on PATH' : lacksRclone()),
    prepare: pgBack,
  },
  ...ours('ours-gzip9', { en: 'gzip 9', zh: 'gzip 9' }, { BACKUP_COMPRESS: '9' }),
  local('ours-gzip9-local', { en: 'gzip 9', zh: 'gzip 9' }, { BACKUP_COMPRESS: '9' }),
  ...ours(
    'ours-gzip9-one-core',
    { en: 'gzip 9 on one core', zh: 'gzip 9，限一个核' },
    { BACKUP_COMPRESS: '9' },
    ONE_CORE,
  ),
  ...ours('ours-gzip6', { en: 'gzip 6', zh: 'gzip 6' }, { BACKUP_COMPRESS: '6' }),
  ...ours('ours-zstd3', { en: 'zstd 3', zh: 'zstd 3' }, { BACKUP_COMPRESS: 'zstd:3' }),
  ...ours(
    'ours-0-threads',
    {
      en: 'gzip 9 by pg_dump itself (`BACKUP_COMPRESS_THREADS=0`)',
      zh: '由 pg_dump 自己压缩 gzip 9（`BACKUP_COMPRESS_THREADS=0`）',
    },
    { BACKUP_COMPRESS: '9', BACKUP_COMPRESS_THREADS: '0' },
  ),
  {
    name: 'restore-j2',
    title: { en: "`pg_restore -j2` of pg-backup's archive", zh: '对 pg-backup 的归档执行 `pg_restore -j2`' },
    restores: true,
    missing: nothing,
    prepare: parallelRestore,
  },
  {
    name: 'drill',
    title: {
      en: '`pg-backup drill`: server, restore, comparison',
      zh: '`pg-backup drill`：起服务器、恢复、比对',
    },
    restores: true,
    missing: nothing,
    prepare: drill,
  },
];

function raw(name: string, compression: string, title: Text): Side {
  return { name, title, missing: nothing, prepare: rawDump(compression) };
}

/** A full run with each of the uploaders. */
function ours(name: string, title: Text, settings: Env, around: readonly string[] = []): Side[] {
  return UPLOADERS.map((tool) => ({
    name: `${name}-${tool}`,
    title: { en: `**pg-backup**, ${title.en}, ${tool}`, zh: `**pg-backup**，${title.zh}，${tool}` },
    missing: tool === 'ossutil' ? lacksOssutil : nothing,
    prepare: fullRun({ ...settings, BACKUP_UPLOAD_TOOL: tool }, around),
  }));
}

function local(name: string, title: Text, settings: Env): Side {
  return {
    name,
    title: { en: `**pg-backup**, ${title.en}, without an upload`, zh: `**pg-backup**，${title.zh}，不上传` },
    missing: nothing,
    prepare: fullRun({ ...settings, BACKUP_MODE: 'local' }),
  };
}

function lacksOssutil(): string | undefined {
  return missing('ossutil') ? 'ossutil' : undefined;
}

function lacksRclone(): string | undefined {
  return missing('rclone') ? 'rclone' : undefined;
}
