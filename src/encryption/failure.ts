import { PgBackupError } from '../errors.ts';
import type { Text } from '../language.ts';

/** ENCRYPTION_FAILED with what happened and what to do. */
export function encryptionFailed(
  method: 'age' | 'gpg',
  detail: Text | string,
  remedy: Text,
  cause?: unknown,
): PgBackupError {
  return new PgBackupError('ENCRYPTION_FAILED', { method, detail, remedy }, cause);
}

/** ENCRYPTION_FAILED for a file that is not what was written, whoever has the keys. */
export function damagedFile(method: 'age' | 'gpg', detail: Text | string, cause?: unknown): PgBackupError {
  return new PgBackupError(
    'ENCRYPTION_FAILED',
    { method, detail, remedy: DAMAGED_REMEDY, fault: 'damage' },
    cause,
  );
}

/** True for what `damagedFile` made; any other ENCRYPTION_FAILED says nothing against the file. */
export function tellsDamage({ code, parameters }: PgBackupError): boolean {
  return code === 'ENCRYPTION_FAILED' && parameters['fault'] === 'damage';
}

const DAMAGED_REMEDY: Text = {
  en: 'The file is damaged or cut short: check the disk below BACKUP_BASE_DIR, and use another copy or make a new backup.',
  zh: '文件已损坏或不完整：请检查 BACKUP_BASE_DIR 所在磁盘，并使用其他副本或重新备份。',
};

export const WRONG_KEY_REMEDY: Text = {
  en: 'Set BACKUP_ENCRYPTION_IDENTITY_FILE or BACKUP_ENCRYPTION_PASSPHRASE to what belongs to this file.',
  zh: '请将 BACKUP_ENCRYPTION_IDENTITY_FILE 或 BACKUP_ENCRYPTION_PASSPHRASE 设为与该文件对应的值。',
};

export const RECIPIENTS_REMEDY: Text = {
  en: 'Correct BACKUP_ENCRYPTION_RECIPIENTS.',
  zh: '请更正 BACKUP_ENCRYPTION_RECIPIENTS。',
};

export const IDENTITY_REMEDY: Text = {
  en: 'Correct BACKUP_ENCRYPTION_IDENTITY_FILE, or leave it out: backups are then not read back here.',
  zh: '请更正 BACKUP_ENCRYPTION_IDENTITY_FILE，或不设置它：此时备份不会在此处读回。',
};

/** What broke off a stream before its end, where that was not told already. */
export function brokenOff(method: 'age' | 'gpg', error: Error): Error {
  if (error instanceof PgBackupError) return error;
  const detail: Text = {
    en: `its input broke off (${error.message})`,
    zh: `其输入中断（${error.message}）`,
  };
  const remedy: Text = { en: 'The log of this run says more.', zh: '详见本次运行的日志。' };
  return encryptionFailed(method, detail, remedy, error);
}
