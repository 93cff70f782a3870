import { type Encryption, openEncryption } from '../encryption/encryption.ts';
import type { EncryptionMethod } from '../files/layout.ts';
import { type Client, findClients } from '../postgres/clients.ts';
import { clientEnvironment } from '../postgres/connection.ts';
import type { BackupContext } from './context.ts';
import { verifyArchive } from './verify.ts';

/** Reads archives back without a database; programs and keys are looked for when the first archive needs them. */
export interface ArchiveReader {
  /**
   * Reads an archive in full; false where it is encrypted and nothing here can decrypt it.
   * @throws PgBackupError ARCHIVE_DAMAGED, ENCRYPTION_FAILED, COMMAND_MISSING
   */
  read(file: string, method: EncryptionMethod): Promise<boolean>;
  close(): Promise<void>;
}

/** A reader that uses the newest client, and the identity or passphrase of the settings. */
export function openArchiveReader(context: BackupContext, temporaryDirectory: string): ArchiveReader {
  const { settings, environment, signal } = context;
  let clients: Promise<Client[]> | undefined;
  const encryptions = new Map<EncryptionMethod, Encryption>();

  const encryptionFor = async (method: 'age' | 'gpg'): Promise<Encryption> => {
    const opened =
      encryptions.get(method) ??
      (await openEncryption(method, { settings, environment, temporaryDirectory, readOnly: true }));
    encryptions.set(method, opened);
    return opened;
  };
  return {
    async read(file, method) {
      const encryption = method === 'none' ? undefined : await encryptionFor(method);
      if (encryption?.canDecrypt === false) return false;
      clients ??= findClients(settings.PG_BIN_DIR, environment['PATH']);
      const [newest] = await clients;
      if (!newest) return false;
      await verifyArchive(newest, file, {
        environment: clientEnvironment(environment, undefined),
        signal,
        encryption,
      });
      return true;
    },
    async close() {
      for (const encryption of encryptions.values()) await encryption.close();
    },
  };
}
