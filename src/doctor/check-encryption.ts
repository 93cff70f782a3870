import type { TargetContext } from '../backup/context.ts';
import type { Check } from '../check.ts';
import { openEncryption } from '../encryption/encryption.ts';
import { fillIn, type Text } from '../language.ts';

/** Whether files can be encrypted for everybody who is named, and read back here. */
export async function checkEncryption(context: TargetContext, temporaryDirectory: string): Promise<Check[]> {
  const { settings, environment, signal } = context;
  const method = settings.BACKUP_ENCRYPTION;
  if (method === 'none') return [];
  const encryption = await openEncryption(method, { settings, environment, temporaryDirectory, signal });
  try {
    const count = settings.BACKUP_ENCRYPTION_RECIPIENTS?.length;
    const whom = count === undefined ? PASSPHRASE : fillIn(RECIPIENTS, { count });
    const id = 'encryption';
    if (encryption.canDecrypt) return [{ id, state: 'good', text: fillIn(READABLE, { method, whom }) }];
    return [{ id, state: 'warning', text: fillIn(UNREADABLE, { method, whom }), remedy: IDENTITY }];
  } finally {
    await encryption.close();
  }
}

const PASSPHRASE: Text = { en: 'a passphrase', zh: '口令' };
const RECIPIENTS: Text = { en: '{count} recipients', zh: '{count} 个接收者' };
const READABLE: Text = {
  en: '{method} with {whom}: backups can be read back and drilled here',
  zh: '{method}，{whom}：可在此处读回备份并演练',
};
const UNREADABLE: Text = {
  en: '{method} with {whom}: no identity is here, so backups can be neither read back nor drilled here',
  zh: '{method}，{whom}：此处没有身份文件，无法在此处读回备份或演练',
};
const IDENTITY: Text = {
  en: 'if they shall be: set BACKUP_ENCRYPTION_IDENTITY_FILE=/run/secrets/backup-identity',
  zh: '如需读回：设置 BACKUP_ENCRYPTION_IDENTITY_FILE=/run/secrets/backup-identity',
};
