import type { HTTPError } from 'ky';
import { cutBetweenWords } from '../scrub.ts';
import { type Limits, RETRIES } from './channel.ts';
import { oneLine } from './one-line.ts';
import { decoded } from './url-secrets.ts';

export interface HttpRequest {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly limits: Limits;
}

const KEPT_BYTES = 64 * 1024;
const SHOWN_CHARACTERS = 300;
const RETRIED_STATUSES = [429, ...Array.from({ length: 100 }, (_, index) => 500 + index)];

/**
 * Posts to an address and returns the beginning of what a 2xx answer says; tries again after a cut connection, no answer in time, 429
 * and 5xx. A redirect is an answer like any other: what the address or the body holds goes nowhere else.
 * @throws Error whose text names the host and what went wrong, never the address.
 */
export async function post(url: string, request: HttpRequest): Promise<string> {
  const { body, headers, signal, limits } = request;
  const { address, authorization } = splitCredentials(url);
  const { default: ky } = await import('ky');
  try {
    const response = await ky.post(address, {
      body,
      headers: { 'user-agent': 'pg-backup-sidecar', ...authorization, ...headers },
      redirect: 'manual',
      signal,
      timeout: limits.tryMilliseconds,
      retry: {
        limit: RETRIES,
        methods: ['post'],
        statusCodes: RETRIED_STATUSES,
        afterStatusCodes: RETRIED_STATUSES,
        retryOnTimeout: true,
        delay: (attempt) => attempt * limits.pauseMilliseconds,
        shouldRetry: ({ error }) => (asksForTooMuchTime(error, limits) ? false : undefined),
      },
    });
    return await readBeginning(
      response,
      AbortSignal.any([signal, AbortSignal.timeout(limits.tryMilliseconds)]),
    );
  } catch (error) {
    throw new Error(`${address.host}: ${describe(error)}`);
  }
}

/** What a service said, short enough for one line of the log. */
export function shownAnswer(text: string): string {
  return cutBetweenWords(oneLine(text), SHOWN_CHARACTERS, 'beginning') || `(${text.length} characters)`;
}

/** fetch refuses an address with user and password in it; they go into the header that they stand for (RFC 7617). */
function splitCredentials(url: string): { address: URL; authorization: Record<string, string> } {
  const address = new URL(url);
  const { username, password } = address;
  if (username === '' && password === '') return { address, authorization: {} };
  address.username = '';
  address.password = '';
  const pair = Buffer.from(`${decoded(username)}:${decoded(password)}`);
  return { address, authorization: { authorization: `Basic ${pair.toString('base64')}` } };
}

function asksForTooMuchTime(error: Error, { retryAfterMilliseconds }: Limits): boolean {
  if (!isHttpError(error)) return false;
  const said = error.response.headers.get('retry-after') ?? '';
  const milliseconds = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - Date.now();
  return milliseconds > retryAfterMilliseconds;
}

async function readBeginning(response: Response, signal: AbortSignal): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const stop = (): void => {
    reader.cancel().catch(() => {});
  };
  signal.addEventListener('abort', stop, { once: true });
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || bytes > KEPT_BYTES) break;
    bytes += value.length;
    text += decoder.decode(value, { stream: true });
  }
  signal.removeEventListener('abort', stop);
  stop();
  return text;
}

function describe(error: unknown): string {
  if (isHttpError(error)) {
    const { status, headers } = error.response;
    if (status >= 300 && status < 400) return `HTTP ${status}: a redirect, which is not followed`;
    const data = typeof error.data === 'string' ? error.data : JSON.stringify(error.data ?? '');
    const retryAfter = headers.get('retry-after');
    const later = retryAfter === null ? '' : ` (Retry-After: ${oneLine(retryAfter)})`;
    return `HTTP ${status}: ${shownAnswer(data)}${later}`;
  }
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer in time';
  return rootCause(error);
}

/** By its name: the class is there only once the package is loaded. */
function isHttpError(error: unknown): error is HTTPError {
  return error instanceof Error && error.name === 'HTTPError';
}

/** fetch says no more than "fetch failed"; what it hides are the codes of the system and of TLS. */
function rootCause(error: Error): string {
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return rootCause(cause.errors[0]);
  if (cause instanceof Error) return rootCause(cause);
  const code = 'code' in error ? String(error.code) : '';
  return error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}
