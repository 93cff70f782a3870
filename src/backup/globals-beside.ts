import { setTimeout } from 'node:timers/promises';
import type { Encryption } from '../encryption/encryption.ts';
import { PgBackupError } from '../errors.ts';
import { removeFiles } from '../files/durable-files.ts';
import type { Client } from '../postgres/clients.ts';
import type { DatabaseAccess } from './database-access.ts';
import { dumpGlobals } from './globals.ts';
import type { RunStage } from './stages.ts';

/** After pg_dump: a server process outlives its client for a moment. */
const ATTEMPTS = 5;
const PAUSE_MILLISECONDS = 200;

/**
 * Writes the globals to `file` while pg_dump works, from when it has begun to write: it has its connection then. Where there is none left for this,
 * again once pg_dump has ended, and the server has noticed that.
 * @throws as dumpGlobals
 */
export async function globalsBeside(
  access: DatabaseAccess,
  client: Client,
  file: string,
  options: {
    readonly encryption: Encryption | undefined;
    readonly stage: RunStage;
    readonly dumpBegins: Promise<unknown>;
    readonly dumpEnds: Promise<unknown>;
  },
): ReturnType<typeof dumpGlobals> {
  const { encryption, stage, dumpBegins, dumpEnds } = options;
  await Promise.race([dumpBegins, dumpEnds]);
  return stage('globals', async () => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await dumpGlobals(access, client, file, encryption);
      } catch (error) {
        if (!isWithoutConnection(error) || attempt === ATTEMPTS) throw error;
      }
      await dumpEnds;
      if (attempt > 0) await setTimeout(PAUSE_MILLISECONDS);
      await removeFiles([file]);
    }
  });
}

/** pg_dumpall may leave out the server's own words (connectDatabase). */
function isWithoutConnection(error: unknown): boolean {
  if (!(error instanceof PgBackupError)) return false;
  const saysSo = /could not connect to database/.test(String(error.parameters['detail']));
  // What ends all connections is told by the dump.
  const isCutOff = error.code === 'CONNECTION_FAILED' || error.code === 'CONNECTION_LOST';
  return isCutOff || (error.code === 'GLOBALS_FAILED' && saysSo);
}
