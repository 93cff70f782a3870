import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { missing, projectDirectory } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { bucket, type OssutilRun, ossutil, startTestServer } from './clients.ts';

const skip = missing('ossutil');

for (const page of ['docs/oss.md', 'docs/oss.zh-CN.md']) {
  test(`the lifecycle of ${page} is one that ossutil can set`, { skip }, async (t) => {
    const rules = ruleOf(page);
    const { put, get } = await setLifecycle(t, rules);
    assert.equal(put.exitCode, 0, put.output);
    for (const [, element] of rules.matchAll(/(<(\w*Days)>\d+<\/\2>)/g)) {
      assert.ok(get.output.includes(element ?? ''), get.output);
    }
  });
}

test('a lifecycle with an element or a value that OSS does not know is refused', { skip }, async (t) => {
  const rules = ruleOf('docs/oss.md');
  for (const wrong of [rules.replace('<Days>90', '<Days>0'), rules.replace('>Enabled<', '>On<')]) {
    const { put, get } = await setLifecycle(t, wrong);
    assert.match(put.output, /MalformedXML/);
    assert.match(get.output, /NoSuchLifecycle/);
  }
});

async function setLifecycle(t: TestContext, rules: string): Promise<{ put: OssutilRun; get: OssutilRun }> {
  const server = await startTestServer(t);
  const path = join(temporaryDirectory(t), 'lifecycle.xml');
  writeFileSync(path, rules);
  const put = await ossutil(t, server, ['lifecycle', '--method', 'put', `oss://${bucket}`, path]);
  const get = await ossutil(t, server, ['lifecycle', '--method', 'get', `oss://${bucket}`]);
  return { put, get };
}

function ruleOf(page: string): string {
  const text = readFileSync(join(projectDirectory, page), 'utf8');
  return /<!-- lifecycle -->\n```xml\n(.*?)\n```/s.exec(text)?.[1] ?? '';
}
