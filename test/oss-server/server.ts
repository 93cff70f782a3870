import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Credential, Credentials } from './credentials.ts';
import { FaultPlan, type FaultRule } from './faults.ts';
import { handleRequest } from './handle-request.ts';
import { MultipartUploads } from './multipart-uploads.ts';
import { userMetadata } from './object-headers.ts';
import { type BucketOptions, ObjectStore } from './object-store.ts';
import type { VersionSummary } from './object-versions.ts';
import { type LoggedRequest, RequestLog } from './request-log.ts';

export type { Credential } from './credentials.ts';
export type { Fault, FaultRule } from './faults.ts';
export type { BucketOptions } from './object-store.ts';
export type { VersionSummary } from './object-versions.ts';
export type { Operation } from './operations.ts';
export type { LoggedRequest } from './request-log.ts';

export interface OssServerOptions {
  /** Where the data goes; objects and unfinished uploads that an earlier server left there are found again. */
  readonly dataDirectory: string;
  /** The region that V4 signatures must name, such as `cn-hangzhou`. */
  readonly region: string;
  /** Keys: permanent or temporary (with a token and an end), for everything or for what a RAM policy allows. */
  readonly credentials: readonly Credential[];
  /** Names, or `{ name, versioning: 'Enabled' | 'Suspended', worm: true }`. */
  readonly buckets: readonly (string | BucketOptions)[];
  /** A free port where left out. */
  readonly port?: number;
  /** Makes it HTTPS, with this key and certificate (PEM). */
  readonly tls?: { readonly key: string; readonly cert: string };
  /**
   * Custom domain names and the bucket that each stands for, such as `{ 'dumps.example.com': 'backups' }`. Besides these the
   * server always understands `bucket.host/key` and `host/bucket/key`.
   */
  readonly cnames?: Readonly<Record<string, string>>;
  /**
   * What HeadObject and GetObject answer for an object that is not there to a key whose policy does not let it list: 404
   * (the default, as the documentation needs only oss:GetObject to ask whether an object exists) or 403. What OSS does is
   * not published: clients should bear both.
   */
  readonly missingKeyStatus?: 403 | 404;
}

export interface ObjectSummary {
  readonly key: string;
  readonly sizeBytes: number;
  /** CRC-64/ECMA-182, decimal. */
  readonly crc64: string;
  /** User metadata, names without `x-oss-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Type, storage class, encryption and metadata as HeadObject gives them back, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** In a versioned bucket only. */
  readonly versionId: string | undefined;
}

export interface UploadSummary {
  readonly key: string;
  readonly uploadId: string;
  readonly partNumbers: readonly number[];
}

export interface OssServer {
  /** Such as `http://127.0.0.1:34567`, or `https://…` with `tls`. */
  readonly endpoint: string;
  readonly port: number;
  /** Every request so far, in the order of arrival. */
  readonly requests: readonly LoggedRequest[];
  /** Resolves with the first request, past or to come, that matches; asks again whenever a status changes. */
  waitForRequest(matches: (request: LoggedRequest) => boolean): Promise<LoggedRequest>;
  /** Makes a key known, in the place of an earlier one of that id: so a key gets another end or policy, too. */
  addCredential(credential: Credential): void;
  /** Revokes a key: from now on InvalidAccessKeyId. */
  removeCredential(accessKeyId: string): void;
  /** By key; in a versioned bucket the current ones. */
  objects(bucket: string): ObjectSummary[];
  /** The file that holds the object's data. */
  objectPath(bucket: string, key: string): string;
  /** Every version and delete marker, oldest first; empty in a bucket without versioning. */
  versions(bucket: string): readonly VersionSummary[];
  /** Multipart uploads that are neither completed nor aborted. */
  uploads(bucket: string): UploadSummary[];
  /** Lets requests that match the rule go wrong; of several rules that match, the oldest one is used up first. */
  fail(rule: FaultRule): void;
  /** Forgets all rules. */
  heal(): void;
  /** Stops at once, in the midst of requests, too. */
  close(): Promise<void>;
}

/**
 * Starts an OSS server on 127.0.0.1. What it serves is in `operations.ts`; what can be made to go wrong, in `faults.ts`; what
 * a key may be kept from, in `ram-policy.ts`.
 */
export async function startOssServer(options: OssServerOptions): Promise<OssServer> {
  const { dataDirectory, region, port: wantedPort = 0, tls, cnames = {}, missingKeyStatus = 404 } = options;
  const buckets = options.buckets.map((bucket) => (typeof bucket === 'string' ? { name: bucket } : bucket));
  const store = await ObjectStore.open(join(dataDirectory, 'objects'), buckets);
  const uploads = await MultipartUploads.open(join(dataDirectory, 'uploads'));
  const credentials = new Credentials(options.credentials);
  const faults = new FaultPlan();
  const log = new RequestLog();
  const context = {
    ...{ store, uploads, faults, log, region, credentials, missingKeyStatus },
    buckets: new Set(buckets.map(({ name }) => name)),
    cnames: new Map(Object.entries(cnames)),
  };

  const underWay = new Set<Promise<void>>();
  const listener: RequestListener = (request, response) => {
    const handling = handleRequest(request, response, context).finally(() => underWay.delete(handling));
    underWay.add(handling);
  };
  const http = tls ? createTlsServer(tls, listener) : createServer(listener);
  http.listen(wantedPort, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;

  return {
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    requests: log.entries,
    waitForRequest: (matches) => log.waitFor(matches),
    addCredential: (credential) => credentials.add(credential),
    removeCredential: (accessKeyId) => credentials.remove(accessKeyId),
    objects: (bucket) =>
      store.list(bucket).map(({ key, sizeBytes, crc64, headers, tags, versionId }) => {
        return { key, sizeBytes, crc64, metadata: userMetadata(headers), headers, tags, versionId };
      }),
    objectPath: (bucket, key) => store.pathOf(bucket, key),
    versions: (bucket) => store.versions(bucket),
    uploads: (bucket) =>
      uploads.list(bucket).map(({ key, uploadId, parts }) => ({
        key,
        uploadId,
        partNumbers: [...parts.keys()].sort((a, b) => a - b),
      })),
    fail: (rule) => faults.add(rule),
    heal: () => faults.clear(),
    close: async () => {
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      // What still writes must not meet the next server in the same directory.
      await Promise.all([closed, ...underWay]);
    },
  };
}
