import { PgBackupError } from '../errors.ts';
import { type CommandResult, describeOutcome } from '../exec.ts';
import type { Text } from '../language.ts';
import { cutBetweenWords, type Scrub } from '../scrub.ts';

const MAXIMUM_CHARACTERS = 600;

/** What rclone says in one line: the error of the remote, without addresses' queries, which carry signatures, and without keys. */
export function describeRcloneFailure(result: CommandResult, scrub: Scrub): string {
  const said = lastWord(result.stderr)
    // The command and how often it was tried; the error itself follows.
    .replace(/^.*?Failed to (rc|[a-z]+to|cat|lsjson)( with \d+ errors)?: (last error was: )?/s, '')
    .replace(/^loopback:? call failed: |^error in ListJSON: /, '')
    .replaceAll(/,? host ?id: [^\s,]*/gi, '')
    .replaceAll(/\bhttps?:\/\/[^\s"]+/g, withoutSecrets)
    .replaceAll(/\s+/g, ' ')
    .trim();
  const line = scrub(said || describeOutcome(result));
  return cutBetweenWords(line, MAXIMUM_CHARACTERS, 'beginning');
}

/** What to do about it. */
export function remedyFor(detail: string, remote: string): Text {
  const known = [...REFUSALS, NO_CONNECTION].find(({ said }) => said.test(detail));
  const { en, zh } = known ?? ANY;
  return { en: en.replaceAll('{remote}', remote), zh: zh.replaceAll('{remote}', remote) };
}

/** Whether the remote, or rclone itself, understood and said no: the same will not do better later. */
export function isRcloneRefusal(detail: string): boolean {
  return REFUSALS.some(({ said }) => said.test(detail));
}

type Remedy = Text & { readonly said: RegExp };

const SET_THE_CLOCK: Text = { en: 'Set the clock of this machine.', zh: '请校准本机时钟。' };
const REFUSALS: readonly Remedy[] = [
  {
    said: /didn't find section in config file|couldn't find type of fs/i,
    en: 'rclone knows no remote "{remote}": correct RCLONE_REMOTE, or give its configuration in the file of RCLONE_CONFIG or as variables RCLONE_CONFIG_<REMOTE>_TYPE and so on; rclone listremotes shows what is known.',
    zh: 'rclone 不认识远端 "{remote}"：请更正 RCLONE_REMOTE，或在 RCLONE_CONFIG 指定的文件中、或用 RCLONE_CONFIG_<REMOTE>_TYPE 等变量给出其配置；rclone listremotes 可列出已知远端。',
  },
  {
    said: /decrypt configuration|configuration is encrypted/i,
    en: "rclone's configuration file is encrypted: set RCLONE_CONFIG_PASS.",
    zh: 'rclone 配置文件已加密：请设置 RCLONE_CONFIG_PASS。',
  },
  {
    said: /NoSuchBucket|directory not found|container not found/i,
    en: 'RCLONE_PATH must begin with a bucket that exists; pg-backup never creates one.',
    zh: 'RCLONE_PATH 必须以已存在的桶开头；pg-backup 从不创建桶。',
  },
  { said: /RequestTimeTooSkewed/, ...SET_THE_CLOCK },
  {
    said: /SignatureDoesNotMatch|InvalidAccessKeyId|AccessDenied|Forbidden|Unauthori[sz]ed|permission denied|\b40[13]\b/i,
    en: 'Check the keys of the rclone remote "{remote}" and what they may do; try: rclone lsf --max-depth 1 {remote}:',
    zh: '请检查 rclone 远端 "{remote}" 的密钥及其权限；可尝试：rclone lsf --max-depth 1 {remote}:',
  },
];
const NO_CONNECTION: Remedy = {
  said: /\bdial\b|connection re|no such host|i\/o timeout|request send failed|\bEOF\b|broken pipe|TLS|x509/i,
  en: 'Check the endpoint of the rclone remote "{remote}", the network and the proxy.',
  zh: '请检查 rclone 远端 "{remote}" 的 endpoint、网络与代理。',
};
const ANY: Text = {
  en: 'Try the rclone remote by hand: rclone lsf --max-depth 1 {remote}:',
  zh: '请手动检查 rclone 远端：rclone lsf --max-depth 1 {remote}:',
};

/** rclone compares the clock with the server's, says so from five minutes on, and goes on by the server's time where that would refuse it. */
export function tellsWrongClock({ stderr }: CommandResult): boolean {
  return stderr.includes('Time may be set wrong');
}

/** STORE_FAILED for a listing that nothing may be decided by: ages are counted by the clock here. */
export function wrongClock(object: string): PgBackupError {
  const detail: Text = {
    en: 'the clock of this machine is more than five minutes off that of the store',
    zh: '本机时钟与远端相差超过五分钟',
  };
  return new PgBackupError('STORE_FAILED', { object, detail, remedy: SET_THE_CLOCK });
}

/** The code that S3 gives, such as `AccessDenied`; a HEAD request has only the status. */
export function storeCodeOf(detail: string): string | undefined {
  const code = /api error (\w+)/.exec(detail)?.[1] ?? /^(\w+): .* status code: \d/.exec(detail)?.[1];
  return code === 'Forbidden' ? 'AccessDenied' : code;
}

/** The last thing that it said which is an error. Before 1.65 the very last words are plain text of several lines, whatever the log's form. */
function lastWord(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const plain = lines.findLastIndex((line) => /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /.test(line));
  if (plain !== -1)
    return lines
      .slice(plain)
      .join('\n')
      .replace(/^\S+ \S+ /, '');
  const messages = lines.flatMap((line) => errorMessage(line) ?? []);
  return messages.at(-1) ?? lines.filter((line) => !line.startsWith('{')).at(-1) ?? '';
}

function errorMessage(line: string): string | undefined {
  try {
    const { level, msg } = JSON.parse(line) as { level?: string; msg?: string };
    const isError = level === 'error' || level === 'critical' || level === 'fatal';
    return isError || msg?.startsWith('Failed to ') ? msg : undefined;
  } catch {
    return undefined;
  }
}

function withoutSecrets(address: string): string {
  return address.replace(/^(https?:\/\/)[^/]*@/, '$1').replace(/\?.*$/, '');
}
