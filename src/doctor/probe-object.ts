import { createHash, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { TargetContext } from '../backup/context.ts';
import type { Check } from '../check.ts';
import type { Settings } from '../config/settings.ts';
import { PgBackupError } from '../errors.ts';
import { PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import { onDisk } from '../files/storage-error.ts';
import { fillIn, type Text } from '../language.ts';
import type { Artifact } from '../report/record.ts';
import type { Removal, Store } from '../storage/store.ts';

/** In vain is not for ever, when the person wants to go. */
const REMOVAL_MILLISECONDS = 30_000;
const PREFIX = '.pg-backup-doctor-';

/** Puts a small object, asks for it, reads it, looks for it in the list and removes it, whatever happens in between; one check for each step. */
export async function probeObject(
  context: TargetContext,
  store: Store,
  temporaryDirectory: string,
): Promise<Check[]> {
  const { settings, signal } = context;
  const content = Buffer.from(`pg-backup doctor ${randomUUID()}\n`);
  const artifact: Artifact = {
    name: `${PREFIX}${randomUUID()}`,
    sizeBytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
  const file = join(temporaryDirectory, artifact.name);
  await onDisk(file, () => writeFile(file, content, { mode: PRIVATE_FILE_MODE }));
  const object = store.url(artifact.name);
  const step = (name: Step, action: () => Promise<Text | undefined>) =>
    tryStep(name, { settings, object, signal }, action);
  const checks: Check[] = [];
  try {
    const put = await step('put', async () => {
      await store.put(file, artifact, { overwrite: false, signal });
      return undefined;
    });
    checks.push(put);
    if (put.state === 'good') {
      checks.push(await step('head', () => compareHead(store, artifact, signal)));
      checks.push(await step('get', () => compareContent(store, artifact.name, content, signal)));
      checks.push(await step('list', () => findInList(store, artifact.name, signal)));
    }
  } finally {
    // Also what a put that failed may have left. The person's signal must not keep it from being removed.
    const removal = await remove(store, artifact.name, { settings, object });
    if (checks[0]?.state === 'good') checks.push(removal);
  }
  return checks;
}

type Step = 'put' | 'head' | 'get' | 'list' | 'delete';

interface StepContext {
  readonly settings: Settings;
  readonly object: string;
  readonly signal: AbortSignal;
}

/** `action` returns what is wrong although nothing failed. */
async function tryStep(
  step: Step,
  { settings, object, signal }: StepContext,
  action: () => Promise<Text | undefined>,
): Promise<Check> {
  const id = `bucket-${step}`;
  try {
    const wrong = await action();
    if (wrong === undefined) return { id, state: 'good', text: fillIn(WORKS, { step: STEPS[step], object }) };
    return { id, state: 'bad', text: fillIn(FAILS, { step: STEPS[step], object, detail: wrong }) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PgBackupError)) throw error;
    return refused(step, { settings, object }, error);
  }
}

function refused(step: Step, { settings, object }: Omit<StepContext, 'signal'>, error: PgBackupError): Check {
  const { detail = error.message, remedy = '', storeCode } = error.parameters;
  const isDenied = storeCode === 'AccessDenied' && settings.BACKUP_UPLOAD_TOOL !== 'rclone';
  return {
    id: `bucket-${step}`,
    // An object of an archive class has to be thawed before it is read.
    state: isNeeded(step, settings) && storeCode !== 'InvalidObjectState' ? 'bad' : 'warning',
    text: fillIn(FAILS, { step: STEPS[step], object, detail }),
    remedy: isDenied ? allow(step, settings) : fillIn({ en: '{remedy}', zh: '{remedy}' }, { remedy }),
  };
}

/** Backups alone get along without a list, and without removing anything. */
function isNeeded(step: Step, { REMOTE_RETENTION_DAYS }: Settings): boolean {
  return REMOTE_RETENTION_DAYS !== undefined || (step !== 'list' && step !== 'delete');
}

/** A statement of a RAM policy (docs/oss.md). */
function allow(
  step: Step,
  { OSS_BUCKET = '', OSS_PREFIX = '', OSS_OBJECT_TAGS, REMOTE_RETENTION_DAYS }: Settings,
): Text {
  const below = `acs:oss:*:*:${OSS_BUCKET}/${OSS_PREFIX === '' ? '' : `${OSS_PREFIX.replace(/\/$/, '')}/`}`;
  const objects =
    step === 'delete' && REMOTE_RETENTION_DAYS === undefined ? `${below}${PREFIX}*` : `${below}*`;
  const resource = step === 'list' ? `acs:oss:*:*:${OSS_BUCKET}` : objects;
  const actions =
    step === 'put' && OSS_OBJECT_TAGS ? ['oss:PutObject', 'oss:PutObjectTagging'] : [ACTIONS[step]];
  const statement = JSON.stringify({ Effect: 'Allow', Action: actions, Resource: resource });
  return fillIn(ALLOW, { statement });
}

async function compareHead(
  store: Store,
  { name, sizeBytes }: Artifact,
  signal: AbortSignal,
): Promise<Text | undefined> {
  const present = await store.stat(name, signal);
  if (!present) return GONE;
  return present.sizeBytes === sizeBytes ? undefined : ALTERED;
}

async function compareContent(
  store: Store,
  name: string,
  content: Buffer,
  signal: AbortSignal,
): Promise<Text | undefined> {
  const read = await buffer(await store.get(name, { signal }));
  return read.equals(content) ? undefined : ALTERED;
}

async function findInList(store: Store, name: string, signal: AbortSignal): Promise<Text | undefined> {
  for await (const listed of store.list(signal)) if (listed.name === name) return undefined;
  return GONE;
}

async function remove(store: Store, name: string, context: Omit<StepContext, 'signal'>): Promise<Check> {
  let removal: Removal = 'removed';
  const signal = AbortSignal.timeout(REMOVAL_MILLISECONDS);
  const check = await tryStep('delete', { ...context, signal }, async () => {
    removal = await store.remove(name, signal);
    return undefined;
  }).catch(
    (error): Check => ({
      id: 'bucket-delete',
      state: 'warning',
      text: fillIn(STAYS, { object: context.object, detail: String(error) }),
    }),
  );
  if (check.state !== 'good')
    return { ...check, text: fillIn(STAYS, { object: context.object, detail: check.text }) };
  return { ...check, text: fillIn(REMOVALS[removal], { object: context.object }) };
}

/** As in "can be …" and "cannot be …". */
const STEPS: Readonly<Record<Step, Text>> = {
  put: { en: 'put', zh: '上传' },
  head: { en: 'asked for', zh: '查询' },
  get: { en: 'read back', zh: '读回' },
  list: { en: 'listed', zh: '列出' },
  delete: { en: 'removed', zh: '删除' },
};
const ACTIONS: Readonly<Record<Step, string>> = {
  put: 'oss:PutObject',
  head: 'oss:GetObject',
  get: 'oss:GetObject',
  list: 'oss:ListObjects',
  delete: 'oss:DeleteObject',
};
const WORKS: Text = { en: 'an object can be {step}', zh: '可{step}对象' };
const FAILS: Text = { en: '{object} cannot be {step}: {detail}', zh: '无法{step} {object}：{detail}' };
const ALLOW: Text = {
  en: 'add to the RAM policy of the key: {statement}',
  zh: '在该密钥的 RAM 策略中添加：{statement}',
};
const GONE: Text = { en: 'it was put, and is not there', zh: '已上传，但不存在' };
const ALTERED: Text = { en: 'it is not what was put', zh: '与上传内容不一致' };
const STAYS: Text = { en: '{detail}; it stays there', zh: '{detail}；该对象留在原处' };
const REMOVALS: Readonly<Record<Removal, Text>> = {
  removed: { en: 'an object can be removed', zh: '可删除对象' },
  versioned: {
    en: 'an object can be removed; the bucket keeps the version of {object} until a lifecycle rule removes it',
    zh: '可删除对象；桶保留 {object} 的历史版本，直到生命周期规则将其清除',
  },
  immutable: {
    en: '{object} stays until the retention rule (WORM) of the bucket ends',
    zh: '{object} 保留到桶的合规保留策略（WORM）期满为止',
  },
};
