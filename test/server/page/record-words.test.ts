import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STAGES } from '../../../src/report/record.ts';
import { recordWord } from '../../../src/server/page/record-words.ts';
import { fillSample, SAMPLE_SETTINGS } from '../sample-site.ts';
import { startSite } from '../site.ts';

const PHASES = ['fetch', 'checksum', 'read', 'server', 'prepare', 'restore', 'compare', 'clear'];

test('every stage and phase has a Chinese name, and in English its own', () => {
  for (const name of [...STAGES, ...PHASES]) {
    assert.match(recordWord({ language: 'zh' }, 'stage', name), /^\p{Script=Han}+$/u, name);
    assert.equal(recordWord({ language: 'en' }, 'stage', name), name);
  }
  for (const name of ['new-stage', '__proto__', 'constructor'])
    assert.equal(recordWord({ language: 'zh' }, 'stage', name), name);
});

test('the Chinese page of a run has no words of the record in English', { timeout: 60_000 }, async (t) => {
  const { get, site } = await startSite(t, {
    settings: SAMPLE_SETTINGS,
    prepare: (layout) => fillSample(layout, ['community']),
  });
  const read = async (run: string): Promise<string> =>
    String((await get(`/runs/${run}?lang=zh`, { headers: { accept: 'text/html' } })).body).replaceAll(
      /<(script|pre)[\s\S]*?<\/\1>/g,
      '',
    );
  const drilled = site.followed.index.drills.items[0]?.run ?? '';
  const good = await read(drilled);
  assert.match(good, /<dd>含口令<\/dd>/);
  assert.match(good, /<dd>内容，完整<\/dd>|<dd>行数，完整<\/dd>/);
  assert.match(good, />转储<\/text>/);
  assert.doesNotMatch(good, /with passwords|complete|preflight|retention|>none<|>dump<|compare/);
  const failed = site.followed.index.runs.items.find(({ record }) => record?.status === 'FAILED');
  assert.ok(failed);
  assert.match(await read(failed.fileName.replace('.json', '')), /阶段：\p{Script=Han}+</u);
});
