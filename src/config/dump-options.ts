import type { Text } from '../language.ts';

interface DumpOption {
  readonly names: readonly string[];
  readonly takesValue?: true;
  /** What the archive then lacks; recorded and logged with every run. */
  readonly leavesOut?: true;
  /** Why the option is refused; an option without this is allowed. */
  readonly refused?: Text;
}

const OWN_SETTING: Text = {
  en: 'the connection, the file and the format belong to pg-backup; use the PG_* and BACKUP_* settings',
  zh: '连接、输出文件与格式由 pg-backup 决定；请使用 PG_* 与 BACKUP_* 配置',
};
const COMPRESSION: Text = { en: 'use BACKUP_COMPRESS', zh: '请使用 BACKUP_COMPRESS' };
const PART_ONLY: Text = {
  en: 'the dump would not be a whole backup: pg_dump exits 0 although data or definitions are missing',
  zh: '产物将不是完整备份：即使缺少数据或定义，pg_dump 仍以 0 退出',
};
const SELECTION: Text = {
  en: 'it leaves out everything else, also what is created tomorrow; name what to leave out instead (--exclude-…)',
  zh: '它会漏掉其他一切，包括以后新建的对象；请改为指明要排除的内容（--exclude-…）',
};
const ROW_SECURITY: Text = {
  en: 'rows that a policy hides would be missing without an error',
  zh: '被行级安全策略隐藏的行会静默缺失',
};
const NO_DUMP: Text = { en: 'pg_dump would exit 0 without a dump', zh: 'pg_dump 会以 0 退出而不产生转储' };
const LESS_EXACT: Text = {
  en: 'pg_dump writes numbers exactly by itself; another value can only lose digits',
  zh: 'pg_dump 默认即精确输出数值；改动只会丢失精度',
};
const UNSAFE: Text = { en: 'not for backups', zh: '不适用于备份' };

/** The options of pg_dump 14 to 18 (its manual page) that matter here: allowed with or without a remark, or refused with the reason. */
const DUMP_OPTIONS: readonly DumpOption[] = [
  { names: ['--exclude-table-data'], takesValue: true, leavesOut: true },
  { names: ['--exclude-table-data-and-children'], takesValue: true, leavesOut: true },
  { names: ['-T', '--exclude-table'], takesValue: true, leavesOut: true },
  { names: ['--exclude-table-and-children'], takesValue: true, leavesOut: true },
  { names: ['-N', '--exclude-schema'], takesValue: true, leavesOut: true },
  { names: ['--exclude-extension'], takesValue: true, leavesOut: true },
  { names: ['-B', '--no-blobs', '--no-large-objects'], leavesOut: true },
  { names: ['-O', '--no-owner'], leavesOut: true },
  { names: ['-x', '--no-privileges', '--no-acl'], leavesOut: true },
  { names: ['--no-comments'], leavesOut: true },
  { names: ['--no-policies'], leavesOut: true },
  { names: ['--no-publications'], leavesOut: true },
  { names: ['--no-security-labels'], leavesOut: true },
  { names: ['--no-statistics'], leavesOut: true },
  { names: ['--no-subscriptions'], leavesOut: true },
  { names: ['--no-table-access-method'], leavesOut: true },
  { names: ['--no-tablespaces'], leavesOut: true },
  { names: ['--no-toast-compression'], leavesOut: true },
  { names: ['--no-unlogged-table-data'], leavesOut: true },
  { names: ['-b', '--blobs', '--large-objects'] },
  { names: ['-c', '--clean'] },
  { names: ['-C', '--create'] },
  { names: ['-E', '--encoding'], takesValue: true },
  { names: ['-v', '--verbose'] },
  { names: ['--column-inserts', '--attribute-inserts'] },
  { names: ['--disable-dollar-quoting'] },
  { names: ['--disable-triggers'] },
  { names: ['--if-exists'] },
  { names: ['--include-foreign-data'], takesValue: true },
  { names: ['--inserts'] },
  { names: ['--load-via-partition-root'] },
  { names: ['--lock-wait-timeout'], takesValue: true },
  { names: ['--no-sync'] },
  { names: ['--on-conflict-do-nothing'] },
  { names: ['--quote-all-identifiers'] },
  { names: ['--role'], takesValue: true },
  { names: ['--rows-per-insert'], takesValue: true },
  { names: ['--sequence-data'] },
  { names: ['--serializable-deferrable'] },
  { names: ['--statistics', '--with-statistics'] },
  { names: ['--strict-names'] },
  { names: ['-S', '--superuser'], takesValue: true },
  { names: ['--sync-method'], takesValue: true },
  { names: ['--use-set-session-authorization'] },
  { names: ['-d', '--dbname'], takesValue: true, refused: OWN_SETTING },
  { names: ['-f', '--file'], takesValue: true, refused: OWN_SETTING },
  { names: ['-F', '--format'], takesValue: true, refused: OWN_SETTING },
  { names: ['-h', '--host'], takesValue: true, refused: OWN_SETTING },
  { names: ['-j', '--jobs'], takesValue: true, refused: OWN_SETTING },
  { names: ['-p', '--port'], takesValue: true, refused: OWN_SETTING },
  { names: ['-U', '--username'], takesValue: true, refused: OWN_SETTING },
  { names: ['-w', '--no-password'], refused: OWN_SETTING },
  { names: ['-W', '--password'], refused: OWN_SETTING },
  { names: ['-Z', '--compress'], takesValue: true, refused: COMPRESSION },
  { names: ['-a', '--data-only'], refused: PART_ONLY },
  { names: ['-s', '--schema-only'], refused: PART_ONLY },
  { names: ['--no-data'], refused: PART_ONLY },
  { names: ['--no-schema'], refused: PART_ONLY },
  { names: ['--section'], takesValue: true, refused: PART_ONLY },
  { names: ['--statistics-only'], refused: PART_ONLY },
  { names: ['-e', '--extension'], takesValue: true, refused: SELECTION },
  { names: ['--filter'], takesValue: true, refused: SELECTION },
  { names: ['-n', '--schema'], takesValue: true, refused: SELECTION },
  { names: ['-t', '--table'], takesValue: true, refused: SELECTION },
  { names: ['--table-and-children'], takesValue: true, refused: SELECTION },
  { names: ['--enable-row-security'], refused: ROW_SECURITY },
  { names: ['-?', '--help'], refused: NO_DUMP },
  { names: ['-V', '--version'], refused: NO_DUMP },
  { names: ['--binary-upgrade'], refused: UNSAFE },
  { names: ['--extra-float-digits'], takesValue: true, refused: LESS_EXACT },
  { names: ['--restrict-key'], takesValue: true, refused: UNSAFE },
  { names: ['--snapshot'], takesValue: true, refused: UNSAFE },
];

const EVERYTHING = /^(\*\.)?\*$/;

const UNKNOWN: Text = {
  en: 'not an option of pg_dump that pg-backup knows (write it in full)',
  zh: '不是 pg-backup 认识的 pg_dump 选项（请写完整名称）',
};
const NOT_AN_OPTION: Text = { en: 'only options may stand here', zh: '此处只能写选项' };
const NEEDS_VALUE: Text = { en: 'needs a value', zh: '缺少取值' };

export interface DumpOptionProblem {
  readonly word: string;
  readonly reason: Text;
}

export interface CheckedDumpOptions {
  readonly problems: readonly DumpOptionProblem[];
  /** The options that make the archive hold less than the database, as written. */
  readonly leavesOut: readonly string[];
}

/** Judges the words of `PG_DUMP_EXTRA_OPTS` as getopt_long would read them, abbreviations refused. */
export function checkDumpOptions(words: readonly string[]): CheckedDumpOptions {
  const problems: DumpOptionProblem[] = [];
  const leavesOut: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!/^-./.test(word) || word === '--') {
      problems.push({ word, reason: NOT_AN_OPTION });
      continue;
    }
    for (const { name, attachedValue } of namesIn(word)) {
      const option = find(name);
      const value = option?.takesValue ? (attachedValue ?? rest.shift()) : undefined;
      const reason = judge(option, value, attachedValue);
      if (reason) problems.push({ word, reason });
      else if (option?.leavesOut) leavesOut.push(value === undefined ? name : `${name}=${value}`);
    }
  }
  return { problems, leavesOut };
}

function judge(
  option: DumpOption | undefined,
  value: string | undefined,
  attachedValue: string | undefined,
): Text | undefined {
  if (!option || (!option.takesValue && attachedValue !== undefined)) return UNKNOWN;
  if (option.refused) return option.refused;
  if (option.leavesOut && value !== undefined && EVERYTHING.test(value)) return PART_ONLY;
  return option.takesValue && value === undefined ? NEEDS_VALUE : undefined;
}

/** One long option, or the short options of a cluster such as `-Ox` or `-Tlogs`. */
function namesIn(word: string): { name: string; attachedValue: string | undefined }[] {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=');
    return equals === -1
      ? [{ name: word, attachedValue: undefined }]
      : [{ name: word.slice(0, equals), attachedValue: word.slice(equals + 1) }];
  }
  const letters = [...word.slice(1)];
  const last = letters.findIndex((letter) => find(`-${letter}`)?.takesValue);
  const flags = (last === -1 ? letters : letters.slice(0, last + 1)).map((letter) => `-${letter}`);
  const attached = last === -1 ? '' : letters.slice(last + 1).join('');
  return flags.map((name, index) => ({
    name,
    attachedValue: index === last && attached !== '' ? attached : undefined,
  }));
}

function find(name: string): DumpOption | undefined {
  return DUMP_OPTIONS.find((option) => option.names.includes(name));
}
