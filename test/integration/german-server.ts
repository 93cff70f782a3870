import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { FilesOfServer } from '../harness/start-on-files.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const PROGRAM = '/usr/lib/postgresql/15/bin/postgres';
const NEEDED = [
  PROGRAM,
  '/usr/share/locale/de/LC_MESSAGES/postgres-15.mo',
  '/usr/share/i18n/locales/de_DE',
  '/usr/bin/localedef',
];

/** False where there can be a server 15 that speaks German, otherwise what it lacks. */
export function missingGerman(): false | string {
  const lacking = NEEDED.find((path) => !existsSync(path));
  return lacking === undefined ? false : `needs ${lacking}, which this machine lacks`;
}

/** What lets a server of Debian's speak German; the ones that the tests otherwise use know English only. */
export function inGerman(t: TestContext): Pick<FilesOfServer, 'program' | 'environment' | 'settings'> {
  const directory = temporaryDirectory(t);
  // The server may run as another user.
  execFileSync('chmod', ['755', directory]);
  execFileSync('localedef', ['-i', 'de_DE', '-f', 'UTF-8', join(directory, 'de_DE.UTF-8')]);
  execFileSync('chmod', ['-R', 'a+rX', directory]);
  return {
    program: PROGRAM,
    environment: { LOCPATH: directory },
    settings: { lc_messages: 'de_DE.UTF-8' },
  };
}
