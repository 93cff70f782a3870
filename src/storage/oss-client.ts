import type OSS from 'ali-oss';
import pRetry, { AbortError } from 'p-retry';
import { isExpiredKey, type OssCredentials, type OssKeys, renewKeys } from './oss-credentials.ts';
import { clockDriftSeconds, type OssAnswer, OssFailure, toOssFailure } from './oss-errors.ts';
import { watchRequests } from './oss-requests.ts';
import type { OssTarget } from './oss-target.ts';

/** A client of ali-oss that is bound to the bucket of the target. */
export type AliOss = OSS;

const TIMEOUT_MILLISECONDS = 30_000;
const RETRIES = 4;
const DEADLINE_MILLISECONDS = 120_000;
const FIRST_WAIT_MILLISECONDS = 500;
const LONGEST_WAIT_MILLISECONDS = 15_000;

export interface CallOptions {
  /** Ends the request that is under way, too. */
  readonly signal: AbortSignal;
  /** For one attempt, the body included. */
  readonly timeoutMilliseconds?: number;
  readonly retries?: number;
  /** Over all attempts: none begins after it, and the last one is cut at it. */
  readonly deadlineMilliseconds?: number;
}

export interface OssClient {
  readonly target: OssTarget;
  /**
   * Runs one request with keys that are valid now. Passing faults (no connection, a timeout, 5xx, 408, 429) are tried again, refusals are
   * not; keys that were refused as expired are renewed once. `request` is called anew for each attempt.
   * @throws OssFailure, or the reason of `signal`
   */
  call<T>(request: (sdk: AliOss) => Promise<T>, options: CallOptions): Promise<T>;
  /** How far our clock was ahead of OSS's (negative: behind) at its last answer, to a second or so; undefined before one. */
  clockDriftSeconds(): number | undefined;
}

/** A client for the target; nothing is loaded or asked before the first call. */
export function openOssClient(target: OssTarget, credentials: OssCredentials): OssClient {
  let drift: number | undefined;
  const onAnswer = (answer: OssAnswer | undefined): void => {
    drift = clockDriftSeconds(answer) ?? drift;
  };
  const attemptOn: AttemptOptions = { target, onAnswer };
  return {
    target,
    clockDriftSeconds: () => drift,
    async call(request, options) {
      const { signal, retries = RETRIES, deadlineMilliseconds = DEADLINE_MILLISECONDS } = options;
      const deadline = performance.now() + deadlineMilliseconds;
      const attempt = async (): Promise<Awaited<ReturnType<typeof request>>> => {
        const timeLeft = Math.max(1, deadline - performance.now());
        const timeoutMilliseconds = Math.min(options.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS, timeLeft);
        try {
          return await tryWithFreshKeys(attemptOn, credentials, request, signal, timeoutMilliseconds);
        } catch (error) {
          signal.throwIfAborted();
          throw error instanceof OssFailure && !error.isRefusal ? error : new AbortError(error as Error);
        }
      };
      return pRetry(attempt, {
        retries,
        minTimeout: FIRST_WAIT_MILLISECONDS,
        maxTimeout: LONGEST_WAIT_MILLISECONDS,
        maxRetryTime: deadlineMilliseconds,
        randomize: true,
        signal,
      });
    },
  };
}

interface AttemptOptions {
  readonly target: OssTarget;
  readonly onAnswer: (answer: OssAnswer | undefined) => void;
}

/** One attempt, and a second one with other keys where there are any and the first ones were refused as expired. */
async function tryWithFreshKeys<T>(
  attemptOn: AttemptOptions,
  credentials: OssCredentials,
  request: (sdk: AliOss) => Promise<T>,
  signal: AbortSignal,
  timeoutMilliseconds: number,
): Promise<T> {
  const keys = await orAborted(credentials.keys(), signal);
  try {
    return await tryOnce(attemptOn, keys, request, signal, timeoutMilliseconds);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof OssFailure && isExpiredKey(error, keys))) throw error;
    const renewed = await orAborted(renewKeys(credentials, keys), signal);
    if (renewed === undefined) throw error;
    return await tryOnce(attemptOn, renewed, request, signal, timeoutMilliseconds);
  }
}

async function tryOnce<T>(
  { target, onAnswer }: AttemptOptions,
  keys: OssKeys,
  request: (sdk: AliOss) => Promise<T>,
  signal: AbortSignal,
  timeoutMilliseconds: number,
): Promise<T> {
  const sdk = await createSdk(target, keys, timeoutMilliseconds);
  const seen = watchRequests(sdk, { signal, keepsHost: target.addressing === 'virtual' });
  try {
    return await orAborted(request(sdk), signal);
  } catch (error) {
    signal.throwIfAborted();
    throw toOssFailure(error, seen.last);
  } finally {
    onAnswer(seen.last);
  }
}

async function createSdk(target: OssTarget, keys: OssKeys, timeoutMilliseconds: number): Promise<AliOss> {
  // Loading the SDK takes longer than starting the rest of the program, and mode local never needs it.
  const { default: AliOssClient } = await import('ali-oss');
  return new AliOssClient({
    bucket: target.bucket,
    endpoint: target.endpoint,
    secure: target.endpoint.startsWith('https:'),
    region: `oss-${target.region}`,
    cname: target.addressing === 'cname',
    sldEnable: target.addressing === 'path',
    accessKeyId: keys.accessKeyId.reveal(),
    accessKeySecret: keys.accessKeySecret.reveal(),
    ...(keys.securityToken ? { stsToken: keys.securityToken.reveal(), refreshSTSTokenInterval: 1 } : {}),
    authorizationV4: true,
    timeout: Math.ceil(timeoutMilliseconds),
  } as OSS.Options);
}

/** The promise, or the signal's reason as soon as there is one. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
