import type { Environment } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { fillIn, type Text } from '../language.ts';
import { Secret } from '../secret.ts';
import { firstCredentials, type Provider } from './credential-chain.ts';
import type { OssFailure } from './oss-errors.ts';

/** What OSS says of temporary keys that are past their time. */
const EXPIRED_KEY_CODES = ['SecurityTokenExpired', 'InvalidSecurityToken', 'InvalidAccessKeyId'];
/** Sources and the library keep keys themselves; this only keeps a crowd of requests from asking for each of them. */
const KEPT_MILLISECONDS = 30_000;

export interface OssKeys {
  readonly accessKeyId: Secret;
  readonly accessKeySecret: Secret;
  /** Belongs to temporary keys. */
  readonly securityToken?: Secret;
}

export interface OssCredentials {
  /**
   * Keys that stay valid for some minutes; renewed when they are near their end, or when `renew` says that they were refused.
   * @throws OssFailure CredentialsUnavailable
   */
  keys(options?: { readonly renew?: boolean }): Promise<OssKeys>;
}

/** The source of keys that OSS_CREDENTIALS names; nothing is asked before the first call of `keys`. */
export function openOssCredentials(settings: Settings, environment: Environment): OssCredentials {
  return settings.OSS_CREDENTIALS === 'chain' ? chainedKeys(environment) : settingsKeys(settings);
}

/**
 * Where the keys come from, for people; never a value.
 * @throws OssFailure CredentialsUnavailable, where OSS_CREDENTIALS=chain finds none
 */
export async function credentialSource(settings: Settings, environment: Environment): Promise<Text> {
  if (settings.OSS_CREDENTIALS === 'chain') {
    const { source, credentials } = await firstCredentials(environment);
    return fillIn(credentials.securityToken ? CHAIN_TEMPORARY : CHAIN, { source });
  }
  const places = (['OSS_ACCESS_KEY_ID', 'OSS_ACCESS_KEY_SECRET', 'OSS_SECURITY_TOKEN'] as const)
    .filter((name) => settings[name] !== undefined)
    .map((name) => {
      const file = environment[`${name}_FILE`];
      return file ? `${name}_FILE (${file})` : name;
    });
  return fillIn(settings.OSS_SECURITY_TOKEN ? TEMPORARY_KEYS : KEYS, { places: places.join(', ') });
}

const KEYS: Text = { en: 'keys: {places}', zh: '密钥：{places}' };
const TEMPORARY_KEYS: Text = {
  en: 'temporary keys, which nobody renews: {places}',
  zh: '临时密钥（不会自动刷新）：{places}',
};
const CHAIN: Text = {
  en: 'keys: OSS_CREDENTIALS=chain, {source}',
  zh: '密钥：OSS_CREDENTIALS=chain，{source}',
};
const CHAIN_TEMPORARY: Text = {
  en: 'keys: OSS_CREDENTIALS=chain, {source}, renewed before they expire',
  zh: '密钥：OSS_CREDENTIALS=chain，{source}，到期前自动刷新',
};

/** True where other keys may do better: these are temporary, and OSS does not know them, or no longer. */
export function isExpiredKey(failure: OssFailure, keys: OssKeys): boolean {
  return keys.securityToken !== undefined && EXPIRED_KEY_CODES.includes(failure.code);
}

/** Other keys than those that were refused; undefined where the source has none. */
export async function renewKeys(credentials: OssCredentials, refused: OssKeys): Promise<OssKeys | undefined> {
  const isOther = (keys: OssKeys): boolean =>
    keys.securityToken?.reveal() !== refused.securityToken?.reveal();
  // Another request may have been refused before, and have renewed them.
  const current = await credentials.keys();
  if (isOther(current)) return current;
  const renewed = await credentials.keys({ renew: true });
  return isOther(renewed) ? renewed : undefined;
}

function settingsKeys(settings: Settings): OssCredentials {
  const { OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, OSS_SECURITY_TOKEN } = settings;
  if (!OSS_ACCESS_KEY_ID || !OSS_ACCESS_KEY_SECRET) throw new Error('OSS settings were not checked');
  const keys = {
    accessKeyId: OSS_ACCESS_KEY_ID,
    accessKeySecret: OSS_ACCESS_KEY_SECRET,
    ...(OSS_SECURITY_TOKEN ? { securityToken: OSS_SECURITY_TOKEN } : {}),
  };
  return { keys: async () => keys };
}

function chainedKeys(environment: Environment): OssCredentials {
  let provider: Provider | undefined;
  let kept: { readonly keys: OssKeys; readonly until: number } | undefined;
  let asking: Promise<OssKeys> | undefined;

  const ask = async (renew: boolean): Promise<OssKeys> => {
    // A provider gives no new keys while it believes in its old ones: only another one asks the source again.
    const found =
      provider === undefined || renew ? await firstCredentials(environment) : await askAgain(provider);
    provider = found.provider;
    const { accessKeyId, accessKeySecret, securityToken } = found.credentials;
    const keys = {
      accessKeyId: new Secret(accessKeyId),
      accessKeySecret: new Secret(accessKeySecret),
      ...(securityToken ? { securityToken: new Secret(securityToken) } : {}),
    };
    kept = { keys, until: Date.now() + KEPT_MILLISECONDS };
    return keys;
  };
  const askAgain = async (
    known: Provider,
  ): Promise<Pick<Awaited<ReturnType<typeof firstCredentials>>, 'provider' | 'credentials'>> => {
    try {
      return { provider: known, credentials: await known.getCredentials() };
    } catch {
      return await firstCredentials(environment);
    }
  };

  return {
    async keys({ renew = false } = {}) {
      if (kept && !renew && Date.now() < kept.until) return kept.keys;
      asking ??= ask(renew).finally(() => {
        asking = undefined;
      });
      return await asking;
    },
  };
}
