import { parseRamPolicy, type RamPolicy } from './ram-policy.ts';

export interface Credential {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Makes the key a temporary one: requests must then carry this token. */
  readonly securityToken?: string;
  /** When the key ends, as Unix time by the server's clock; from then on SecurityTokenExpired. */
  readonly expiresAtMilliseconds?: number;
  /**
   * A RAM policy document (the parsed JSON): the key may do only what it allows. Without one the key may do everything,
   * as the account itself. See `ram-policy.ts` for what is understood; anything else is an error at once.
   */
  readonly policy?: unknown;
}

export interface KnownKey {
  readonly credential: Credential;
  readonly policy: RamPolicy | undefined;
}

/** The keys that the server knows at the moment. */
export class Credentials {
  readonly #keys = new Map<string, KnownKey>();

  constructor(credentials: readonly Credential[]) {
    for (const credential of credentials) this.add(credential);
  }

  /** Makes a key known, in the place of an earlier one of that id. Throws for a policy that is not understood. */
  add(credential: Credential): void {
    const policy = credential.policy === undefined ? undefined : parseRamPolicy(credential.policy);
    this.#keys.set(credential.accessKeyId, { credential, policy });
  }

  remove(accessKeyId: string): void {
    this.#keys.delete(accessKeyId);
  }

  find(accessKeyId: string): KnownKey | undefined {
    return this.#keys.get(accessKeyId);
  }
}
