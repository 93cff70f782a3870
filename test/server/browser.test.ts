import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { Secret } from '../../src/secret.ts';
import { sharedBrowser } from '../harness/browser.ts';
import { missing } from '../harness/parts.ts';
import { prefixProxy } from './prefix-proxy.ts';
import { addSampleRun, fillSample, HOSTILE, SAMPLE_SETTINGS } from './sample-site.ts';
import { type RunningSite, type SiteOptions, startSite } from './site.ts';
import { withPage } from './with-page.ts';

const OPTIONS = { timeout: 60_000, skip: missing('chromium') };
const RUN = 'community_20270110T020101Z_db01';
const TOKEN = 'correct horse battery staple';
const browser = sharedBrowser();

async function sampleSite(t: TestContext, options: SiteOptions = {}): Promise<RunningSite> {
  const settings = { ...SAMPLE_SETTINGS, ...options.settings };
  return await startSite(t, { ...options, settings, prepare: (layout) => fillSample(layout) });
}

test('one look says whether all is well, and leads to what is not', OPTIONS, async (t) => {
  await withPage(await browser(), {}, async (page) => {
    const { address } = await sampleSite(t);
    await page.goto(`${address}/`);
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Look here now');
    await page.getByRole('link', { name: /billing.*: the newest good backup is 3 days old/ }).click();
    assert.equal(new URL(page.url()).pathname, '/runs');
    assert.ok((await textsOf(page, 'table.runs tbody td:nth-child(2)')).every((name) => name === 'billing'));
  });
});

test('no name is markup, and every run can be reached by a click', OPTIONS, async (t) => {
  await withPage(await browser(), {}, async (page) => {
    const { address } = await sampleSite(t);
    await page.goto(`${address}/runs`);
    await page.getByLabel('Database').selectOption(HOSTILE);
    await page.getByRole('button', { name: 'Show' }).click();
    assert.equal(await page.getByLabel('Database').inputValue(), HOSTILE);
    const first = page.locator('table.runs tbody tr').first().getByRole('link');
    await first.click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.match(decodeURIComponent(page.url()), /\/runs\/%3Cimg%20src/);
    assert.equal(await page.locator('main img').count(), 0);
  });
});

test('filters stand in the address, and the pages of the list hang together', OPTIONS, async (t) => {
  await withPage(await browser(), {}, async (page) => {
    const { address } = await sampleSite(t);
    await page.goto(`${address}/runs`);
    const rows = page.locator('table.runs tbody tr');
    // A click waits for the next page to begin, not for its end.
    const countRows = async (): Promise<number> => {
      await page.waitForLoadState('domcontentloaded');
      return rows.count();
    };
    const shown = await countRows();
    const newest = await rows.first().textContent();
    await page.getByRole('link', { name: 'Older runs' }).click();
    assert.notEqual(await rows.first().textContent(), newest);
    assert.equal(await countRows(), shown);
    await page.getByRole('link', { name: 'Newest runs' }).click();
    assert.equal(await rows.first().textContent(), newest);

    await page.getByLabel('Database').selectOption('community');
    await page.getByLabel('Result').selectOption('FAILED');
    await page.getByRole('button', { name: 'Show' }).click();
    assert.equal(await countRows(), 2);
    assert.match(page.url(), /database=community.*status=FAILED/);
    await page.reload();
    assert.equal(await page.getByLabel('Result').inputValue(), 'FAILED');
    await page.getByLabel('From').fill('2026-12-01');
    await page.getByRole('button', { name: 'Show' }).click();
    assert.equal(await countRows(), 1);
    assert.match((await rows.first().textContent()) ?? '', /UPLOAD_FAILED/);
    await page.getByRole('link', { name: 'Show all' }).click();
    assert.equal(await countRows(), shown);
  });
});

test('the page of a run shows its stages, its error and how to restore it', OPTIONS, async (t) => {
  await withPage(await browser(), {}, async (page) => {
    const { address } = await sampleSite(t);
    await page.goto(`${address}/runs/${RUN}`);
    const stages = page.locator('.timeline-drawing').first();
    assert.match((await stages.textContent()) ?? '', /dump.*upload.*retention/s);
    const command = await page.locator('pre code').first().textContent();
    assert.match(command ?? '', new RegExp(`pg-backup restore ${RUN} --to community_restored$`));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy' }).first().click();
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), command);

    await page.goto(`${address}/runs?database=billing&status=FAILED`);
    await page.locator('table.runs tbody tr').first().getByRole('link').click();
    await page.getByText('Cannot connect to the database').first().waitFor();
    await page.getByText('Check PG_HOST and PG_PORT').first().waitFor();
  });
});

test('what changes appears without a reload, and the reader keeps what they were at', OPTIONS, async (t) => {
  await withPage(await browser(), {}, async (page) => {
    const { address, layout } = await sampleSite(t);
    await page.goto(`${address}/runs`);
    await page.evaluate('globalThis.isTheSame = true');
    await page.getByLabel('From').fill('2026-12-24');
    await page.getByLabel('From').focus();
    const newest = addSampleRun(layout, -1);
    const link = page.locator(`table.runs a[href*="${newest}"]`);
    await link.waitFor();
    assert.equal(await page.evaluate('globalThis.isTheSame'), true);
    assert.equal(await page.getByLabel('From').inputValue(), '2026-12-24');
    assert.equal(await page.evaluate('document.activeElement.id'), 'from');

    await link.focus();
    await page.locator(`table.runs a[href*="${addSampleRun(layout, 0)}"]`).waitFor();
    assert.ok(await link.evaluate((element) => element === element.ownerDocument.activeElement));
  });
});

test('what was opened stays open while it is brought up to date', OPTIONS, async (t) => {
  await withPage(await browser(), {}, async (page) => {
    const { address, layout } = await sampleSite(t);
    await page.goto(`${address}/?database=community`);
    const table = page.locator('.chart-table').first();
    const newest = table.locator('tbody tr').first();
    await table.locator('summary').click();
    const before = await newest.textContent();
    await page.evaluate('scrollTo(0, 500)');
    addSampleRun(layout, -1);
    await newest.filter({ hasNotText: before ?? '' }).waitFor();
    assert.equal(await newest.isVisible(), true);
    assert.equal(await page.evaluate('scrollY'), 500);
  });
});

test('a chosen language stays', OPTIONS, async (t) => {
  await withPage(await browser(), { locale: 'en-GB' }, async (page) => {
    const { address } = await sampleSite(t);
    await page.goto(`${address}/runs?database=community`);
    await page.getByRole('link', { name: '中文' }).click();
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), '运行记录');
    assert.match(page.url(), /database=community/);
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
    await page.goto(`${address}/`);
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), '请立即处理');
    await page.getByRole('link', { name: 'English' }).click();
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Look here now');
  });
});

test('a browser that wishes Chinese gets it', OPTIONS, async (t) => {
  await withPage(await browser(), { locale: 'zh-CN' }, async (page) => {
    const { address } = await sampleSite(t);
    await page.goto(`${address}/`);
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), '请立即处理');
  });
});

test('all of it works without scripts', OPTIONS, async (t) => {
  await withPage(await browser(), { javaScriptEnabled: false }, async (page) => {
    const { address } = await sampleSite(t);
    await page.goto(`${address}/`);
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Look here now');
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Runs' }).click();
    await page.getByLabel('Database').selectOption('订单');
    await page.getByRole('button', { name: 'Show' }).click();
    const row = page.locator('table.runs tbody tr').first();
    assert.match((await row.textContent()) ?? '', /订单/);
    await row.getByRole('link').click();
    await page.locator('.timeline-drawing').first().waitFor();
    assert.equal(await page.getByRole('button', { name: 'Copy' }).count(), 0, 'a button that can do nothing');
  });
});

test('the API can be tried from a page, with forms alone', OPTIONS, async (t) => {
  await withPage(await browser(), { javaScriptEnabled: false }, async (page) => {
    const { address } = await sampleSite(t);
    await page.goto(`${address}/`);
    await page.getByRole('link', { name: 'API' }).click();
    const runs = page.getByRole('region', { name: '/api/v1/runs', exact: true });
    await runs.getByLabel('database').fill(HOSTILE);
    await runs.getByLabel('status').selectOption('FAILED');
    await runs.getByLabel('limit').fill('3');
    await runs.getByRole('button').click();
    const query = new URL(page.url()).searchParams;
    assert.deepEqual(
      [...query],
      [
        ['database', HOSTILE],
        ['status', 'FAILED'],
        ['limit', '3'],
      ],
    );
    const body = JSON.parse((await page.locator('body').textContent()) ?? '') as { runs: unknown[] };
    assert.equal(body.runs.length, 1);
    await page.goBack();
    const one = page.getByRole('region', { name: '/api/v1/runs/{run}' });
    await one.getByLabel('run').fill(RUN);
    await one.getByRole('button').click();
    assert.equal(new URL(page.url()).pathname, `/api/v1/runs/${RUN}`);
  });
});

for (const { name, basePath, prefix } of [
  { name: 'a proxy that takes the path away', basePath: '/ops/backups', prefix: '/ops/backups' },
  {
    name: 'a proxy that takes the path away, of which the server knows nothing',
    basePath: undefined,
    prefix: '/x',
  },
  { name: 'a proxy that leaves the path', basePath: '/ops/backups', prefix: '' },
]) {
  test(`behind ${name} every link works, and changes appear`, OPTIONS, async (t) => {
    await withPage(await browser(), {}, async (page) => {
      const { address, layout } = await sampleSite(t, { settings: { BASE_PATH: basePath } });
      const root = prefix === '' ? address + basePath : await prefixProxy(t, address, prefix);
      await page.goto(`${root}/`);
      await page.getByRole('link', { name: 'API' }).click();
      const summary = page.getByRole('region', { name: '/api/v1/summary' });
      await summary.getByRole('button').click();
      assert.equal(page.url(), `${root}/api/v1/summary`);
      await page.goto(`${root}/runs?database=community`);
      await page.locator('table.runs tbody tr').first().getByRole('link').click();
      await page.locator('.timeline-drawing').first().waitFor();
      await page.getByRole('link', { name: '中文' }).click();
      await page.getByRole('navigation', { name: '页面' }).getByRole('link', { name: '运行记录' }).click();
      assert.equal(new URL(page.url()).pathname, `${new URL(root).pathname}/runs`);
      await page.locator(`table.runs a[href*="${addSampleRun(layout, -1)}"]`).waitFor();
      for (const href of await hrefsOf(page)) assert.ok(href.startsWith(`${root}/`), href);
    });
  });
}

test('with a token the browser asks for it once, and changes appear', OPTIONS, async (t) => {
  const httpCredentials = { username: 'anybody', password: TOKEN };
  const { address, layout } = await sampleSite(t, { settings: { REPORT_TOKEN: new Secret(TOKEN) } });
  await withPage(await browser(), { httpCredentials, expected: /401/ }, async (page) => {
    await page.goto(`${address}/runs`);
    await page.locator(`table.runs a[href*="${addSampleRun(layout, -1)}"]`).waitFor();
  });
  await withPage(await browser(), { expected: /401|INVALID_AUTH/ }, async (page) => {
    const answer = await page.goto(`${address}/`).catch(() => null);
    assert.ok(answer === null || answer.status() === 401);
  });
});

async function textsOf(page: Page, selector: string): Promise<string[]> {
  return (await page.locator(selector).allTextContents()).map((text) => text.trim());
}

/** Of all links, as the browser understands them. */
async function hrefsOf(page: Page): Promise<string[]> {
  return await page
    .locator('a[href], link[href]')
    .evaluateAll((links) => links.map((link) => String(Reflect.get(link, 'href'))));
}
