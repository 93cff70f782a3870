import { PgBackupError } from '../errors.ts';
import { isMissingObject } from './missing-object.ts';
import { OssFailure } from './oss-errors.ts';
import { isRcloneRefusal } from './rclone-failure.ts';

/** Whether a `get` that failed so may do better later: the way was cut, or the store busy. Not where it understood and said no. */
export function isPassingFault(error: unknown): boolean {
  if (!(error instanceof PgBackupError) || error.code !== 'STORE_FAILED') return false;
  if (error.cause instanceof OssFailure) return !error.cause.isRefusal;
  const { detail } = error.parameters;
  return !isMissingObject(error) && !(typeof detail === 'string' && isRcloneRefusal(detail));
}
