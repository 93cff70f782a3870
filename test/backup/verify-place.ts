import { mkdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BackupContext, DatabaseSettings } from '../../src/backup/context.ts';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { type VerifyOptions, verifyCopies } from '../../src/backup/verify-copies.ts';
import { describeError } from '../../src/errors.ts';
import { type Layout, layoutOf } from '../../src/files/layout.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, rclonePath } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { addPastRun, type PastRunFacts } from './past-run.ts';
import { recordingContext } from './recording-context.ts';

export interface Place {
  readonly layout: Layout;
  readonly store: string;
  readonly context: BackupContext;
  add(ageDays: number, facts?: PastRunFacts): string;
}

/** Backups whose dumps pg_restore is content with, and a directory as a remote of rclone. */
export async function newPlace(t: TestContext, changes: Partial<DatabaseSettings> = {}): Promise<Place> {
  const layout = layoutOf(temporaryDirectory(t));
  await ensureLayout(layout);
  const store = join(temporaryDirectory(t), 'store');
  mkdirSync(store);
  const client = wrapClient(clientDirectories().get(15) ?? '', { pg_restore: 'cat >/dev/null' }, t);
  const { context } = recordingContext(layout.base);
  const settings: DatabaseSettings = {
    ...context.settings,
    ...{ BACKUP_MODE: 'both', BACKUP_UPLOAD_TOOL: 'rclone', RCLONE_REMOTE: 'disk', RCLONE_PATH: store },
    ...{ PG_BIN_DIR: client, ...changes },
  };
  const environment = {
    ...{ RCLONE_CONFIG: '/dev/null', RCLONE_CONFIG_DISK_TYPE: 'local' },
    PATH: [dirname(rclonePath() ?? ''), process.env['PATH']].join(delimiter),
  };
  const urlOf = (name: string): string => `disk:${store}/${name}`;
  return {
    ...{ layout, store, context: { ...context, settings, environment } },
    add: (ageDays, facts = {}) => addPastRun(layout, ageDays, { store, urlOf, ...facts }),
  };
}

export function withSettings(place: Place, changes: Partial<DatabaseSettings>): Place {
  return { ...place, context: { ...place.context, settings: { ...place.context.settings, ...changes } } };
}

/** What the command prints, and then the error's message. */
export async function verify({ context }: Place, options: Partial<VerifyOptions>) {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const all = { run: undefined, all: false, remote: false, write, ...options };
  const error = await verifyCopies(context, all).catch((reason: unknown) => reason);
  if (error === undefined) return { exitCode: 0, text };
  const { exitCode, message } = describeError(error, 'en');
  return { exitCode, text: `${text}${message}` };
}
