import { readFileSync } from 'node:fs';
import { artifactOf, NEVER, sdkStore } from './sdk-test-store.ts';

// Uploads a file in a process of its own, which can be killed.
const [endpoint = '', uploadsDirectory = '', path = ''] = process.argv.slice(2);
const store = sdkStore(endpoint, uploadsDirectory);
await store.put(path, artifactOf(readFileSync(path)), { overwrite: false, signal: NEVER });
