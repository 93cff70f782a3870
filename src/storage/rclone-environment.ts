import type { Environment } from '../config/load.ts';
import { createScrub, type Scrub } from '../scrub.ts';
import { Secret } from '../secret.ts';

/**
 * What configures a remote, as it is in rclone's documentation; everything else stays out, such as RCLONE_DUMP, which prints keys, and
 * RCLONE_DRY_RUN, which uploads nothing.
 */
const PASSED =
  /^(PATH|HOME|XDG_CONFIG_HOME|RCLONE_CONFIG|RCLONE_CONFIG_\w.*|RCLONE_PASSWORD_COMMAND|RCLONE_CA_CERT|RCLONE_CLIENT_(CERT|KEY|PASS)|SSL_CERT_(FILE|DIR)|(HTTPS?|NO)_PROXY|(https?|no)_proxy|(AWS|AZURE|GOOGLE)_\w+)$/;
/** rclone before 1.68 cannot open an S3 remote where it is set; RCLONE_CA_CERT and SSL_CERT_FILE do the same. */
const KEPT_OUT = 'AWS_CA_BUNDLE';
const SECRET_NAME = /PASS|SECRET|KEY|TOKEN|CREDENTIAL|SAS/;
/** Values such as `true` would match all over a text. */
const SHORTEST_SECRET = 6;

/** The switches of the backends that would create a missing bucket; on S3 it is an option of the command line. */
const NEVER_CREATE_BUCKETS = {
  RCLONE_GCS_NO_CHECK_BUCKET: 'true',
  RCLONE_AZUREBLOB_NO_CHECK_CONTAINER: 'true',
  RCLONE_OOS_NO_CHECK_BUCKET: 'true',
};

/** The whole environment of an rclone. */
export function rcloneEnvironment(
  environment: Environment,
  temporaryDirectory: string,
): Readonly<Record<string, string>> {
  return { ...passed(environment), ...NEVER_CREATE_BUCKETS, TMPDIR: temporaryDirectory };
}

/** Takes the keys that stand in the environment out of a text. */
export function rcloneScrub(environment: Environment): Scrub {
  const secrets = Object.entries(passed(environment)).filter(
    ([name, value]) => SECRET_NAME.test(name) && value.length >= SHORTEST_SECRET,
  );
  return createScrub(secrets.map(([, value]) => new Secret(value)));
}

function passed(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && name !== KEPT_OUT && PASSED.test(name) ? [[name, value]] : [],
    ),
  );
}
