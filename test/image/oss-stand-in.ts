// An OSS server with the bucket "backups" for containers to reach; prints its port. Arguments: a directory for the objects, and
// the one with the secrets of compose/oss.yaml.
import { mkdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { startOssServer } from '../oss-server/server.ts';

const [dataDirectory = '', secrets = ''] = process.argv.slice(2);
mkdirSync(dataDirectory);
const read = (name: string): string => readFileSync(join(secrets, name), 'utf8');
const server = await startOssServer({
  dataDirectory,
  region: 'cn-hangzhou',
  credentials: [{ accessKeyId: read('oss_access_key_id'), accessKeySecret: read('oss_access_key_secret') }],
  buckets: ['backups'],
});
// It listens for this machine alone, and containers are others.
const door = createServer((client) => {
  const inner = connect(server.port, '127.0.0.1');
  client.pipe(inner).pipe(client);
  for (const socket of [client, inner]) socket.on('error', () => client.destroy());
});
door.listen(0, '0.0.0.0', () => process.stdout.write(`${(door.address() as AddressInfo).port}\n`));
