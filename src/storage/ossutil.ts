import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../config/load.ts';
import { type CommandResult, describeOutcome, runCommand } from '../exec.ts';
import { PRIVATE_DIRECTORY_MODE, PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import { onDisk } from '../files/storage-error.ts';
import type { Artifact } from '../report/record.ts';
import { clearAbandonedUploads } from './abandoned-uploads.ts';
import { abortUploadsOf } from './abort-uploads.ts';
import { findOssutil } from './find-ossutil.ts';
import { type OssClient, openOssClient } from './oss-client.ts';
import { isExpiredKey, type OssCredentials, type OssKeys, renewKeys } from './oss-credentials.ts';
import { OssFailure, parseOssutilFailure, uploadError } from './oss-errors.ts';
import { ossObjects } from './oss-objects.ts';
import { type OssTarget, objectKey, objectUrl, uploadHeaders } from './oss-target.ts';
import type { PutOptions, Store } from './store.ts';
import { openUploadStates } from './upload-state.ts';

const RETRIES = 5;
/** ossutil's own are 120 and 1200 seconds, for each of its attempts. */
const CONNECT_TIMEOUT_SECONDS = 30;
const READ_TIMEOUT_SECONDS = 180;
/** With keys that live for an hour, enough for a night. */
const MAXIMUM_RENEWALS = 12;
/** From this size on ossutil uploads in parts (its --bigfile-threshold). */
const MULTIPART_BYTES = 100 * 1024 * 1024;

export interface OssutilOptions {
  readonly target: OssTarget;
  readonly credentials: OssCredentials;
  /** Private directory of the run: the keys go into a file there, and whatever ossutil litters. */
  readonly temporaryDirectory: string;
  /** Where the sdk remembers uploads that were begun; after a change of tool nobody else gives them up. */
  readonly uploadsDirectory: string;
  /** The person's own: PATH, and the authorities to trust. */
  readonly environment: Environment;
  /** How long a server may be silent. */
  readonly readTimeoutSeconds?: number;
}

/**
 * A store that uploads with ossutil 1.7 and asks OSS through the SDK.
 * @throws PgBackupError COMMAND_MISSING, OSSUTIL_UNSUPPORTED
 */
export async function openOssutilStore(options: OssutilOptions): Promise<Store> {
  const { target, credentials, environment, readTimeoutSeconds = READ_TIMEOUT_SECONDS } = options;
  const client = openOssClient(target, credentials);
  const states = openUploadStates(options.uploadsDirectory);
  const directory = join(options.temporaryDirectory, 'ossutil');
  await onDisk(directory, () => mkdir(directory, { mode: PRIVATE_DIRECTORY_MODE }));
  const ossutil = await findOssutil(environment['PATH'], environmentIn(directory));

  return {
    checksum: 'crc64',
    ...ossObjects(client),
    async put(file, artifact, putOptions) {
      const { signal } = putOptions;
      // ossutil never gives up the parts of an upload that failed or was killed, and OSS asks money for them.
      const abortParts = async (): Promise<void> => {
        if (artifact.sizeBytes < MULTIPART_BYTES) return;
        // The sdk's is resumed should this tool fail, and abandoned once it does not.
        const kept = await states.read(objectUrl(target, artifact.name)).catch(() => undefined);
        await abortUploadsOf(client, objectKey(target, artifact.name), kept?.uploadId, signal);
      };
      await abortParts();
      const own = await onDisk(directory, () => mkdtemp(join(directory, 'put-')));
      try {
        const failure = await putWithFreshKeys(
          { ossutil, directory: own, client, credentials, environment, readTimeoutSeconds },
          file,
          artifact,
          putOptions,
        );
        if (failure === undefined) return;
        await abortParts();
        throw uploadError(objectUrl(target, artifact.name), await withDrift(failure, client, signal));
      } finally {
        // With it go the keys.
        await rm(own, { recursive: true, force: true });
      }
    },
    clearAbandoned: (fates, signal) => clearAbandonedUploads({ client, states }, fates, signal),
  };
}

interface Tool {
  readonly ossutil: string;
  /** Of this upload alone. */
  readonly directory: string;
  readonly client: OssClient;
  readonly credentials: OssCredentials;
  readonly environment: Environment;
  readonly readTimeoutSeconds: number;
}

/** Keys that expire in the middle are renewed; the next ossutil goes on from the checkpoint of the one before. */
async function putWithFreshKeys(
  tool: Tool,
  file: string,
  artifact: Artifact,
  options: PutOptions,
): Promise<OssFailure | undefined> {
  try {
    let keys = await tool.credentials.keys();
    for (let renewals = 0; ; renewals += 1) {
      const failure = await putOnce(tool, keys, file, artifact, options);
      if (failure === undefined || !isExpiredKey(failure, keys) || renewals === MAXIMUM_RENEWALS)
        return failure;
      const renewed = await renewKeys(tool.credentials, keys);
      if (renewed === undefined) return failure;
      keys = renewed;
    }
  } catch (error) {
    if (error instanceof OssFailure) return error;
    throw error;
  }
}

async function putOnce(
  { ossutil, directory, client: { target }, environment, readTimeoutSeconds }: Tool,
  keys: OssKeys,
  file: string,
  artifact: Artifact,
  { overwrite, signal }: PutOptions,
): Promise<OssFailure | undefined> {
  const configFile = join(directory, 'config');
  await onDisk(configFile, () =>
    writeFile(configFile, configText(target, keys), { mode: PRIVATE_FILE_MODE }),
  );
  const headers = Object.entries(uploadHeaders(target, { sha256: artifact.sha256, overwrite }));
  const result = await runCommand({
    file: ossutil,
    args: [
      ...['cp', file, objectUrl(target, artifact.name), '--force'],
      ...['--config-file', configFile, '--sign-version', 'v4', '--region', target.region],
      ...['--output-dir', join(directory, 'output'), '--checkpoint-dir', join(directory, 'checkpoint')],
      ...['--bigfile-threshold', String(MULTIPART_BYTES), '--retry-times', String(RETRIES)],
      ...['--connect-timeout', String(CONNECT_TIMEOUT_SECONDS), '--read-timeout', String(readTimeoutSeconds)],
      ...(target.addressing === 'path' ? ['--force-path-style'] : []),
      ...['--meta', headers.map(([name, value]) => `${name}:${value}`).join('#')],
    ],
    environment: { ...environmentIn(directory), ...trustedAuthorities(environment) },
    workingDirectory: directory,
    signal,
  });
  signal.throwIfAborted();
  return failureOf(result);
}

/** ossutil writes its errors to stdout, and its progress with them. */
function failureOf(result: CommandResult): OssFailure | undefined {
  const said = `${result.stdout}\n${result.stderr}`;
  if (result.exitCode === 0 && !/^Error:/m.test(said)) return undefined;
  return parseOssutilFailure(said.trim() || describeOutcome(result));
}

/** ossutil does not tell the time of the server; the SDK, which meets the same refusal, does. */
async function withDrift(failure: OssFailure, client: OssClient, signal: AbortSignal): Promise<OssFailure> {
  if (failure.code !== 'RequestTimeTooSkewed') return failure;
  try {
    await client.call((sdk) => sdk.head(objectKey(client.target, 'clock')), { signal, retries: 0 });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OssFailure && error.code === failure.code) return error;
  }
  return failure;
}

function environmentIn(directory: string): Record<string, string> {
  return { HOME: directory, LC_ALL: 'C', PATH: '/usr/bin:/bin' };
}

/** Go's crypto/x509 reads these in the place of the system's. */
function trustedAuthorities(environment: Environment): Record<string, string> {
  const names = ['SSL_CERT_FILE', 'SSL_CERT_DIR'];
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}

function configText(target: OssTarget, keys: OssKeys): string {
  return [
    '[Credentials]',
    'language=EN',
    `endpoint=${target.endpoint}`,
    `accessKeyID=${keys.accessKeyId.reveal()}`,
    `accessKeySecret=${keys.accessKeySecret.reveal()}`,
    ...(keys.securityToken ? [`stsToken=${keys.securityToken.reveal()}`] : []),
    ...(target.addressing === 'cname' ? ['[Bucket-Cname]', `${target.bucket}=${target.endpoint}`] : []),
    '',
  ].join('\n');
}
