import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PgBackupError } from '../errors.ts';
import { findCommand, isExecutable, pathDirectories, runCommand } from '../exec.ts';
import { PRIVATE_DIRECTORY_MODE, PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import { onDisk } from '../files/storage-error.ts';
import { headObject } from './oss-head.ts';
import { type OssTarget, objectUrl } from './oss-target.ts';
import type { Store } from './store.ts';

const HANDBOOK_NAME = 'ossutil64';
const NAMES = [HANDBOOK_NAME, 'ossutil'];
/** No run is ever called so: the answer is that there is no such object. */
const PROBE_NAME = '.pg-backup-probe';
const MAXIMUM_CHARACTERS = 600;
const RETRIES = 5;

export interface OssutilOptions {
  readonly target: OssTarget;
  /** Private directory of the run: the keys go into a file there, and whatever ossutil litters. */
  readonly temporaryDirectory: string;
  readonly searchPath: string | undefined;
}

/**
 * A store that uploads with ossutil 1.7 and asks OSS through the SDK.
 * @throws PgBackupError COMMAND_MISSING
 */
export async function openOssutilStore(options: OssutilOptions): Promise<Store> {
  const { target } = options;
  const ossutil = findOssutil(options.searchPath);
  const directory = join(options.temporaryDirectory, 'ossutil');
  const configFile = join(directory, 'config');
  await onDisk(directory, async () => {
    await mkdir(directory, { mode: PRIVATE_DIRECTORY_MODE });
    await writeFile(configFile, configText(target), { mode: PRIVATE_FILE_MODE });
  });

  return {
    checksum: 'crc64',
    url: (name) => objectUrl(target, name),
    stat: (name, signal) => headObject(target, name, signal),
    async probe(signal) {
      await headObject(target, PROBE_NAME, signal, { retries: 0 });
    },
    async put(file, artifact, { overwrite, signal }) {
      const metadata = [
        `x-oss-meta-sha256:${artifact.sha256}`,
        ...(overwrite ? [] : ['x-oss-forbid-overwrite:true']),
      ];
      const result = await runCommand({
        file: ossutil,
        args: [
          ...['cp', file, objectUrl(target, artifact.name), '--force'],
          ...['--config-file', configFile, '--sign-version', 'v4', '--region', target.region],
          ...['--output-dir', join(directory, 'output'), '--checkpoint-dir', join(directory, 'checkpoint')],
          ...['--retry-times', String(RETRIES), '--meta', metadata.join('#')],
        ],
        environment: { HOME: directory, LC_ALL: 'C', PATH: '/usr/bin:/bin' },
        workingDirectory: directory,
        signal,
      });
      signal.throwIfAborted();
      // ossutil writes its errors to stdout, and its progress with them.
      const said = `${result.stdout}\n${result.stderr}`;
      if (result.exitCode !== 0 || /^Error:/m.test(said)) {
        const object = objectUrl(target, artifact.name);
        if (said.includes('FileAlreadyExists')) throw new PgBackupError('OBJECT_EXISTS', { object });
        throw new PgBackupError('UPLOAD_FAILED', { object, detail: describe(said) });
      }
    },
  };
}

function findOssutil(searchPath: string | undefined): string {
  const directories = pathDirectories(searchPath);
  const installed = NAMES.find((name) =>
    directories.some((directory) => isExecutable(join(directory, name))),
  );
  return findCommand(
    installed ?? HANDBOOK_NAME,
    directories,
    'https://help.aliyun.com/zh/oss/developer-reference/ossutil-1-0/',
  );
}

function configText(target: OssTarget): string {
  return [
    '[Credentials]',
    'language=EN',
    `endpoint=${target.endpoint}`,
    `accessKeyID=${target.accessKeyId.reveal()}`,
    `accessKeySecret=${target.accessKeySecret.reveal()}`,
    '',
  ].join('\n');
}

/** The facts of ossutil's error text: what OSS answered, without progress lines and without bodies. */
function describe(said: string): string {
  const line =
    said.split(/[\r\n]/).find((text) => text.startsWith('Error:')) ??
    said
      .trim()
      .split(/[\r\n]/)
      .at(-1) ??
    '';
  // A cut in the middle of a word could leave a part of a secret that no scrubber knows.
  return line.length <= MAXIMUM_CHARACTERS ? line : line.slice(0, MAXIMUM_CHARACTERS).replace(/\s*\S*$/, '');
}
