import { PgBackupError } from '../errors.ts';
import type { Text } from '../language.ts';

/** No run is ever called so: the answer is that there is no such object. */
export const PROBE_NAME = '.pg-backup-probe';

const MISSING: Text = { en: 'there is no such object', zh: '没有该对象' };

/** The STORE_FAILED for an object that should be read and is not there. */
export function missingObject(object: string): PgBackupError {
  return new PgBackupError('STORE_FAILED', {
    object,
    detail: MISSING,
    remedy: { en: 'See what is there: pg-backup list', zh: '可查看现有内容：pg-backup list' },
  });
}

/** Whether that is what an error says. */
export function isMissingObject({ parameters }: PgBackupError): boolean {
  return parameters['detail'] === MISSING;
}
