import { Secret } from './secret.ts';

/** Of rclone's remotes and the clouds that they lead to, and of the credentials chain of Alibaba Cloud. */
const OWNER = /^(RCLONE|AWS|AZURE|GOOGLE|ALIBABA_CLOUD)_/;
const KIND = /PASS|SECRET|KEY|TOKEN|CREDENTIAL|SAS/;
/** Values such as `true` would match all over a text. */
const SHORTEST_SECRET = 6;

type Environment = Readonly<Record<string, string | undefined>>;

/** The secrets among the variables of programs that we start or libraries that we use; those that name a file hold none. */
export function foreignSecrets(environment: Environment): Secret[] {
  return foreignSecretNames(environment).flatMap((name) => {
    const value = environment[name] ?? '';
    return value.length >= SHORTEST_SECRET ? [new Secret(value)] : [];
  });
}

/** The names of those variables. */
export function foreignSecretNames(environment: Environment): string[] {
  return Object.keys(environment).filter(
    (name) => OWNER.test(name) && KIND.test(name) && !name.endsWith('_FILE'),
  );
}
