import { fileURLToPath } from 'node:url';
import staticFiles from '@fastify/static';
import type { App } from './app.ts';

/** What is given out as it is: the names are taken once, at the start. */
const DIRECTORY = fileURLToPath(new URL('../assets', import.meta.url));

export async function serveStaticFiles(app: App): Promise<void> {
  await app.register(staticFiles, {
    root: DIRECTORY,
    wildcard: false,
    dotfiles: 'ignore',
    // The guard's headers say how long anything may be kept.
    cacheControl: false,
  });
}
