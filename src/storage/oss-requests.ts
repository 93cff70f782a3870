import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { OssAnswer } from './oss-errors.ts';
import { requestWithStream, type StreamAnswer } from './stream-request.ts';

/** The part of urllib 2 that ali-oss sends its requests through, as the property `urllib` of a client. */
interface Urllib {
  requestWithCallback(url: string, args: RequestArguments, callback: RequestCallback): ClientRequest;
}
type RequestCallback = (error: NetworkError | null, data: Buffer | null, response: UrllibResponse) => void;
type NetworkError = Error & { code?: string; status?: number; headers?: Readonly<Record<string, unknown>> };
type UrllibResponse = IncomingMessage & { status?: number };

interface RequestArguments {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly timeout: number;
  /** The body, where it is not in memory. */
  readonly stream?: Readable | undefined;
  /** The caller reads the body itself. */
  readonly customResponse?: boolean;
}

/** Beyond it, what says why a request failed is no answer of OSS. */
const MAXIMUM_ERROR_BYTES = 64 * 1024;

/**
 * Lets requests of this ali-oss client end with `signal`, which the SDK has no way to ask for, and keeps what the SDK's errors leave out:
 * the headers of the last answer and the cause of a broken connection.
 */
export function watchRequests(
  sdk: object,
  { signal, keepsHost }: { readonly signal: AbortSignal; readonly keepsHost: boolean },
): { last?: OssAnswer } {
  const client = sdk as { urllib: Urllib | { request: unknown } };
  const { requestWithCallback } = client.urllib as Urllib;
  const seen: { last?: OssAnswer } = {};
  client.urllib = {
    request: (url: string, args: RequestArguments) =>
      new Promise((resolve, reject) => {
        // With an address in place of a name, the SDK always writes a virtual host.
        if (!keepsHost) delete args.headers['host'];
        signal.throwIfAborted();
        const { stream } = args;
        if (stream) return resolve(sendStream(url, { ...args, stream }, signal, seen));
        const request = requestWithCallback(url, args, (error, data, response) => {
          seen.last = {
            headers: error?.headers ?? response?.headers ?? {},
            receivedAt: new Date(),
            endpoint: endpointOf(data, response?.statusCode),
            networkCode: error?.code,
            networkMessage: messageOf(error),
          };
          const isStream = args.customResponse === true && error === null;
          if (!isStream) signal.removeEventListener('abort', end);
          if (error) return reject(error);
          const status = response.statusCode ?? response.status ?? 0;
          const answer = { data, status, headers: response.headers, res: response };
          if (!isStream) return resolve({ ...answer, data: data?.length ? data : errorOfHead(response) });
          response.once('close', () => signal.removeEventListener('abort', end));
          if (status < 300) return resolve(answer);
          // The SDK throws the body away, and with it the code.
          readError(response).then((body) => resolve({ ...answer, data: body }), reject);
        });
        const end = (): void => {
          request.destroy();
        };
        signal.addEventListener('abort', end, { once: true });
      }),
  };
  return seen;
}

async function sendStream(
  url: string,
  args: RequestArguments & { readonly stream: Readable },
  signal: AbortSignal,
  seen: { last?: OssAnswer },
): Promise<StreamAnswer> {
  try {
    const answer = await requestWithStream(url, args, signal);
    const { headers, data, status } = answer;
    seen.last = { headers, receivedAt: new Date(), endpoint: endpointOf(data, status) };
    return answer;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    seen.last = { headers: {}, receivedAt: new Date(), networkCode: code };
    throw Object.assign(error as Error, { status: -1 });
  }
}

/** Such as `connect ECONNREFUSED 127.0.0.1:443`; the request and the state of the SDK follow. */
function messageOf(error: NetworkError | null): string | undefined {
  return error?.message.split(/, [A-Z]+ https?:/)[0];
}

/** What OSS adds to AccessDenied where the bucket is in another region ("HTTP status code 403" of its documentation). */
function endpointOf(data: Buffer | null, status = 0): string | undefined {
  if (status < 300) return undefined;
  return /<Endpoint>([\w.-]{1,200})<\/Endpoint>/.exec(data?.toString() ?? '')?.[1];
}

async function readError(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAXIMUM_ERROR_BYTES) break;
  }
  return Buffer.concat(chunks);
}

/** The answer to HEAD has no body: OSS writes what it would say as base64 into a header, which the SDK overlooks for 404. */
function errorOfHead({ headers }: UrllibResponse): Buffer | undefined {
  const encoded = headers['x-oss-err'];
  return typeof encoded === 'string' ? Buffer.from(encoded, 'base64') : undefined;
}
