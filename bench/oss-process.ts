import { createInterface } from 'node:readline';
import { BUCKET, startOssBucket } from '../test/integration/oss-bucket.ts';

/** The prefix of all objects. */
export const PREFIX = 'postgres/backups';

/**
 * The OSS stand-in in a process of its own, so that it shares no thread with who measures. It prints the settings for uploads as a line of JSON;
 * each line that it reads makes it remove all objects and print their sizes; it ends with its input.
 */
async function serve(): Promise<void> {
  // Ctrl-C reaches every process of the terminal: this one ends with who started it.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});
  const bucket = await startOssBucket();
  try {
    process.stdout.write(`${JSON.stringify(bucket.settings(PREFIX))}\n`);
    for await (const _ of createInterface({ input: process.stdin })) {
      const objects = bucket.server.objects(BUCKET);
      for (const { key } of objects) await bucket.remove(key);
      process.stdout.write(`${JSON.stringify(objects.map(({ sizeBytes }) => sizeBytes))}\n`);
    }
  } finally {
    await bucket.close();
  }
}

if (import.meta.main) await serve();
