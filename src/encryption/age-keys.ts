import type { Text } from '../language.ts';
import { encryptionFailed, IDENTITY_REMEDY, RECIPIENTS_REMEDY } from './failure.ts';
import { readKeyFile } from './key-file.ts';

export interface AgeKey {
  readonly text: string;
  /** For people: the word, or the file and line. Never a secret. */
  readonly place: string;
}

/** The recipients that the words name; a word that begins with / is a file with one on each line, `#` begins a comment. */
export async function ageRecipients(words: readonly string[]): Promise<AgeKey[]> {
  const keys: AgeKey[] = [];
  for (const word of words) {
    if (word.startsWith('/')) keys.push(...(await keysInFile(word, RECIPIENTS_REMEDY)));
    else keys.push({ text: word, place: isSecretKey(word) ? 'AGE-SECRET-KEY-…' : word });
  }
  for (const key of keys) {
    const problem = recipientProblem(key);
    if (problem) throw encryptionFailed('age', problem, RECIPIENTS_REMEDY);
  }
  return keys;
}

/** The identities in a file as age-keygen writes it. */
export async function ageIdentities(file: string): Promise<AgeKey[]> {
  const keys = await keysInFile(file, IDENTITY_REMEDY);
  for (const { text, place } of keys) {
    const problem = identityProblem(text, place);
    if (problem) throw encryptionFailed('age', problem, IDENTITY_REMEDY);
  }
  return keys;
}

async function keysInFile(file: string, remedy: Text): Promise<AgeKey[]> {
  const content = await readKeyFile('age', file, remedy);
  const keys = content.split('\n').flatMap((line, index): AgeKey[] => {
    const text = line.trim();
    return text === '' || text.startsWith('#') ? [] : [{ text, place: `${file}:${index + 1}` }];
  });
  if (keys.length > 0) return keys;
  throw encryptionFailed('age', { en: `${file} holds no key`, zh: `${file} 中没有密钥` }, remedy);
}

function recipientProblem({ text, place }: AgeKey): Text | undefined {
  if (isSecretKey(text)) {
    return {
      en: `${place} is a secret key where a recipient (age1…) belongs`,
      zh: `${place} 是私钥，此处应为接收者（age1…）`,
    };
  }
  // After the name of a plugin stands one more 1, which the data itself never holds (bech32).
  if (/^age1(?!(?:pq|tag|tagpq)1)[a-z0-9-]+1/.test(text)) {
    return {
      en: `${place} needs an age plugin, and plugins are not supported`,
      zh: `${place} 需要 age 插件，而插件不受支持`,
    };
  }
  if (/^(ssh-|ecdsa-|sk-)/.test(text)) {
    return {
      en: `${place} is an SSH key, which is not supported: only recipients that begin with age1`,
      zh: `${place} 是 SSH 密钥，不受支持：仅支持以 age1 开头的接收者`,
    };
  }
  return undefined;
}

function identityProblem(text: string, place: string): Text | undefined {
  if (/^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE)/.test(text)) {
    return {
      en: `${place}: the file is itself encrypted; it must hold the identities in the clear`,
      zh: `${place}：该文件本身已加密；应以明文保存身份`,
    };
  }
  if (text.startsWith('AGE-PLUGIN-')) {
    return {
      en: `${place} needs an age plugin, and plugins are not supported`,
      zh: `${place} 需要 age 插件，而插件不受支持`,
    };
  }
  return undefined;
}

function isSecretKey(text: string): boolean {
  return /^AGE-(SECRET-KEY|PLUGIN)-/i.test(text);
}
