import { downloadObject } from '../../src/storage/download.ts';
import { NAME, NEVER, sdkStore } from './sdk-test-store.ts';

// Downloads an object in a process of its own, which can be killed.
const [endpoint = '', uploadsDirectory = '', sizeBytes = '', rangeBytes = '', file = ''] =
  process.argv.slice(2);
await downloadObject(
  sdkStore(endpoint, uploadsDirectory),
  { name: NAME, sizeBytes: Number(sizeBytes) },
  file,
  { signal: NEVER, rangeBytes: Number(rangeBytes) },
);
