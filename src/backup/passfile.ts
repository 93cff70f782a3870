import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import { onDisk } from '../files/storage-error.ts';
import { passfileText } from '../postgres/connection.ts';
import type { Secret } from '../secret.ts';

/** Writes the password where libpq looks for it, into a private directory; returns the path, undefined where there is no password. */
export async function writePassfile(
  password: Secret | undefined,
  directory: string,
  name = 'pgpass',
): Promise<string | undefined> {
  if (!password) return undefined;
  const passfile = join(directory, name);
  await onDisk(passfile, () =>
    writeFile(passfile, passfileText(password.reveal()), { mode: PRIVATE_FILE_MODE }),
  );
  return passfile;
}
