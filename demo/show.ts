import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { type Language, render, type Text } from '../src/language.ts';
import type { RunRecord } from '../src/report/record.ts';
import type { Bucket } from './bucket.ts';

/** Lists what the run left below its base directory; returns the path of the dump. */
export async function showFiles(directory: string): Promise<string> {
  const base = join(directory, 'backups');
  const names = (await readdir(base, { recursive: true }))
    .filter((name) => /\.(dump|sha256|sql|json)$/.test(name))
    .sort();
  for (const name of names) {
    const { size, mode } = await stat(join(base, name));
    console.log(`${(mode & 0o777).toString(8)}  ${prettyBytes(size).padStart(9)}  ${name}`);
  }
  const dump = names.find((name) => name.endsWith('.dump'));
  if (dump === undefined) throw new Error(`no dump below ${base}`);
  return join(base, dump);
}

export async function showReport(directory: string): Promise<void> {
  const reports = join(directory, 'backups', 'reports');
  const [name = ''] = await readdir(reports);
  console.log((await readFile(join(reports, name), 'utf8')).trimEnd());
}

export function showObjects(bucket: Bucket): void {
  for (const { key, sizeBytes, crc64 } of bucket.server.objects(bucket.name)) {
    console.log(
      `${prettyBytes(sizeBytes).padStart(9)}  crc64 ${crc64.padStart(20)}  oss://${bucket.name}/${key}`,
    );
  }
}

/** The last screen of the demo: what was done, by the run's own record, and what to try next. */
export async function showSummary(
  directory: string,
  options: { readonly keep: boolean; readonly language: Language },
): Promise<void> {
  const records = join(directory, 'backups', 'records');
  const [name = ''] = await readdir(records);
  const record: RunRecord = JSON.parse(await readFile(join(records, name), 'utf8'));
  const figures = {
    database: prettyBytes(record.server?.databaseSizeBytes ?? 0),
    dump: prettyBytes(record.artifacts[0]?.sizeBytes ?? 0),
    seconds: record.durationSeconds,
    objects: record.remote.length,
    directory,
  };
  console.log(`\n${render(DONE, options.language, figures)}`);
  console.log(render(options.keep ? KEPT : CLEARED, options.language, figures));
  console.log(`\n${render(NEXT, options.language)}`);
}

const DONE: Text = {
  en: 'Done: {database} of database became a dump of {dump} in {seconds} s; read back, {objects} objects confirmed in the bucket, restored by a drill, and equal.',
  zh: '完成：{database} 的数据库在 {seconds} 秒内备份为 {dump} 的转储；已读回，桶中 {objects} 个对象已确认，并经演练恢复，完全一致。',
};
const KEPT: Text = { en: 'Everything stays in {directory}', zh: '所有内容保留在 {directory}' };
const CLEARED: Text = {
  en: 'Everything is cleared away; npm run demo -- --keep leaves it.',
  zh: '所有内容均已清理；npm run demo -- --keep 可保留。',
};
const NEXT: Text = {
  en: `Next:
  npx pg-backup --help              the commands and exit codes
  npx pg-backup backup --help       every setting
  cp .env.backup.example my.env     your settings; then:
  BACKUP_ENV_FILE=my.env npx pg-backup config
  BACKUP_ENV_FILE=my.env npx pg-backup backup
  BACKUP_ENV_FILE=my.env npx pg-backup list
  BACKUP_ENV_FILE=my.env npx pg-backup drill
  npm test                          the whole suite on real parts`,
  zh: `接下来：
  npx pg-backup --help              命令与退出码
  npx pg-backup backup --help       全部配置项
  cp .env.backup.example my.env     填写您的配置，然后：
  BACKUP_ENV_FILE=my.env npx pg-backup config
  BACKUP_ENV_FILE=my.env npx pg-backup backup
  BACKUP_ENV_FILE=my.env npx pg-backup list
  BACKUP_ENV_FILE=my.env npx pg-backup drill
  npm test                          用真实组件运行全部测试`,
};
