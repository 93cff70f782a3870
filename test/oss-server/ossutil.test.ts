import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { bucket, ossutil, startTestServer } from './clients.ts';

const partSize = 100 * 1024;
const inParts = ['--bigfile-threshold', String(partSize), '--part-size', String(partSize)];
const data = Buffer.from(Array.from({ length: 4 * partSize + 5 }, (_, index) => index % 251));

describe('ossutil', { skip: missing('ossutil') }, () => {
  for (const [how, options] of [
    ['at once', []],
    ['in parts', inParts],
  ] as const) {
    test(`copies a file up and down ${how}`, async (t) => {
      const server = await startTestServer(t);
      const directory = temporaryDirectory(t);
      const [up, down] = [join(directory, 'up'), join(directory, 'down')];
      writeFileSync(up, data);
      const url = `oss://${bucket}/a b/备份.dump`;
      const meta = ['--meta', 'X-Oss-Meta-Database:备份#X-Oss-Storage-Class:IA'];
      const upload = await ossutil(t, server, ['cp', up, url, '-f', ...options, ...meta]);
      assert.equal(upload.exitCode, 0, upload.output);
      assert.deepEqual(readdirSync(upload.workingDirectory), []);
      assert.deepEqual(readFileSync(server.objectPath(bucket, 'a b/备份.dump')), data);
      assert.deepEqual(server.objects(bucket)[0]?.metadata, { database: '备份' });
      assert.equal(server.objects(bucket)[0]?.headers['x-oss-storage-class'], 'IA');
      const { output } = await ossutil(t, server, ['stat', url]);
      assert.match(output, /^X-Oss-Meta-Database +: 备份$/m);
      const download = await ossutil(t, server, ['cp', url, down, '-f', ...options]);
      assert.equal(download.exitCode, 0, download.output);
      assert.deepEqual(readFileSync(down), data);
      const parts = server.requests.filter(({ operation }) => operation === 'UploadPart');
      assert.equal(parts.length, how === 'in parts' ? 5 : 0);
    });
  }

  test('lists, describes and removes', async (t) => {
    const server = await startTestServer(t);
    const file = join(temporaryDirectory(t), 'file');
    writeFileSync(file, '123456789');
    for (const key of ['a/1', 'a/2', 'b']) {
      const { exitCode, output } = await ossutil(t, server, ['cp', file, `oss://${bucket}/${key}`, '-f']);
      assert.equal(exitCode, 0, output);
    }
    const list = await ossutil(t, server, ['ls', `oss://${bucket}/a/`, '-s']);
    assert.match(list.output, /^oss:\/\/backups\/a\/1\noss:\/\/backups\/a\/2\nObject Number is: 2\n/);
    const object = await ossutil(t, server, ['stat', `oss://${bucket}/a/1`]);
    assert.match(object.output, /^Content-Length +: 9$/m);
    assert.match(object.output, /^X-Oss-Hash-Crc64ecma +: 11051210869376104954$/m);
    const described = await ossutil(t, server, ['stat', `oss://${bucket}`]);
    assert.match(described.output, /^Location +: oss-cn-hangzhou$/m);
    const removed = await ossutil(t, server, ['rm', `oss://${bucket}/a/`, '-r', '-f']);
    assert.equal(removed.exitCode, 0, removed.output);
    assert.deepEqual(
      server.objects(bucket).map(({ key }) => key),
      ['b'],
    );
  });

  test('says success without -f where the object exists, and uploads nothing', async (t) => {
    const server = await startTestServer(t);
    const directory = temporaryDirectory(t);
    const copy = (content: string, ...options: string[]) => {
      writeFileSync(join(directory, 'file'), content);
      return ossutil(t, server, ['cp', join(directory, 'file'), `oss://${bucket}/k`, ...options]);
    };
    const stored = () => readFileSync(server.objectPath(bucket, 'k'), 'utf8');
    await copy('first');
    const skipped = await copy('second');
    assert.deepEqual([skipped.exitCode, stored()], [0, 'first']);
    assert.match(skipped.output, /skip 1 files/);
    const forbidden = await copy('third', '-f', '--meta', 'X-Oss-Forbid-Overwrite:true');
    assert.deepEqual([forbidden.exitCode, stored()], [1, 'first']);
    assert.match(forbidden.output, /ErrorCode=FileAlreadyExists/);
    assert.equal((await copy('fourth', '-f')).exitCode, 0);
    assert.equal(stored(), 'fourth');
  });

  test('reaches a bucket by path and by a host of its own', async (t) => {
    const server = await startTestServer(t);
    const file = join(temporaryDirectory(t), 'file');
    writeFileSync(file, 'x');
    const copy = async (endpoint: string, url: string, ...options: string[]) => {
      const { output } = await ossutil(t, server, ['cp', file, url, '-f', ...options], { endpoint });
      return /ErrorCode=\w+|Succeed/.exec(output)?.[0];
    };
    const name = `http://localhost:${server.port}`;
    assert.equal(await copy(name, `oss://${bucket}/by path`, '--force-path-style'), 'Succeed');
    const proxy = ['--proxy-host', server.endpoint];
    const domain = 'http://oss-cn-hangzhou.aliyuncs.com';
    assert.equal(await copy(domain, `oss://${bucket}/by host`, ...proxy), 'Succeed');
    assert.equal(await copy('http://oss.test', `oss://${bucket}/by any host`, ...proxy), 'Succeed');
    assert.equal(await copy(domain, 'oss://unknown-bucket/k', ...proxy), 'ErrorCode=NoSuchBucket');
    assert.deepEqual(
      server.objects(bucket).map(({ key }) => key),
      ['by any host', 'by host', 'by path'],
    );
  });
});
