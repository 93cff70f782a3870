import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PRIVATE_FILE_MODE, publishFile, syncDirectory } from '../files/durable-files.ts';
import type { RunFiles } from '../files/layout.ts';
import { onDisk } from '../files/storage-error.ts';
import type { Artifact } from '../report/record.ts';
import type { StoreChecksum } from '../storage/store.ts';
import { checksumLine, measureFile } from './checksum.ts';

/**
 * Measures the partial files, writes the checksum and gives all their final names, durably; the dump comes last, so that where it is,
 * everything is. Returns the artifacts, the dump first.
 */
export async function completeFiles(
  files: RunFiles,
  options: {
    readonly withGlobals: boolean;
    readonly also: StoreChecksum | undefined;
    readonly signal: AbortSignal;
    readonly onBytes: (done: number) => void;
  },
): Promise<Artifact[]> {
  const { withGlobals, also, signal, onBytes } = options;
  const dump = await measureFile(files.partialDump, files.dump, { also, signal, onBytes });
  await onDisk(files.checksum, () =>
    writeFile(files.partialChecksum, checksumLine(dump), { mode: PRIVATE_FILE_MODE, flag: 'wx' }),
  );
  const checksum = await measureFile(files.partialChecksum, files.checksum, { also });
  const globals = withGlobals ? [await measureFile(files.partialGlobals, files.globals, { also })] : [];

  if (withGlobals) await publishFile(files.partialGlobals, files.globals);
  await publishFile(files.partialChecksum, files.checksum);
  await publishFile(files.partialDump, files.dump);
  await syncDirectory(dirname(files.dump));
  return [dump, checksum, ...globals];
}
