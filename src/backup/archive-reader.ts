import { type Encryption, openEncryption } from '../encryption/encryption.ts';
import { tellsDamage } from '../encryption/failure.ts';
import { PgBackupError } from '../errors.ts';
import type { EncryptionMethod } from '../files/layout.ts';
import { howToGet } from '../how-to-get.ts';
import { type Client, findClients } from '../postgres/clients.ts';
import { clientEnvironment } from '../postgres/connection.ts';
import type { BackupContext } from './context.ts';
import { verifyArchive } from './verify-archive.ts';

/** Reads archives back without a database; programs and keys are looked for when the first archive needs them. */
export interface ArchiveReader {
  /**
   * Reads an archive in full; `no-keys` where it is encrypted and nothing here can decrypt it, `other-method` where the settings have gone
   * over to another method and their keys do not open it.
   * @throws PgBackupError ARCHIVE_DAMAGED, ENCRYPTION_FAILED, COMMAND_MISSING
   */
  read(file: string, method: EncryptionMethod): Promise<'read' | 'no-keys' | 'other-method'>;
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
      (await openEncryption(method, { settings, environment, temporaryDirectory, signal, readOnly: true }));
    encryptions.set(method, opened);
    return opened;
  };
  const read = async (file: string, method: EncryptionMethod): Promise<'read' | 'no-keys'> => {
    const encryption = method === 'none' ? undefined : await encryptionFor(method);
    if (encryption?.canDecrypt === false) return 'no-keys';
    clients ??= findClients(settings.PG_BIN_DIR, environment['PATH']);
    const [newest] = await clients;
    if (!newest) throw noClient(settings.PG_BIN_DIR);
    await verifyArchive(newest, file, {
      environment: clientEnvironment(environment, undefined),
      signal,
      encryption,
    });
    return 'read';
  };
  return {
    async read(file, method) {
      try {
        return await read(file, method);
      } catch (error) {
        signal.throwIfAborted();
        const { BACKUP_ENCRYPTION: current } = settings;
        if (method === 'none' || current === 'none' || current === method || !isForWantOfKeys(error)) {
          throw error;
        }
        return 'other-method';
      }
    },
    async close() {
      for (const encryption of encryptions.values()) await encryption.close();
    },
  };
}

function isForWantOfKeys(error: unknown): boolean {
  return error instanceof PgBackupError && error.code === 'ENCRYPTION_FAILED' && !tellsDamage(error);
}

function noClient(directory: string | undefined): PgBackupError {
  const places = directory ?? 'PATH';
  return new PgBackupError('COMMAND_MISSING', {
    ...{ command: 'pg_restore', places },
    remedy: howToGet().client(),
  });
}
