import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Encryption } from '../encryption/encryption.ts';
import { PRIVATE_FILE_MODE, publishFile, syncDirectory } from '../files/durable-files.ts';
import type { RunFiles } from '../files/layout.ts';
import { onDisk } from '../files/storage-error.ts';
import { type Fingerprint, writeFingerprint } from '../fingerprint/fingerprint.ts';
import type { Artifact } from '../report/record.ts';
import type { StoreChecksum } from '../storage/store.ts';
import { checksumLine, measureFile } from './checksum.ts';

/**
 * Writes the checksum of the dump, measures the other partial files and gives all their final names, durably; the dump comes last, so that where
 * it is, everything is. Returns the artifacts, the dump first.
 */
export async function completeFiles(
  files: RunFiles,
  dump: Artifact,
  options: {
    readonly withGlobals: boolean;
    /** To be bound to the dump and the globals, whose sha256 are known only here. */
    readonly fingerprint?: Omit<Fingerprint, 'dumpSha256' | 'globalsSha256'> | undefined;
    readonly encryption?: Encryption | undefined;
    readonly also: StoreChecksum | undefined;
    readonly signal: AbortSignal;
  },
): Promise<Artifact[]> {
  const { withGlobals, fingerprint, encryption, also, signal } = options;
  await onDisk(files.checksum, () =>
    writeFile(files.partialChecksum, checksumLine(dump), { mode: PRIVATE_FILE_MODE, flag: 'wx' }),
  );
  const checksum = await measureFile(files.partialChecksum, files.checksum, { also });
  const globals = withGlobals ? [await measureFile(files.partialGlobals, files.globals, { also })] : [];
  if (fingerprint) {
    const text = writeFingerprint({
      ...fingerprint,
      dumpSha256: dump.sha256,
      ...(globals[0] ? { globalsSha256: globals[0].sha256 } : {}),
    });
    await writeSmallFile(files.partialFingerprint, text, encryption, signal);
  }
  const fingerprints = fingerprint
    ? [await measureFile(files.partialFingerprint, files.fingerprint, { also })]
    : [];

  if (fingerprint) await publishFile(files.partialFingerprint, files.fingerprint);
  if (withGlobals) await publishFile(files.partialGlobals, files.globals);
  await publishFile(files.partialChecksum, files.checksum);
  await publishFile(files.partialDump, files.dump);
  await syncDirectory(dirname(files.dump));
  return [dump, checksum, ...globals, ...fingerprints];
}

async function writeSmallFile(
  path: string,
  text: string,
  encryption: Encryption | undefined,
  signal: AbortSignal,
): Promise<void> {
  const plain = Readable.from([Buffer.from(text)]);
  const file = createWriteStream(path, { flags: 'wx', mode: PRIVATE_FILE_MODE });
  await onDisk(path, () => pipeline(encryption ? encryption.encrypt(plain, signal) : plain, file));
}
