import type { TargetContext } from '../backup/context.ts';
import { openStoreIn } from '../backup/with-store.ts';
import type { Check } from '../check.ts';
import { PgBackupError } from '../errors.ts';
import { fillIn, type Text } from '../language.ts';
import { credentialSource } from '../storage/oss-credentials.ts';
import { OssFailure } from '../storage/oss-errors.ts';
import type { Store } from '../storage/store.ts';
import { tryCheck } from './failed-check.ts';
import { probeObject } from './probe-object.ts';

/** OSS refuses requests from 15 minutes on. */
const BAD_DRIFT_SECONDS = 600;
const DRIFT_SECONDS = 60;

/** Where the keys come from, whether the store answers, its clock, and whether an object can be put, asked for, read, listed and removed. */
export async function checkBucket(
  context: TargetContext,
  temporaryDirectory: string,
): Promise<readonly Check[]> {
  const { signal } = context;
  if (context.settings.BACKUP_MODE === 'local') return [];
  const source = await checkCredentials(context);
  if (source.state === 'bad') return [source];
  const others = await tryCheck('bucket', signal, async () => {
    const store = await openStoreIn(temporaryDirectory, context);
    if (!store) return [];
    const answer = await ask(store, signal);
    const clock = checkClock(store.clockDriftSeconds?.());
    if (answer.state === 'bad') return [answer, ...clock];
    return [answer, ...clock, ...(await probeObject(context, store, temporaryDirectory))];
  });
  return [source, ...others];
}

async function checkCredentials({ settings, environment, signal }: TargetContext): Promise<Check> {
  const id = 'bucket-credentials';
  if (settings.BACKUP_UPLOAD_TOOL === 'rclone') {
    const prefix = `RCLONE_CONFIG_${settings.RCLONE_REMOTE.toUpperCase()}_`;
    const isByVariables = Object.keys(environment).some((name) => name.startsWith(prefix));
    const place = environment['RCLONE_CONFIG'] ?? '~/.config/rclone/rclone.conf';
    return { id, state: 'good', text: fillIn(RCLONE, { place: isByVariables ? `${prefix}*` : place }) };
  }
  try {
    const text = await credentialSource(settings, environment);
    signal.throwIfAborted();
    const isFleeting = settings.OSS_CREDENTIALS === 'keys' && settings.OSS_SECURITY_TOKEN !== undefined;
    return isFleeting ? { id, state: 'warning', text, remedy: USE_CHAIN } : { id, state: 'good', text };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof OssFailure)) throw error;
    return { id, state: 'bad', text: error.detail, remedy: error.remedy };
  }
}

async function ask(store: Store, signal: AbortSignal): Promise<Check> {
  const object = store.url('');
  try {
    await store.probe(signal);
    return { id: 'bucket', state: 'good', text: fillIn(ANSWERS, { object }) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PgBackupError)) throw error;
    const { detail = '', remedy = '', storeCode } = error.parameters;
    // It answered; what the key may do is found out with an object that is there.
    if (storeCode === 'AccessDenied')
      return { id: 'bucket', state: 'good', text: fillIn(ANSWERS, { object }) };
    return {
      id: 'bucket',
      state: 'bad',
      text: fillIn(UNREACHABLE, { object, detail }),
      remedy: fillIn({ en: '{remedy}', zh: '{remedy}' }, { remedy }),
    };
  }
}

function checkClock(drift: number | undefined): Check[] {
  if (drift === undefined) return [];
  const seconds = Math.abs(drift);
  const id = 'bucket-clock';
  if (seconds <= DRIFT_SECONDS) return [{ id, state: 'good', text: fillIn(CLOCK, { seconds }) }];
  const text = fillIn(drift > 0 ? AHEAD : BEHIND, { seconds });
  return [
    { id, state: seconds > BAD_DRIFT_SECONDS ? 'bad' : 'warning', text, remedy: 'timedatectl set-ntp true' },
  ];
}

const RCLONE: Text = {
  en: 'keys: those of the rclone remote ({place})',
  zh: '密钥：取自 rclone 远端（{place}）',
};
const USE_CHAIN: Text = {
  en: 'set OSS_CREDENTIALS=chain, which renews keys',
  zh: '设置 OSS_CREDENTIALS=chain，由其自动刷新密钥',
};
const ANSWERS: Text = { en: '{object} answers', zh: '{object} 可访问' };
const UNREACHABLE: Text = { en: '{object} cannot be used: {detail}', zh: '{object} 无法使用：{detail}' };
const CLOCK: Text = {
  en: 'the clock here is within {seconds} s of that of the store',
  zh: '本机时钟与存储服务端相差 {seconds} 秒',
};
const AHEAD: Text = {
  en: 'the clock here is {seconds} s ahead of that of the store, which refuses requests from 900 s on',
  zh: '本机时钟比存储服务端快 {seconds} 秒；达到 900 秒时请求将被拒绝',
};
const BEHIND: Text = {
  en: 'the clock here is {seconds} s behind that of the store, which refuses requests from 900 s on',
  zh: '本机时钟比存储服务端慢 {seconds} 秒；达到 900 秒时请求将被拒绝',
};
