import prettyBytes from 'pretty-bytes';
import { describeError, PgBackupError } from '../errors.ts';
import { type EncryptionMethod, parseArtifactName } from '../files/layout.ts';
import { type Language, render, type Text } from '../language.ts';
import type { Proof } from '../report/record.ts';
import { type RunStatus, utcSecond } from '../report/report.ts';
import type { BackupContext } from './context.ts';
import { type Copies, type CopiesOfRun, findCopies } from './copies.ts';
import { alignColumns } from './list-table.ts';
import { withStore } from './with-store.ts';

/** One element of `list --json`: keys stay, and may become more. null: not known. */
export interface ListedBackup {
  readonly run: string;
  readonly database: string;
  /** UTC to the second, from the run's name. */
  readonly startedAt: string;
  /** Of the dump. */
  readonly sizeBytes: number;
  /** Whether the dump is below `data/`. */
  readonly local: boolean;
  /** Whether the dump is in the store; null where the store could not be listed. */
  readonly remote: boolean | null;
  /** True for a remote dump of another size than its record tells; null where there is nothing to compare. */
  readonly remoteDiffers: boolean | null;
  /** Whether local files wait for their upload. */
  readonly waiting: boolean;
  /** As the run ended; null for objects that no report or record here tells of. */
  readonly status: RunStatus | null;
  /** null without a record, as for runs of the old script. */
  readonly proof: Proof | null;
  readonly encryption: EncryptionMethod;
}

/**
 * Writes the backups of the databases, local and remote side by side, newest first: a table for each, or one JSON array.
 * @throws PgBackupError STORE_FAILED (or why the store cannot be opened), after the local side has been written
 */
export async function listBackups(
  contexts: readonly BackupContext[],
  options: { readonly json: boolean; readonly write: (text: string) => unknown },
): Promise<void> {
  const lists = [];
  for (const context of contexts) lists.push({ context, ...(await listDatabase(context)) });
  const failure = lists.find((list) => list.failure)?.failure;
  if (options.json) {
    const backups = lists.flatMap((list) => list.backups);
    options.write(`${JSON.stringify(backups, undefined, 2)}\n`);
  } else {
    const sections = lists.map(({ context, backups, copies, failure }) => {
      const message = failure ? context.scrub(describeError(failure, context.language).message) : '';
      const head = contexts.length > 1 ? `${context.settings.PG_DATABASE}:\n` : '';
      return head + describeList(backups, copies, context.language, message);
    });
    options.write(sections.join('\n'));
  }
  if (failure) throw failure;
}

export interface DatabaseList {
  readonly backups: readonly ListedBackup[];
  readonly copies: Copies;
  /** Why the remote side is not known. */
  readonly failure: PgBackupError | undefined;
}

/** The backups of one database, newest first; where the store cannot be asked, why not, and what lies here. */
export async function listDatabase(context: BackupContext): Promise<DatabaseList> {
  let failure: PgBackupError | undefined;
  const copies = await withStore(context, (store) => findCopies(context, store)).catch((error) => {
    context.signal.throwIfAborted();
    if (!(error instanceof PgBackupError)) throw error;
    failure = error;
    return findCopies(context, undefined);
  });
  const { PG_DATABASE } = context.settings;
  return {
    backups: copies.runs.map((run) => toListed(run, PG_DATABASE, failure === undefined)),
    copies,
    failure,
  };
}

function toListed(run: CopiesOfRun, database: string, isRemoteKnown: boolean): ListedBackup {
  const { known, local, remote, unrecorded } = run;
  const objects = [...(remote?.objects ?? []), ...(unrecorded?.objects ?? [])];
  const remoteDump = objects.find(({ name }) => parseArtifactName(name)?.kind === 'dump');
  const dumpName = known?.artifactNames[0] ?? remoteDump?.name ?? '';
  const recorded = known?.record?.artifacts.find(({ name }) => name === dumpName)?.sizeBytes;
  return {
    run: run.name,
    database,
    startedAt: utcSecond(run.startedAt),
    sizeBytes: local?.sizeBytes || remoteDump?.sizeBytes || recorded || 0,
    local: local !== undefined && local.sizeBytes > 0,
    remote: isRemoteKnown ? remoteDump !== undefined : null,
    remoteDiffers: remoteDump && recorded !== undefined ? remoteDump.sizeBytes !== recorded : null,
    waiting: known?.awaitsUpload ?? false,
    status: known?.status ?? null,
    proof: known?.record?.proof ?? null,
    encryption: parseArtifactName(dumpName)?.encryption ?? 'none',
  };
}

function describeList(
  backups: readonly ListedBackup[],
  copies: Copies,
  language: Language,
  failure: string,
): string {
  const say = (text: Text, parameters = {}): string => render(text, language, parameters);
  const isAnyEncrypted = backups.some(({ encryption }) => encryption !== 'none');
  const columns = isAnyEncrypted ? COLUMNS : COLUMNS.slice(0, -1);
  const table = alignColumns(
    columns.map(({ head }) => say(head)),
    backups.map((backup) => columns.map(({ cell }) => cell(backup, say))),
  );
  const lines = [
    backups.length === 0 && say(NOTHING_YET),
    failure !== '' && say(NO_REMOTE_SIDE, { message: failure }),
    copies.foreignFiles.length > 0 && say(FOREIGN_FILES, { count: copies.foreignFiles.length }),
    copies.foreignObjects.length > 0 && say(FOREIGN_OBJECTS, { count: copies.foreignObjects.length }),
  ].filter((line) => line !== false);
  return (backups.length === 0 ? '' : table) + lines.map((line) => `${line}\n`).join('');
}

type Say = (text: Text) => string;

const COLUMNS: readonly { readonly head: Text; cell(backup: ListedBackup, say: Say): string }[] = [
  { head: { en: 'RUN', zh: '备份' }, cell: ({ run }) => run },
  { head: { en: 'TIME', zh: '时间' }, cell: ({ startedAt }) => startedAt },
  { head: { en: 'SIZE', zh: '大小' }, cell: ({ sizeBytes }) => prettyBytes(sizeBytes) },
  { head: { en: 'WHERE', zh: '位置' }, cell: describePlace },
  { head: { en: 'STATUS', zh: '状态' }, cell: ({ status }) => status ?? '-' },
  { head: { en: 'PROOF', zh: '验证' }, cell: ({ proof }, say) => (proof ? say(PROOFS[proof]) : '-') },
  { head: { en: 'ENCRYPTION', zh: '加密' }, cell: ({ encryption }) => encryption },
];

function describePlace({ local, remote, remoteDiffers, waiting }: ListedBackup, say: Say): string {
  const there = remote && say(remoteDiffers ? PLACES.differs : PLACES.remote);
  const places = [local && say(PLACES.local), there].filter((place) => place !== false);
  const known = places.filter((place) => place !== null).join('+');
  const where = known || say(remote === null ? PLACES.unknown : PLACES.missing);
  return waiting ? `${where} ${say(PLACES.waiting)}` : where;
}

const PLACES = {
  local: { en: 'local', zh: '本地' },
  remote: { en: 'remote', zh: '远端' },
  differs: { en: 'remote (differs)', zh: '远端（不一致）' },
  waiting: { en: '(waiting)', zh: '（待上传）' },
  missing: { en: 'missing', zh: '缺失' },
  unknown: { en: 'unknown', zh: '未知' },
} as const satisfies Record<string, Text>;

const PROOFS: Readonly<Record<Proof, Text>> = {
  none: { en: 'none', zh: '无' },
  read: { en: 'read', zh: '已读回' },
  stored: { en: 'stored', zh: '已比对' },
  restored: { en: 'restored', zh: '已恢复' },
};

const NOTHING_YET: Text = {
  en: 'No backups yet. Make the first one: pg-backup backup',
  zh: '尚无备份。请先执行：pg-backup backup',
};
const NO_REMOTE_SIDE: Text = {
  en: 'The remote side is not shown: {message}',
  zh: '未显示远端副本：{message}',
};
const FOREIGN_FILES: Text = {
  en: '{count} files below data/ belong to no run that is known here.',
  zh: 'data/ 下有 {count} 个文件不属于此处已知的任何一次备份。',
};
const FOREIGN_OBJECTS: Text = {
  en: '{count} objects belong to no run that is known here.',
  zh: '有 {count} 个对象不属于此处已知的任何一次备份。',
};
