import type { Environment } from '../config/load.ts';
import { foreignSecrets } from '../foreign-secrets.ts';
import { createScrub, type Scrub } from '../scrub.ts';

/**
 * What configures a remote, as it is in rclone's documentation; everything else stays out, such as RCLONE_DUMP, which prints keys, and
 * RCLONE_DRY_RUN, which uploads nothing.
 */
const PASSED =
  /^(PATH|HOME|XDG_CONFIG_HOME|RCLONE_CONFIG|RCLONE_CONFIG_\w.*|RCLONE_PASSWORD_COMMAND|RCLONE_CA_CERT|RCLONE_CLIENT_(CERT|KEY|PASS)|SSL_CERT_(FILE|DIR)|(HTTPS?|NO)_PROXY|(https?|no)_proxy|(AWS|AZURE|GOOGLE)_\w+)$/;
/** rclone before 1.68 cannot open an S3 remote where it is set; RCLONE_CA_CERT and SSL_CERT_FILE do the same. */
const KEPT_OUT = 'AWS_CA_BUNDLE';

/**
 * Switches of single backends, which on S3 are options of the command line: a missing bucket is not created, and an object that comes in
 * parts gets no MD5 from rclone, which would be our own claim.
 */
const BACKEND_SWITCHES = {
  RCLONE_GCS_NO_CHECK_BUCKET: 'true',
  RCLONE_AZUREBLOB_NO_CHECK_CONTAINER: 'true',
  RCLONE_OOS_NO_CHECK_BUCKET: 'true',
  RCLONE_AZUREBLOB_DISABLE_CHECKSUM: 'true',
  RCLONE_OOS_DISABLE_CHECKSUM: 'true',
};

/** The whole environment of an rclone. */
export function rcloneEnvironment(
  environment: Environment,
  temporaryDirectory: string,
): Readonly<Record<string, string>> {
  return { ...passed(environment), ...BACKEND_SWITCHES, TMPDIR: temporaryDirectory };
}

/** Takes the keys that stand in the environment out of a text. */
export function rcloneScrub(environment: Environment): Scrub {
  return createScrub(foreignSecrets(passed(environment)));
}

function passed(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && name !== KEPT_OUT && PASSED.test(name) ? [[name, value]] : [],
    ),
  );
}
