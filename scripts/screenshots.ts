// Makes docs/screenshots/*.png, of the pages of a server that shows the sample of the tests: npm run screenshots
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf } from '../src/files/layout.ts';
import { buildApp } from '../src/server/build-app.ts';
import { openSite } from '../src/server/overview/site.ts';
import { recordingContext } from '../test/backup/recording-context.ts';
import { launchBrowser } from '../test/harness/browser.ts';
import { projectDirectory } from '../test/harness/parts.ts';
import { fillSample, ORDINARY_DATABASES, SAMPLE_SETTINGS } from '../test/server/sample-site.ts';
import { NOW } from '../test/server/site.ts';

const DIRECTORY = join(projectDirectory, 'docs/screenshots');
/** What a page may weigh in the documentation: all of them together. */
const MOST_BYTES = 600 * 1024;
const RUN = 'community_20270107T020101Z_db01';

const SHOTS = [
  { name: 'overview', path: '', width: 1280, height: 1330, colorScheme: 'light', language: 'en' },
  { name: 'overview.zh-CN', path: '', width: 1280, height: 1330, colorScheme: 'dark', language: 'zh' },
  { name: 'run', path: `runs/${RUN}`, width: 1100, height: 1100, colorScheme: 'light', language: 'en' },
  { name: 'phone', path: '', width: 390, height: 844, colorScheme: 'light', language: 'en' },
] as const;

const base = mkdtempSync(join(tmpdir(), 'pg-backup-screenshots-'));
/** The backups of the sample lie where they lie in the container. */
const SHOW_USUAL_PLACE = `for (const element of document.querySelectorAll('main *'))
  if (element.childElementCount === 0 && element.textContent.includes('${base}'))
    element.textContent = element.textContent.replaceAll('${base}', '/data/db-backups');`;
const controller = new AbortController();
const { context } = recordingContext(base, { clock: () => new Date(NOW), version: '0.1.0' });
fillSample(layoutOf(base), ORDINARY_DATABASES);
const site = openSite(
  [{ ...context, settings: { ...context.settings, ...SAMPLE_SETTINGS } }],
  controller.signal,
);
const app = await buildApp(site);
const browser = await launchBrowser();
try {
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  await site.followed.ready;
  mkdirSync(DIRECTORY, { recursive: true });
  let bytes = 0;
  for (const { name, path, width, height, colorScheme, language } of SHOTS) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    await page.goto(`${address}/${path}?lang=${language}`);
    await page.evaluate(SHOW_USUAL_PLACE);
    const file = join(DIRECTORY, `${name}.png`);
    await page.screenshot({ path: file });
    await page.close();
    bytes += statSync(file).size;
    console.log(file, statSync(file).size);
  }
  if (bytes > MOST_BYTES) throw new Error(`${bytes} bytes are more than ${MOST_BYTES}`);
} finally {
  await browser.close();
  controller.abort();
  await app.close();
  rmSync(base, { recursive: true, force: true });
}
