import { quoteWord } from '../../quote-word.ts';
import { runsWithDump } from '../overview/still-there.ts';
import { type IndexedRun, runNameOf } from '../run-index/run-index.ts';
import { type Given, listIn } from './given.ts';
import type { PageContext } from './page-context.ts';
import { Badge, Copyable, Section } from './parts.tsx';
import { sizeOf } from './run-size.ts';

/** PostgreSQL cuts what is longer (manual, 4.1.1). */
const LONGEST_NAME_BYTES = 63;
const SUFFIX = '_restored';

interface RestoreProps {
  readonly page: PageContext;
  readonly run: IndexedRun;
  readonly record: Given;
  /** undefined where nobody may list them. */
  readonly dataFiles: ReadonlySet<string> | undefined;
}

/** How to get this backup back, beside what is there; nothing for a run that left no dump. */
export function RestoreSection({ page, run, record, dataFiles }: RestoreProps) {
  const { say } = page;
  const name = runNameOf(run);
  if (sizeOf(run) === null || !run.isNamed) return null;
  const restore = `restore ${quoteWord(name)} --to ${quoteWord(targetName(run.database))}`;
  const isElsewhere = listIn(record['remote']).length > 0;
  const isHere = dataFiles && runsWithDump(dataFiles).has(name);
  return (
    <Section id="restore" title={say(TITLE)}>
      {isHere === false && !isElsewhere && (
        <p>
          <Badge tone="watch">{say(GONE)}</Badge>
        </p>
      )}
      <p>{say(HOW)}</p>
      <h3>{say(IN_COMPOSE)}</h3>
      <Copyable page={page} text={`docker compose exec backup pg-backup ${restore}`} />
      <h3>{say(ALONE)}</h3>
      <Copyable page={page} text={`${DOCKER_RUN} ${restore}`} />
      <p class="quiet">{say(PLAN)}</p>
    </Section>
  );
}

/** A name that PostgreSQL takes as it is. */
function targetName(database: string): string {
  const kept = [...database];
  while (Buffer.byteLength(kept.join('') + SUFFIX) > LONGEST_NAME_BYTES) kept.pop();
  return kept.join('') + SUFFIX;
}

const DOCKER_RUN =
  'docker run --rm -it --env-file .env.backup -v /data/db-backups:/data/db-backups pg-backup';
const TITLE = { en: 'Restore it', zh: '恢复' };
const HOW = {
  en: 'Beside what is there, into a new database. Names of service, volume and image are yours to fill in.',
  zh: '恢复到新库，不影响现有数据。请按实际情况替换服务、卷与镜像的名称。',
};
const IN_COMPOSE = { en: 'Where the sidecar runs', zh: '在运行中的 sidecar 内' };
const ALONE = { en: 'From anywhere', zh: '独立容器' };
const PLAN = {
  en: 'With --plan behind it nothing is changed: it tells what would be done, and what stands in the way.',
  zh: '末尾加上 --plan 则不做任何改动，只说明将做什么、有何障碍。',
};
const GONE = {
  en: 'The dump is not here any more, and no copy elsewhere is on record',
  zh: '转储已不在本地，也没有异地副本的记录',
};
