import { PgBackupError } from '../errors.ts';

/** The STORE_FAILED for an object that should be read and is not there. */
export function missingObject(object: string): PgBackupError {
  return new PgBackupError('STORE_FAILED', {
    object,
    detail: { en: 'there is no such object', zh: '没有该对象' },
    remedy: { en: 'See what is there: pg-backup list', zh: '可查看现有内容：pg-backup list' },
  });
}
