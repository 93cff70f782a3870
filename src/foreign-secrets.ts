import { Secret } from './secret.ts';

/** Of rclone's remotes and the clouds that they lead to, and of the credentials chain of Alibaba Cloud. */
const OWNER = /^(RCLONE|AWS|AZURE|GOOGLE|ALIBABA_CLOUD)_/;
const KIND = /PASS|SECRET|KEY|TOKEN|CREDENTIAL|SAS/;
/** Values such as `true` would match all over a text. */
const SHORTEST_SECRET = 6;

/** The secrets among the variables of programs that we start or libraries that we use; those that name a file hold none. */
export function foreignSecrets(environment: Readonly<Record<string, string | undefined>>): Secret[] {
  return Object.entries(environment).flatMap(([name, value = '']) => {
    const isSecret = OWNER.test(name) && KIND.test(name) && !name.endsWith('_FILE');
    return isSecret && value.length >= SHORTEST_SECRET ? [new Secret(value)] : [];
  });
}
