import type { Readable } from 'node:stream';
import type { Environment } from '../config/load.ts';
import { PgBackupError } from '../errors.ts';
import { type CommandResult, findCommand, pathDirectories, runCommand } from '../exec.ts';
import { howToGet } from '../how-to-get.ts';
import type { Text } from '../language.ts';
import type { Artifact } from '../report/record.ts';
import { missingObject, PROBE_NAME } from './missing-object.ts';
import { rcloneEnvironment, rcloneScrub } from './rclone-environment.ts';
import {
  describeRcloneFailure,
  remedyFor,
  storeCodeOf,
  tellsWrongClock,
  wrongClock,
} from './rclone-failure.ts';
import { listObjects, readObject } from './rclone-output.ts';
import type { GetOptions, PutOptions, Removal, Store, StoredObject } from './store.ts';

/**
 * Up to this size S3 counts the MD5 over what it received; over parts it does not. It takes 5 GiB at once, some makes a little less.
 */
const SINGLE_PUT = '4G';
const SINGLE_PUT_BYTES = 4 * 1024 ** 3;

/** rclone's documentation, exit codes; 1 and 2 changed places in 1.68. */
const DIRECTORY_NOT_FOUND = 3;
const OBJECT_NOT_FOUND = 4;
const NOTHING_TRANSFERRED = 9;

const PATIENCE = ['--contimeout', '30s', '--timeout', '2m'];
/** Of a request, and of an upload as a whole. */
const ATTEMPTS = 3;

export interface RcloneOptions {
  /** The name of a remote, without a colon. */
  readonly remote: string;
  /** On the remote; on S3 it begins with the bucket. */
  readonly path: string;
  /** The person's own: where rclone finds its configuration, and perhaps the keys. */
  readonly environment: Environment;
  readonly temporaryDirectory: string;
  readonly searchPath: string | undefined;
  readonly attempts?: number;
}

/**
 * A store on any remote that rclone is configured for; 1.60 is old enough. Its checksum is an MD5 where the remote counts one, which S3 does
 * up to 4 GiB. What S3 says of an object that rclone sent in parts by other hands may be that rclone's own claim.
 * @throws PgBackupError COMMAND_MISSING
 */
export async function openRcloneStore(options: RcloneOptions): Promise<Store> {
  const { remote, environment, attempts = ATTEMPTS } = options;
  const patience = [...PATIENCE, '--low-level-retries', String(attempts)];
  const retries = ['--retries', String(attempts), '--retries-sleep', '2s'];
  const rclone = findCommand('rclone', pathDirectories(options.searchPath), howToGet().rclone);
  const scrub = rcloneScrub(environment);
  // The slash keeps rclone from asking whether the directory is a file, and from taking a refusal of that question for a yes.
  const directory = `${remote}:${options.path.replace(/\/*$/, '/')}`;
  const url = (name: string): string => `${directory}${name}`;

  const command = (args: readonly string[], signal: AbortSignal) => ({
    file: rclone,
    args: [...args, '--use-json-log', '--ask-password=false', '--s3-no-check-bucket', ...patience],
    environment: rcloneEnvironment(environment, options.temporaryDirectory),
    signal,
  });
  /** A function of rclone's remote control, in the process itself: it tells a missing object from one that cannot be asked for. */
  const call = async (name: string, input: object, signal: AbortSignal): Promise<CommandResult> => {
    const result = await runCommand(
      command(['rc', '--loopback', name, '--json', JSON.stringify(input)], signal),
    );
    signal.throwIfAborted();
    return result;
  };
  const failure = (
    code: 'UPLOAD_FAILED' | 'CONFIRM_FAILED' | 'STORE_FAILED',
    name: string,
    result: CommandResult,
    remark?: Text,
  ): PgBackupError => {
    const said = describeRcloneFailure(result, scrub);
    const storeCode = storeCodeOf(said);
    return new PgBackupError(code, {
      object: url(name),
      detail: remark ?? said,
      remedy: remedyFor(said, remote),
      ...(storeCode === undefined ? {} : { storeCode }),
    });
  };

  /** Where there are no buckets, a directory that is missing comes with the first upload. */
  const isYetToCome = async (result: CommandResult, signal: AbortSignal): Promise<boolean> => {
    if (result.exitCode !== DIRECTORY_NOT_FOUND) return false;
    const info = await call('operations/fsinfo', { fs: directory }, signal);
    return info.exitCode === 0 && /"BucketBased": false/.test(info.stdout);
  };

  const stat = async (
    name: string,
    signal: AbortSignal,
    code: 'CONFIRM_FAILED' | 'STORE_FAILED' = 'CONFIRM_FAILED',
  ): Promise<StoredObject | undefined> => {
    const opt = { showHash: true, hashTypes: ['MD5'], filesOnly: true, metadata: true, noMimeType: true };
    const result = await call('operations/stat', { fs: directory, remote: name, opt }, signal);
    if (result.exitCode !== 0) throw failure(code, name, result);
    return toStoredObject(result.stdout);
  };

  return {
    checksum: 'md5',
    writesInPlace: true,
    url,
    stat: (name, signal) => stat(name, signal),
    async probe(signal) {
      // A name that does not exist would not tell a missing bucket; what lies below it is never much.
      const result = await runCommand(command(['lsjson', `${url(PROBE_NAME)}/`], signal));
      signal.throwIfAborted();
      if (result.exitCode === 0 || (await isYetToCome(result, signal))) return;
      throw failure('CONFIRM_FAILED', '', result);
    },
    async put(file, artifact, putOptions) {
      const { signal } = putOptions;
      const result = await runCommand({
        ...command([...putArguments(file, url(artifact.name), artifact, putOptions), ...retries], signal),
        onErrorLine: (line) => tellBytes(line, artifact, putOptions),
      });
      signal.throwIfAborted();
      if (result.exitCode === 0) return;
      if (result.exitCode === NOTHING_TRANSFERRED) {
        throw new PgBackupError('OBJECT_EXISTS', { object: url(artifact.name) });
      }
      throw failure('UPLOAD_FAILED', artifact.name, result);
    },
    list: (signal) =>
      listObjects(
        command(['lsjson', '--files-only', '--no-mimetype', '--use-server-modtime', directory], signal),
        async (result) => {
          if (tellsWrongClock(result)) return wrongClock(directory);
          if (result.exitCode === 0 || (await isYetToCome(result, signal))) return undefined;
          return failure('STORE_FAILED', '', result);
        },
      ),
    async get(name, { range, signal }: GetOptions): Promise<Readable> {
      // Of a missing object rclone prints nothing, and calls it a success.
      const present = await stat(name, signal, 'STORE_FAILED');
      if (!present) throw missingObject(url(name));
      const { start, end } = range ?? { start: 0, end: Number.POSITIVE_INFINITY };
      const sizeBytes = Math.max(0, Math.min(end + 1, present.sizeBytes) - start);
      const part = range ? ['--offset', String(start), '--count', String(sizeBytes)] : [];
      return readObject(command(['cat', url(name), ...part], signal), sizeBytes, (result, remark) =>
        failure('STORE_FAILED', name, result, remark),
      );
    },
    async remove(name, signal): Promise<Removal> {
      const result = await call('operations/deletefile', { fs: directory, remote: name }, signal);
      if (result.exitCode === 0 || result.exitCode === OBJECT_NOT_FOUND) return 'removed';
      const error = failure('STORE_FAILED', name, result);
      if (/FileImmutable|object ?lock/i.test(String(error.parameters['detail']))) return 'immutable';
      throw error;
    },
  };
}

function putArguments(
  file: string,
  object: string,
  { sha256 }: Artifact,
  { overwrite, onBytes }: PutOptions,
): string[] {
  return [
    ...['copyto', file, object],
    // rclone looks first, and then sends; names are of one run alone, so nobody else comes in between.
    ...(overwrite ? ['--ignore-times'] : ['--ignore-existing', '--error-on-no-transfer']),
    ...['--metadata', '--metadata-set', `sha256=${sha256}`],
    // The MD5 beside an object that came in parts would be our own claim, which proves nothing.
    ...['--s3-upload-cutoff', SINGLE_PUT, '--s3-disable-checksum'],
    ...(onBytes ? ['--stats', '1s', '--stats-log-level', 'NOTICE'] : ['--stats', '0']),
  ];
}

function toStoredObject(text: string): StoredObject | undefined {
  const { item } = JSON.parse(text) as {
    item: { Size: number; Hashes?: { md5?: string }; Metadata?: { sha256?: string } } | null;
  };
  if (item === null) return undefined;
  const md5 = item.Hashes?.md5;
  return {
    sizeBytes: item.Size,
    md5: md5 === '' || item.Size > SINGLE_PUT_BYTES ? undefined : md5,
    sha256: item.Metadata?.sha256,
  };
}

/** The statistics of rclone's log; after a failed attempt they go on counting. */
function tellBytes(line: string, artifact: Artifact, { onBytes }: PutOptions): void {
  const sent = /"stats":\{"bytes":(\d+)/.exec(line)?.[1];
  if (sent !== undefined) onBytes?.(Math.min(Number(sent), artifact.sizeBytes));
}
