import { readFile } from 'node:fs/promises';
import type { Text } from '../language.ts';
import { encryptionFailed } from './failure.ts';

/**
 * The bytes of a key file, one character each.
 * @throws PgBackupError ENCRYPTION_FAILED that names the file.
 */
export async function readKeyFile(method: 'age' | 'gpg', file: string, remedy: Text): Promise<string> {
  try {
    return await readFile(file, 'latin1');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const detail = { en: `cannot read ${file} (${reason})`, zh: `无法读取 ${file}（${reason}）` };
    throw encryptionFailed(method, detail, remedy, error);
  }
}
