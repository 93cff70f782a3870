import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseLanguage, type Language, render, type Text } from '../src/language.ts';
import { ossutilPath } from '../test/harness/parts.ts';
import { reachableServerPrograms } from '../test/harness/server-programs.ts';
import { startBucket } from './bucket.ts';
import { type DemoInstallation, runPgBackup } from './pg-backup.ts';
import { restoreAndCompare } from './read-back.ts';
import { startSampleDatabase } from './sample-database.ts';
import { showFiles, showObjects, showReport, showSummary } from './show.ts';

/** A whole backup on this machine, from nothing to its summary; everything lies below one temporary directory. */
async function demo(options: DemoOptions, cleanUp: AsyncDisposableStack): Promise<void> {
  const { language, keep, signal } = options;
  const say = (text: Text, parameters = {}): void =>
    console.log(`\n== ${render(text, language, parameters)}`);
  const directory = await mkdtemp(join(tmpdir(), 'pg-backup-demo-'));
  if (!keep) cleanUp.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));

  say(TEXTS.database, { directory });
  const database = await startSampleDatabase(join(directory, 'postgres'), cleanUp);
  const ossutil = ossutilPath();
  const bucket = await startBucket(join(directory, 'oss'), cleanUp);
  const { directory: serverPrograms } = await reachableServerPrograms(database.major);
  const installation: DemoInstallation = {
    ...{ directory, database, bucket, ossutil, serverPrograms, language, signal },
  };
  say(ossutil ? TEXTS.backUpOssutil : TEXTS.backUpSdk);
  await runPgBackup(['backup'], installation);

  say(TEXTS.files);
  const dump = await showFiles(directory);
  say(TEXTS.report);
  await showReport(directory);
  say(TEXTS.objects);
  showObjects(bucket);
  say(TEXTS.readBack);
  await restoreAndCompare({ database, dump, language });
  say(TEXTS.list);
  await runPgBackup(['list'], installation);
  say(TEXTS.verify);
  await runPgBackup(['verify', '--remote'], installation);
  say(TEXTS.drill);
  await runPgBackup(['drill'], installation);
  await showSummary(directory, { keep, language });
}

interface DemoOptions {
  readonly language: Language;
  readonly keep: boolean;
  readonly signal: AbortSignal;
}

const TEXTS = {
  database: {
    en: 'Starting a throw-away PostgreSQL with sample data in {directory}',
    zh: '在 {directory} 中启动一次性的 PostgreSQL 并载入示例数据',
  },
  backUpOssutil: {
    en: 'Backing it up: local disk and bucket, uploaded by ossutil (BACKUP_MODE=both)',
    zh: '开始备份：本地磁盘与桶，由 ossutil 上传（BACKUP_MODE=both）',
  },
  backUpSdk: {
    en: 'Backing it up: local disk and bucket, uploaded by the SDK because there is no ossutil here (BACKUP_UPLOAD_TOOL=sdk)',
    zh: '开始备份：本地磁盘与桶，因此处没有 ossutil，改由 SDK 上传（BACKUP_UPLOAD_TOOL=sdk）',
  },
  files: { en: 'The files', zh: '产生的文件' },
  report: { en: 'The report that the platform reads', zh: '平台读取的报表' },
  objects: { en: 'The objects in the bucket', zh: '桶中的对象' },
  readBack: {
    en: 'Reading it back: checksum, and a restore into an empty database',
    zh: '读回：校验和，并恢复到一个空库',
  },
  list: {
    en: 'pg-backup list: what there is, here and in the bucket',
    zh: 'pg-backup list：本地与桶中的备份',
  },
  verify: {
    en: 'pg-backup verify --remote: is every copy still what it was?',
    zh: 'pg-backup verify --remote：每个副本是否仍与原来一致？',
  },
  drill: {
    en: 'pg-backup drill: restored into a throw-away server, and compared row by row with what was backed up',
    zh: 'pg-backup drill：恢复到用后即弃的服务器，并与备份时逐行比对',
  },
  interrupted: { en: 'Interrupted; everything is cleared away.', zh: '已中断；所有内容均已清理。' },
} as const satisfies Record<string, Text>;

/** Rejects at the first SIGINT or SIGTERM with the exit code that tells of it. */
function interruption(controller: AbortController): Promise<never> {
  return new Promise((_, reject) => {
    for (const [name, exitCode] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      // A second signal must not cut the clearing away short.
      process.on(name, () => {
        controller.abort();
        reject(exitCode);
      });
    }
  });
}

const language = chooseLanguage(process.env);
const controller = new AbortController();
const cleanUp = new AsyncDisposableStack();
try {
  const options = { language, keep: process.argv.includes('--keep'), signal: controller.signal };
  await Promise.race([demo(options, cleanUp), interruption(controller)]);
} catch (error) {
  if (typeof error === 'number') console.log(`\n${render(TEXTS.interrupted, language)}`);
  else console.error(error);
  process.exitCode = typeof error === 'number' ? error : 1;
} finally {
  await cleanUp.disposeAsync();
}
// What an interrupted step left waiting must not hold the process.
process.exit();
