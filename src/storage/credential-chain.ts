import type { CredentialsProvider } from '@alicloud/credentials';
import type { Environment } from '../config/load.ts';
import type { Text } from '../language.ts';
import { OssFailure } from './oss-errors.ts';

export type Provider = Pick<CredentialsProvider, 'getCredentials'>;
type Library = Awaited<ReturnType<typeof loadLibrary>>;
type Credentials = Awaited<ReturnType<Provider['getCredentials']>>;

interface Source {
  /** For people. */
  readonly name: string;
  /** Undefined where nothing names this source. */
  open(library: Library, environment: Environment): Provider | undefined;
}

/**
 * Asks the sources of Alibaba Cloud's default credential chain in its order, and returns the first that has keys; `source` is for people. The
 * variables are taken from `environment`, because the library's own chain reads those of the process alone, where an env file does not stand.
 * @throws OssFailure CredentialsUnavailable
 */
export async function firstCredentials(
  environment: Environment,
): Promise<{ readonly source: string; readonly provider: Provider; readonly credentials: Credentials }> {
  const library = await loadLibrary();
  const refusals: Text[] = [];
  for (const { name, open } of SOURCES) {
    try {
      const provider = open(library, environment);
      if (provider === undefined) continue;
      return { source: name, provider, credentials: await provider.getCredentials() };
    } catch (error) {
      const { en, zh } = reasonOf(error);
      refusals.push({ en: `${name}: ${en}`, zh: `${name}：${zh}` });
    }
  }
  const remark = {
    en: refusals.map(({ en }) => en).join('; '),
    zh: refusals.map(({ zh }) => zh).join('；'),
  };
  throw new OssFailure({ code: 'CredentialsUnavailable', remark });
}

/** Only some installations need it. */
function loadLibrary() {
  return import('@alicloud/credentials');
}

/** https://help.aliyun.com/zh/sdk/developer-reference/v2-manage-node-js-access-credentials, "default credential provider chain". */
const SOURCES: readonly Source[] = [
  {
    name: 'ALIBABA_CLOUD_ACCESS_KEY_ID',
    open(library, environment) {
      const id = environment['ALIBABA_CLOUD_ACCESS_KEY_ID'];
      const secret = environment['ALIBABA_CLOUD_ACCESS_KEY_SECRET'];
      const token = environment['ALIBABA_CLOUD_SECURITY_TOKEN'];
      if (!id || !secret) return undefined;
      if (!token) {
        return library.StaticAKCredentialsProvider.builder()
          .withAccessKeyId(id)
          .withAccessKeySecret(secret)
          .build();
      }
      return library.StaticSTSCredentialsProvider.builder()
        .withAccessKeyId(id)
        .withAccessKeySecret(secret)
        .withSecurityToken(token)
        .build();
    },
  },
  {
    name: 'OIDC (RRSA)',
    open(library, environment) {
      const role = environment['ALIBABA_CLOUD_ROLE_ARN'];
      const identityProvider = environment['ALIBABA_CLOUD_OIDC_PROVIDER_ARN'];
      const tokenFile = environment['ALIBABA_CLOUD_OIDC_TOKEN_FILE'];
      if (!role || !identityProvider || !tokenFile) return undefined;
      return library.OIDCRoleArnCredentialsProvider.builder()
        .withRoleArn(role)
        .withOIDCProviderArn(identityProvider)
        .withOIDCTokenFilePath(tokenFile)
        .withRoleSessionName(environment['ALIBABA_CLOUD_ROLE_SESSION_NAME'] ?? '')
        .withStsRegionId(environment['ALIBABA_CLOUD_STS_REGION'] ?? '')
        .withEnableVpc(isTrue(environment['ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED']))
        .build();
    },
  },
  {
    name: '~/.aliyun/config.json',
    open(library, environment) {
      if (isTrue(environment['ALIBABA_CLOUD_CLI_PROFILE_DISABLED'])) return undefined;
      return library.CLIProfileCredentialsProvider.builder()
        .withProfileName(environment['ALIBABA_CLOUD_PROFILE'] ?? '')
        .build();
    },
  },
  {
    name: '~/.alibabacloud/credentials',
    open: (library, environment) =>
      library.ProfileCredentialsProvider.builder()
        .withProfileName(environment['ALIBABA_CLOUD_PROFILE'] ?? '')
        .build(),
  },
  {
    name: 'ECS RAM role',
    open(library, environment) {
      if (isTrue(environment['ALIBABA_CLOUD_ECS_METADATA_DISABLED'])) return undefined;
      return library.ECSRAMRoleCredentialsProvider.builder()
        .withRoleName(environment['ALIBABA_CLOUD_ECS_METADATA'] ?? '')
        .withDisableIMDSv1(isTrue(environment['ALIBABA_CLOUD_IMDSV1_DISABLED']))
        .build();
    },
  },
  {
    name: 'ALIBABA_CLOUD_CREDENTIALS_URI',
    open(library, environment) {
      const uri = environment['ALIBABA_CLOUD_CREDENTIALS_URI'];
      return uri ? library.URICredentialsProvider.builder().withCredentialsURI(uri).build() : undefined;
    },
  },
];

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true';
}

/** What may be told: the library's messages repeat whole answers and whole files, with the keys in them. */
function reasonOf(error: unknown): Text {
  const { code, name, message } = error as { code?: unknown; name?: string; message?: string };
  if (typeof code === 'string' && /^[A-Z_]+$/.test(code)) return asItIs(code);
  if (/Timeout/.test(`${name} ${message?.slice(0, 40)}`)) return { en: 'timeout', zh: '超时' };
  const status = /\b(?:httpStatus: |security-credentials\/\S* )(\d{3})\b/.exec(message ?? '')?.[1];
  const answered = /"Code"\s*:\s*"([A-Za-z.]{1,80})"/.exec(message ?? '')?.[1];
  if (answered) return asItIs(answered);
  if (status) return asItIs(`HTTP ${status}`);
  if (message?.startsWith('reading aliyun cli config')) return asItIs('ENOENT');
  return { en: 'no keys', zh: '没有密钥' };
}

/** A code is the same in every language. */
function asItIs(code: string): Text {
  return { en: code, zh: code };
}
