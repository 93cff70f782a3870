import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import type { Secret } from '../secret.ts';

/** One entry of a file's header: a kind with its arguments, and the wrapped key. */
export interface Stanza {
  readonly args: string[];
  readonly body: Uint8Array;
}

/** As the age program chooses it: 2^18 rounds, 256 MiB, about a second. */
const WORK_FACTOR = 18;
/** 1 GiB: what a file may ask of us. */
const HIGHEST_WORK_FACTOR = 20;
const LABEL = 'age-encryption.org/v1/scrypt';
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const CIPHER = 'chacha20-poly1305';
/** Each key wraps one file key only. */
const NONCE = Buffer.alloc(12);

/**
 * Wraps and unwraps file keys with a passphrase (the scrypt recipient of age-encryption.org/v1). The library's own counts in JavaScript: it
 * would stop everything else for seconds, lost locks and signals included, and leave 256 MiB to the garbage collector each time.
 */
export function passphraseKey(passphrase: Secret): {
  wrapFileKey(fileKey: Uint8Array): Promise<Stanza[]>;
  unwrapFileKey(stanzas: Stanza[]): Promise<Uint8Array | null>;
} {
  return {
    async wrapFileKey(fileKey) {
      const salt = randomBytes(SALT_BYTES);
      const cipher = createCipheriv(CIPHER, await stretch(passphrase, salt, WORK_FACTOR), NONCE, {
        authTagLength: TAG_BYTES,
      });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [{ args: ['scrypt', unpadded(salt), String(WORK_FACTOR)], body }];
    },
    async unwrapFileKey(stanzas) {
      const [stanza] = stanzas;
      const [kind, saltText = '', factorText = ''] = stanza?.args ?? [];
      if (!stanza || kind !== 'scrypt') return null;
      const salt = Buffer.from(saltText, 'base64');
      const isValid =
        stanzas.length === 1 &&
        stanza.args.length === 3 &&
        salt.length === SALT_BYTES &&
        unpadded(salt) === saltText &&
        /^[1-9]\d?$/.test(factorText) &&
        stanza.body.length > TAG_BYTES;
      if (!isValid) throw new Error('invalid scrypt stanza');
      if (Number(factorText) > HIGHEST_WORK_FACTOR) throw new Error('scrypt work factor is too high');
      const key = await stretch(passphrase, salt, Number(factorText));
      const decipher = createDecipheriv(CIPHER, key, NONCE, { authTagLength: TAG_BYTES });
      decipher.setAuthTag(stanza.body.subarray(-TAG_BYTES));
      const fileKey = decipher.update(stanza.body.subarray(0, -TAG_BYTES));
      try {
        decipher.final();
        return fileKey;
      } catch {
        // Another passphrase.
        return null;
      }
    },
  };
}

function stretch(passphrase: Secret, salt: Buffer, workFactor: number): Promise<Buffer> {
  const cost = 2 ** workFactor;
  const memoryBytes = 128 * 8 * cost;
  return new Promise((resolve, reject) => {
    scrypt(
      passphrase.reveal(),
      Buffer.concat([Buffer.from(LABEL), salt]),
      32,
      { N: cost, r: 8, p: 1, maxmem: 2 * memoryBytes },
      (error, key) => (error ? reject(error) : resolve(key)),
    );
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
