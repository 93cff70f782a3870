import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Credential } from './authentication.ts';
import { FaultPlan, type FaultRule } from './faults.ts';
import { handleRequest } from './handle-request.ts';
import { MultipartUploads } from './multipart-uploads.ts';
import { userMetadata } from './object-headers.ts';
import { ObjectStore } from './object-store.ts';
import { type LoggedRequest, RequestLog } from './request-log.ts';

export type { Fault, FaultRule } from './faults.ts';
export type { Operation } from './operations.ts';
export type { LoggedRequest } from './request-log.ts';

export interface OssServerOptions {
  /** Where the data goes; objects that an earlier server left there are found again, unfinished uploads are not. */
  readonly dataDirectory: string;
  /** The region that V4 signatures must name, such as `cn-hangzhou`. */
  readonly region: string;
  readonly credentials: readonly Credential[];
  readonly buckets: readonly string[];
  /** A free port where left out. */
  readonly port?: number;
}

export interface ObjectSummary {
  readonly key: string;
  readonly sizeBytes: number;
  /** CRC-64/ECMA-182, decimal. */
  readonly crc64: string;
  /** User metadata, names without `x-oss-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** All headers that HeadObject gives back, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface UploadSummary {
  readonly key: string;
  readonly uploadId: string;
  readonly partNumbers: readonly number[];
}

export interface OssServer {
  /** Such as `http://127.0.0.1:34567`. */
  readonly endpoint: string;
  readonly port: number;
  /** Every request so far, in the order of arrival. */
  readonly requests: readonly LoggedRequest[];
  /** Resolves with the first request, past or to come, that matches; asks again whenever a status changes. */
  waitForRequest(matches: (request: LoggedRequest) => boolean): Promise<LoggedRequest>;
  /** By key. */
  objects(bucket: string): ObjectSummary[];
  /** The file that holds the object's data. */
  objectPath(bucket: string, key: string): string;
  /** Multipart uploads that are neither completed nor aborted. */
  uploads(bucket: string): UploadSummary[];
  /** Lets requests that match the rule go wrong; of several rules that match, the oldest one is used up first. */
  fail(rule: FaultRule): void;
  /** Forgets all rules. */
  heal(): void;
  /** Stops at once, in the midst of requests, too. */
  close(): Promise<void>;
}

/** Starts an OSS server on 127.0.0.1 over plain HTTP. */
export async function startOssServer(options: OssServerOptions): Promise<OssServer> {
  const store = await ObjectStore.open(join(options.dataDirectory, 'objects'), options.buckets);
  const uploads = await MultipartUploads.open(join(options.dataDirectory, 'uploads'));
  const faults = new FaultPlan();
  const log = new RequestLog();
  const { region, credentials } = options;
  const context = { store, uploads, faults, log, region, credentials, buckets: new Set(options.buckets) };

  const http = createServer((request, response) => void handleRequest(request, response, context));
  http.listen(options.port ?? 0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;

  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    requests: log.entries,
    waitForRequest: (matches) => log.waitFor(matches),
    objects: (bucket) =>
      store.list(bucket).map(({ key, sizeBytes, crc64, headers }) => {
        return { key, sizeBytes, crc64, metadata: userMetadata(headers), headers };
      }),
    objectPath: (bucket, key) => store.pathOf(bucket, key),
    uploads: (bucket) =>
      uploads.list(bucket).map(({ key, uploadId, parts }) => ({
        key,
        uploadId,
        partNumbers: [...parts.keys()].sort((a, b) => a - b),
      })),
    fail: (rule) => faults.add(rule),
    heal: () => faults.clear(),
    close: async () => {
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}
