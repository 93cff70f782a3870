import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { type Language, render } from '../src/language.ts';
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

/** The last lines of the demo: what to try next. */
export function showNextSteps(keptDirectory: string | undefined, language: Language): void {
  const kept =
    keptDirectory === undefined
      ? {
          en: 'Everything is cleared away; npm run demo -- --keep leaves it.',
          zh: '所有内容均已清理；npm run demo -- --keep 可保留。',
        }
      : { en: `Everything stays in ${keptDirectory}`, zh: `所有内容保留在 ${keptDirectory}` };
  const next = {
    en: `
Done: backed up, read back, restored, compared. ${kept.en}

Next:
  npx pg-backup --help              the commands and exit codes
  npx pg-backup backup --help       every setting
  cp .env.backup.example my.env     your settings; then:
  BACKUP_ENV_FILE=my.env npx pg-backup config
  BACKUP_ENV_FILE=my.env npx pg-backup backup
  npm test                          the whole suite on real parts`,
    zh: `
完成：已备份、读回、恢复并比对。${kept.zh}

接下来：
  npx pg-backup --help              命令与退出码
  npx pg-backup backup --help       全部配置项
  cp .env.backup.example my.env     填写您的配置，然后：
  BACKUP_ENV_FILE=my.env npx pg-backup config
  BACKUP_ENV_FILE=my.env npx pg-backup backup
  npm test                          用真实组件运行全部测试`,
  };
  console.log(render(next, language));
}
