import { PgBackupError } from '../errors.ts';
import type { Text } from '../language.ts';
import { checkCopy, describeDifferences } from '../storage/copy-check.ts';
import type { Store } from '../storage/store.ts';
import type { CopiesOfRun } from './copies.ts';
import { type CheckResult, type Finding, fault, note, proof } from './verify-result.ts';

export interface RemoteCheckOptions {
  readonly store: Store;
  readonly signal: AbortSignal;
  /** Told the bytes of this run that have been compared so far; those of an object that is read back as they come. */
  readonly onBytes: (done: number) => void;
  /** True where retention, or a lifecycle rule of the bucket, can have removed all objects of this run. */
  readonly mayBeGone: boolean;
}

/** Compares the objects of a run with what its record says, by size and the store's own checksum, or by reading them. Changes nothing. */
export async function checkRemote(run: CopiesOfRun, options: RemoteCheckOptions): Promise<CheckResult> {
  const { store, signal } = options;
  const record = run.known?.record;
  if (!record) {
    if (!run.unrecorded) return { findings: [note(NO_REMOTE_COPY)] };
    return { findings: [note(NO_RECORD)], gap: 'unknown' };
  }
  if (record.awaitsUpload) return { findings: [note(WAITS)], gap: 'waits' };
  const [confirmed] = record.remote;
  if (!confirmed) return { findings: [note(NO_REMOTE_COPY)] };
  const artifacts = record.artifacts.filter(({ name }) => run.known?.artifactNames.includes(name));
  if (!artifacts.some(({ name }) => record.remote.some(({ url }) => url === store.url(name)))) {
    return { findings: [note(ELSEWHERE, { url: confirmed.url })], gap: 'unknown' };
  }
  const isReplaced = run.unrecorded?.objects.some(({ name }) => run.known?.artifactNames.includes(name));
  if (!run.remote && !isReplaced && options.mayBeGone) return { findings: [note(EXPIRED)] };
  const faults: Finding[] = [];
  let done = 0;
  try {
    for (const artifact of artifacts) {
      const before = done;
      const copy = await checkCopy(store, artifact, signal, (read) => options.onBytes(before + read));
      if (!copy) faults.push(fault(MISSING, { name: artifact.name }));
      else if (copy.differences.length > 0) {
        const differences = describeDifferences(copy.differences);
        faults.push(fault(DIFFERENT, { name: artifact.name, differences }));
      }
      done += artifact.sizeBytes;
      options.onBytes(done);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PgBackupError)) throw error;
    const failure = new PgBackupError('STORE_FAILED', { remedy: '', ...error.parameters }, error);
    return { findings: faults, failure };
  }
  return { findings: faults.length > 0 ? faults : [proof(SIZE_AND_CHECKSUM)] };
}

const NO_REMOTE_COPY: Text = { en: 'none was made', zh: '未上传过' };
const NO_RECORD: Text = {
  en: 'no record here tells what it has to be',
  zh: '此处没有记录可供比对',
};
const WAITS: Text = { en: 'waits for its upload', zh: '等待上传' };
const ELSEWHERE: Text = { en: 'it went to another place: {url}', zh: '曾上传至别处：{url}' };
const EXPIRED: Text = {
  en: 'gone, as older copies are: retention or a lifecycle rule may have removed it',
  zh: '已不存在，与更早的副本一样：可能已被保留策略或生命周期规则清理',
};
const SIZE_AND_CHECKSUM: Text = { en: 'size, checksum', zh: '大小、校验和' };
const MISSING: Text = { en: '{name} is missing', zh: '{name} 缺失' };
const DIFFERENT: Text = { en: '{name} differs: {differences}', zh: '{name} 不一致：{differences}' };
