import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import type { TargetContext } from '../backup/context.ts';
import { listRuns } from '../backup/recorded-runs.ts';
import { openReportSource } from '../backup/report-source.ts';
import { parseRunName } from '../backup/run-name.ts';
import { withTemporaryDirectory } from '../backup/temporary-directory.ts';
import { describeError, PgBackupError } from '../errors.ts';
import { ensureDirectory, PRIVATE_DIRECTORY_MODE, PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import { layoutOf } from '../files/layout.ts';
import { onDisk } from '../files/storage-error.ts';
import { fillIn, type Text } from '../language.ts';
import { JSON_KINDS } from '../report/directory.ts';
import {
  type ListedReport,
  type ReportSource,
  type SharedKind,
  sharedPath,
} from '../report/report-source.ts';

/** What is known of the past, and from where. */
export interface History {
  /** With a base directory that holds reports, records and accounts of drills. */
  readonly context: TargetContext;
  /** `oss://…`, where that directory is a copy of what lies there; absent: it is the volume. */
  readonly source?: string;
  /** Why it could not be read there. */
  readonly unread?: UnreadHistory;
}

export interface UnreadHistory {
  readonly observed: Text;
  readonly remedies: readonly (Text | string)[];
}

/** The newest of each database: enough for what the list asks. */
const RUNS = 30;
const DRILLS = 10;
/** Of one kind and database: the directory may lie in memory. */
const MAXIMUM_BYTES = 64 * 1024 * 1024;
const READ_AT_ONCE = 8;
const SUFFIX = '.json';

/**
 * Calls with the history of the databases: that of the volume, or, where no run is known there and REPORT_SOURCE is set, a copy of the newest that lies
 * there, which goes when `action` ends in any way. A source that cannot be read is told of, never thrown.
 */
export async function withHistory<T>(
  context: TargetContext,
  databases: readonly string[],
  action: (history: History) => Promise<T>,
): Promise<T> {
  const { settings, clock, signal } = context;
  const { REPORT_SOURCE, BACKUP_BASE_DIR } = settings;
  if (REPORT_SOURCE === undefined || (await listRuns(layoutOf(BACKUP_BASE_DIR), clock())).length > 0)
    return action({ context });
  return withTemporaryDirectory(context, async (directory) => {
    const copied = { ...context, settings: { ...settings, BACKUP_BASE_DIR: directory } };
    try {
      const source = openReportSource(context);
      if (source) await copyHistory(source, new Set(databases), directory, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PgBackupError)) throw error;
      return action({ context, unread: unreadHistory(REPORT_SOURCE, error) });
    }
    return action({ context: copied, source: REPORT_SOURCE });
  });
}

async function copyHistory(
  source: ReportSource,
  databases: ReadonlySet<string>,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const drilled = await copyKind('drills', DRILLS, new Set());
  await copyKind('records', RUNS, drilled);
  await copyKind('reports', RUNS, drilled);

  /** Copies the newest of each database, and those of the named runs. Returns the runs that they tell of. */
  async function copyKind(kind: SharedKind, count: number, named: ReadonlySet<string>): Promise<Set<string>> {
    const target = layoutOf(directory)[kind];
    await ensureDirectory(target, PRIVATE_DIRECTORY_MODE);
    const listed = await listOwn(source, kind, databases, signal);
    const byDatabase = Map.groupBy(listed, ({ database }) => database);
    const chosen = [...byDatabase.values()].flatMap((own) => [
      ...newest(own, count),
      ...own.filter(({ run }) => named.has(run)),
    ]);
    const { maximumBytes } = JSON_KINDS[kind];
    const copy = async ({ path, fileName }: OwnObject): Promise<void> => {
      const content = await source.read(kind, path, maximumBytes, signal);
      const file = join(target, fileName);
      // What it holds is judged where it is read.
      if (content instanceof Buffer)
        await onDisk(file, () => writeFile(file, content, { mode: PRIVATE_FILE_MODE }));
    };
    await pMap(new Set(chosen), copy, { concurrency: READ_AT_ONCE });
    return new Set(chosen.map(({ run }) => run));
  }
}

interface OwnObject extends ListedReport {
  readonly fileName: string;
  readonly run: string;
  readonly database: string;
}

/** Of the databases, by their names alone; whatever has another name is never asked for. */
async function listOwn(
  source: ReportSource,
  kind: SharedKind,
  databases: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<OwnObject[]> {
  const own: OwnObject[] = [];
  for await (const page of source.list(kind, undefined, signal)) {
    for (const object of page) {
      const fileName = object.path.slice(object.path.lastIndexOf('/') + 1);
      const name = fileName.slice(0, -SUFFIX.length);
      // The name of a drill is that of its run, and its own time.
      const run = kind === 'drills' ? name.replace(/_[^_]*$/, '') : name;
      const database = parseRunName(run)?.database;
      if (database === undefined || !databases.has(database)) continue;
      if (sharedPath(fileName) !== object.path || object.sizeBytes > JSON_KINDS[kind].maximumBytes) continue;
      own.push({ ...object, fileName, run, database });
    }
  }
  return own;
}

/** By the last time in their names. */
function newest(own: readonly OwnObject[], count: number): OwnObject[] {
  let bytes = 0;
  return own
    .toSorted((one, other) => timeOf(other).localeCompare(timeOf(one)))
    .slice(0, count)
    .filter(({ sizeBytes }, index) => {
      bytes += sizeBytes;
      return index === 0 || bytes <= MAXIMUM_BYTES;
    });
}

function timeOf({ fileName }: OwnObject): string {
  return [...fileName.matchAll(/\d{8}T\d{6}/g)].at(-1)?.[0] ?? '';
}

function unreadHistory(source: string, error: PgBackupError): UnreadHistory {
  const [en, zh] = [describeError(error, 'en'), describeError(error, 'zh')];
  const message = { en: en.message, zh: zh.message };
  return {
    observed: fillIn(UNREAD, { source, message }),
    remedies: [...(en.hint === '' ? [] : [{ en: en.hint, zh: zh.hint }]), ASK_SERVER],
  };
}

const UNREAD: Text = {
  en: 'no history here: it lies in REPORT_SOURCE={source}, which could not be read: {message}',
  zh: '此处没有历史记录：其位于 REPORT_SOURCE={source}，但无法读取：{message}',
};
const ASK_SERVER: Text = {
  en: 'let the key read it (docs/report-server.md has the policy); until then the report server shows it: GET /api/admin/backup/list',
  zh: '授予密钥读取权限（策略见 docs/report-server.zh-CN.md）；在此之前可向报表服务查询：GET /api/admin/backup/list',
};
