import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { authenticate } from './authentication.ts';
import { type Authorization, authorizationOf } from './authorization.ts';
import { ConnectionDropped, passBody, resetConnection, truncateAnswer, until } from './body.ts';
import type { Credentials } from './credentials.ts';
import { publishedError } from './error-catalogue.ts';
import type { Reply } from './exchange.ts';
import type { Fault, FaultPlan } from './faults.ts';
import type { MultipartUploads } from './multipart-uploads.ts';
import type { ObjectStore } from './object-store.ts';
import { type Operation, operationOf, refuseUnknownHeaders } from './operations.ts';
import { OssError, ossError, writeError } from './oss-error.ts';
import { rightsFor } from './ram-actions.ts';
import { type Hosts, headerOf, type OssRequest, parseRequest } from './request.ts';
import type { RequestLog } from './request-log.ts';
import { routes } from './routes/routes.ts';

export interface ServerContext extends Hosts {
  readonly store: ObjectStore;
  readonly uploads: MultipartUploads;
  readonly faults: FaultPlan;
  readonly log: RequestLog;
  readonly region: string;
  readonly credentials: Credentials;
  readonly missingKeyStatus: 403 | 404;
}

/** Answers one request, whatever happens, and logs it. */
export async function handleRequest(
  http: IncomingMessage,
  response: ServerResponse,
  context: ServerContext,
): Promise<void> {
  const requestId = randomBytes(12).toString('hex').toUpperCase();
  response.setHeader('Server', 'AliyunOSS');
  response.setHeader('x-oss-request-id', requestId);
  let update: ReturnType<RequestLog['begin']> = () => {};
  try {
    const request = parseRequest(http, context);
    const operation = operationOf(request);
    const { bucket, key } = request;
    const partNumber = operation === 'UploadPart' ? Number(request.query.get('partNumber')) : undefined;
    const headers = Object.fromEntries(
      Object.keys(http.headers).map((name) => [name, headerOf(request, name) ?? '']),
    );
    update = context.log.begin({
      operation,
      bucket,
      key,
      partNumber,
      userAgent: http.headers['user-agent'] ?? '',
      headers,
      signature: undefined,
      accessKeyId: undefined,
      status: 'pending',
      atMilliseconds: Date.now(),
      endedAtMilliseconds: undefined,
    });
    const fault = context.faults.take(operation, key, partNumber);
    await applyFault(http, fault);
    const nowMilliseconds = Date.now() + (fault?.kind === 'clock-skew' ? fault.seconds * 1000 : 0);
    response.setHeader('Date', new Date(nowMilliseconds).toUTCString());
    const { signature, key: signer } = authenticate(request, { ...context, nowMilliseconds });
    update({ signature, accessKeyId: signer.credential.accessKeyId });
    const reply = await route(request, operation, fault, { ...context, ...authorizationOf(signer) });
    await send(reply, http, response, fault);
  } catch (error) {
    if (http.socket.destroyed || response.headersSent) {
      http.socket.destroy();
    } else {
      const hostId = (http.headers.host ?? '').replace(/:\d+$/, '');
      writeError(response, asOssError(error), { method: http.method ?? '', requestId, hostId });
      // A client that is still sending must get to the end before it reads the answer.
      http.resume();
    }
  } finally {
    const status = response.writableEnded ? response.statusCode : 'dropped';
    update({ status, endedAtMilliseconds: Date.now() });
  }
}

async function applyFault(http: IncomingMessage, fault: Fault | undefined): Promise<void> {
  if (fault?.kind === 'refuse') {
    throw resetConnection(http.socket);
  }
  if (fault?.kind === 'error') {
    const published = publishedError(fault.code);
    throw new OssError(fault.code, {
      status: fault.status ?? published?.status ?? 500,
      message: fault.message ?? published?.message ?? `${fault.code}, as ordered.`,
      ec: fault.ec ?? published?.ec,
    });
  }
  if (fault?.kind === 'hold') await until(fault.until, http.socket);
}

async function route(
  request: OssRequest,
  operation: Operation | undefined,
  fault: Fault | undefined,
  context: ServerContext & Authorization,
): Promise<Reply> {
  const { bucket = '', key = '' } = request;
  if (request.bucket && !context.buckets.has(bucket)) throw ossError('NoSuchBucket', { BucketName: bucket });
  if (!operation) throw ossError('NotImplemented');
  refuseUnknownHeaders(request, operation);
  for (const right of rightsFor(operation, request)) context.demand(right);
  if (Buffer.byteLength(key) > 1023 || /^[/\\]/.test(key))
    throw ossError('InvalidObjectName', { ObjectName: key });
  return routes[operation]({ ...context, request, bucket, key, fault });
}

async function send(
  reply: Reply,
  http: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (http.socket.destroyed) throw new ConnectionDropped();
  const headers: Record<string, string> = { 'Content-Length': '0', ...reply.headers };
  if (typeof reply.body === 'string') {
    headers['Content-Type'] = 'application/xml';
    headers['Content-Length'] = String(Buffer.byteLength(reply.body));
  }
  const crc64 = headers['x-oss-hash-crc64ecma'];
  if (fault?.kind === 'wrong-crc' && crc64) headers['x-oss-hash-crc64ecma'] = String(BigInt(crc64) ^ 1n);
  // Node writes header values as Latin-1; clients read UTF-8.
  const encoded = Object.entries(headers).map(([name, value]) => [
    name,
    Buffer.from(value).toString('latin1'),
  ]);
  response.writeHead(reply.status, Object.fromEntries(encoded));
  if (!(reply.body instanceof Readable)) {
    response.end(reply.body);
    return;
  }
  const body = truncateAnswer(passBody(reply.body, http.socket, fault), response, fault);
  await pipeline(body, response);
}

function asOssError(error: unknown): OssError {
  if (error instanceof OssError) return error;
  // A defect of this server: the test that meets it should see where.
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return ossError('InternalError', { message });
}
