// Opens the report server's page in Chromium, until it says what is expected and shows the database as fresh.
// Arguments: the address, the file with the token, the expected words.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { launchBrowser } from '../harness/browser.ts';

const PATIENCE_MILLISECONDS = 30_000;

const [address = '', tokenFile = '', expected = ''] = process.argv.slice(2);
const browser = await launchBrowser();
try {
  const context = await browser.newContext({
    httpCredentials: { username: 'anybody', password: readFileSync(tokenFile, 'utf8').trim() },
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    await page.goto(address);
    const text = await page.innerText('body');
    if (text.includes(expected) && text.includes('Fresh')) break;
    assert.ok(performance.now() < deadline, `it says:\n${text}`);
    await setTimeout(200);
  }
  await page.goto(`${address}/?lang=zh`);
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  await page.goto(`${address}/runs`);
  await page.click('table a');
  assert.match(page.url(), /\/runs\/app_\d{8}T\d{6}Z_backup/);
  assert.equal(await page.locator('h1').count(), 1);
  assert.deepEqual(complaints, []);
} finally {
  await browser.close();
}
