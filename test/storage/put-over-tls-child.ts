import { loadSettings } from '../../src/config/load.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { bucket, temporaryKey } from '../oss-server/clients.ts';
import { testFile } from './contract/store-under-test.ts';

// Uploads a small file in a process of its own: Node reads NODE_EXTRA_CA_CERTS when it starts.
const [tool = '', endpoint = '', directory = ''] = process.argv.slice(2);
const written = {
  ...{ PG_HOST: 'db', PG_DATABASE: 'd', PG_USER: 'u', BACKUP_MODE: 'oss', BACKUP_UPLOAD_TOOL: tool },
  ...{ OSS_BUCKET: bucket, OSS_ENDPOINT: endpoint, OSS_REGION: 'cn-hangzhou' },
  ...{ OSS_ACCESS_KEY_ID: temporaryKey.accessKeyId, OSS_ACCESS_KEY_SECRET: temporaryKey.accessKeySecret },
  OSS_SECURITY_TOKEN: temporaryKey.securityToken,
};
const { settings } = loadSettings(written, () => '', 'en');
const store = await openStore({
  ...{ settings, environment: process.env, temporaryDirectory: directory, uploadsDirectory: directory },
});
if (!store) throw new Error('mode oss has a store');
const { signal } = new AbortController();
// Asked once, while a put would try for minutes.
await store.probe(signal);
const { path, artifact } = await testFile(store, directory, 'x', 'content');
await store.put(path, artifact, { overwrite: false, signal });
console.log((await store.stat('x', signal))?.crc64 === artifact.crc64 ? 'the same' : 'another');
