import type { BackupContext } from '../backup/context.ts';
import { describeError, PgBackupError } from '../errors.ts';
import { fillIn, type Language, render, type Text } from '../language.ts';
import { findClients } from '../postgres/clients.ts';
import { neededMinor } from '../postgres/fixed-minors.ts';
import { findServerPrograms } from '../postgres/server-programs.ts';

/** What was looked at, how it is, and what mends it. */
interface Check {
  readonly state: 'good' | 'warning' | 'bad';
  readonly text: Text;
  /** The exact command, or what to set. */
  readonly remedy?: Text | string;
}

const SIGNS: Readonly<Record<Check['state'], string>> = { good: '✓', warning: '!', bad: '✗' };

/**
 * Looks at the programs that a backup, a restore and a drill need, and writes one line for each with what mends it. Changes nothing and connects nowhere.
 * @throws PgBackupError COMMAND_MISSING where something is missing that nothing works without
 */
export async function doctor(context: BackupContext, write: (text: string) => unknown): Promise<void> {
  const { language } = context;
  const findings = [await checkClients(context), await checkDrills(context)];
  for (const check of findings.flatMap(({ checks }) => checks)) write(describe(check, language));
  const failure = findings.find((finding) => finding.failure)?.failure;
  if (failure) throw failure;
}

interface Findings {
  readonly checks: readonly Check[];
  /** Where nothing works without it. */
  readonly failure?: PgBackupError;
}

async function checkClients({ settings, environment }: BackupContext): Promise<Findings> {
  try {
    const clients = await findClients(settings.PG_BIN_DIR, environment['PATH']);
    return {
      checks: clients.map(({ version, major, directory }): Check => {
        const fixed = neededMinor(version);
        const parameters = { version, directory, fixed: fixed ?? '' };
        return fixed === undefined
          ? { state: 'good', text: fillIn(CLIENT, parameters) }
          : {
              state: 'warning',
              text: fillIn(INSECURE, parameters),
              remedy: updateOf(major, fixed),
            };
      }),
    };
  } catch (error) {
    if (!(error instanceof PgBackupError)) throw error;
    return { checks: [failed(error)], failure: error };
  }
}

/** Majors that are no longer mended have to give way to one that is. */
function updateOf(major: number, fixed: string): string {
  const mended = Number.parseInt(fixed, 10);
  const install = mended === major ? 'install --only-upgrade' : 'install';
  return `apt-get update && apt-get ${install} postgresql-client-${mended}`;
}

async function checkDrills({ settings, environment }: BackupContext): Promise<Findings> {
  const { DRILL_PG_HOST: host, DRILL_PG_PORT: port } = settings;
  if (host !== undefined) return { checks: [{ state: 'good', text: fillIn(NAMED, { host, port }) }] };
  try {
    const found = await findServerPrograms(settings.DRILL_PG_BIN_DIR, environment['PATH']);
    if (found.length === 0) {
      return { checks: [{ state: 'warning', text: NO_SERVER, remedy: GET_SERVER }] };
    }
    return {
      checks: found.map(({ version, directory }) => ({
        state: 'good',
        text: fillIn(SERVER, { version, directory }),
      })),
    };
  } catch (error) {
    if (!(error instanceof PgBackupError)) throw error;
    return { checks: [failed(error)], failure: error };
  }
}

function failed(error: PgBackupError): Check {
  const [en, zh] = [describeError(error, 'en'), describeError(error, 'zh')];
  return {
    state: 'bad',
    text: { en: en.message, zh: zh.message },
    remedy: { en: en.hint, zh: zh.hint },
  };
}

function describe({ state, text, remedy }: Check, language: Language): string {
  const say = (words: Text | string): string => (typeof words === 'string' ? words : render(words, language));
  return `${SIGNS[state]} ${say(text)}\n${remedy === undefined ? '' : `    ${say(remedy)}\n`}`;
}

const CLIENT: Text = {
  en: 'client {version}, {directory}',
  zh: '客户端 {version}，{directory}',
};
const INSECURE: Text = {
  en: 'client {version}, {directory}: a crafted archive can run commands on the machine that restores it (fixed in {fixed})',
  zh: '客户端 {version}，{directory}：精心构造的归档可在执行恢复的机器上运行命令（已在 {fixed} 中修复）',
};
const SERVER: Text = {
  en: 'drills: a throw-away server {version}, {directory}',
  zh: '演练：用后即弃的服务器 {version}，{directory}',
};
const NAMED: Text = {
  en: 'drills: a scratch database on {host}:{port}',
  zh: '演练：{host}:{port} 上的临时库',
};
const NO_SERVER: Text = {
  en: 'drills: no server programs (initdb, postgres) here, and DRILL_PG_HOST is not set',
  zh: '演练：此处没有服务器程序（initdb、postgres），且未设置 DRILL_PG_HOST',
};
const GET_SERVER: Text = {
  en: 'apt-get install postgresql, or set DRILL_PG_HOST and DRILL_PG_USER',
  zh: 'apt-get install postgresql，或设置 DRILL_PG_HOST 与 DRILL_PG_USER',
};
