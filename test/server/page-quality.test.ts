import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { sharedBrowser } from '../harness/browser.ts';
import { missing } from '../harness/parts.ts';
import { fillSample, SAMPLE_SETTINGS } from './sample-site.ts';
import { type RunningSite, startSite } from './site.ts';
import { withPage } from './with-page.ts';

const OPTIONS = { timeout: 120_000, skip: missing('chromium') };
const PHONE = { width: 360, height: 740 };
const WIDE = { width: 1600, height: 900 };
/** Every kind of page; the last one does not exist. */
const PAGES = [
  '',
  '?database=community',
  'runs',
  'runs?status=FAILED',
  'runs?database=nobody',
  'runs/community_20270110T020101Z_db01',
  'runs/billing_20270110T020000Z_db01',
  'runs/legacy_cms_20270108T020303Z_db01',
  'api',
  'runs/nobody',
];
const LANGUAGES = ['en', 'zh'] as const;
/** Nothing is still on its way when it is looked at. */
const CALM = { viewport: WIDE, reducedMotion: 'reduce' } as const;
const browser = sharedBrowser();

async function sampleSite(t: TestContext): Promise<RunningSite> {
  return await startSite(t, { settings: SAMPLE_SETTINGS, prepare: (layout) => fillSample(layout) });
}

const NOT_FOUND = { expected: /404/ };

test(
  'axe finds nothing, in light and dark, English and Chinese, on a phone and on a wide screen',
  OPTIONS,
  async (t) => {
    await withPage(await browser(), NOT_FOUND, async (page) => {
      const { address } = await sampleSite(t);
      for (const [path, language] of everyPage()) {
        await page.goto(addressOf(address, path, language));
        await page.evaluate(axe.source);
        for (const viewport of [PHONE, WIDE]) {
          await page.setViewportSize(viewport);
          for (const colorScheme of ['light', 'dark'] as const) {
            await page.emulateMedia({ colorScheme });
            const where = `/${path} ${language} ${viewport.width} ${colorScheme}`;
            assert.deepEqual(await violations(page), [], where);
          }
        }
      }
    });
  },
);

test('nothing has to be moved sideways, on a phone and on a wall', OPTIONS, async (t) => {
  await withPage(await browser(), NOT_FOUND, async (page) => {
    const { address } = await sampleSite(t);
    for (const [path, language] of everyPage()) {
      await page.goto(addressOf(address, path, language));
      for (const width of [320, 360, 768, 1280, 3840]) {
        await page.setViewportSize({ width, height: 800 });
        const needed = await page.evaluate('document.documentElement.scrollWidth');
        assert.ok(Number(needed) <= width, `/${path} ${language}: ${needed} of ${width}`);
      }
    }
  });
});

test('the keyboard reaches everything, sees where it is, and gets out again', OPTIONS, async (t) => {
  await withPage(await browser(), { ...NOT_FOUND, ...CALM }, async (page) => {
    const { address } = await sampleSite(t);
    for (const path of PAGES) {
      await page.goto(addressOf(address, path, 'en'));
      const stops: Stop[] = [];
      for (;;) {
        await page.keyboard.press('Tab');
        const stop = (await page.evaluate(LOOK_AT_FOCUS)) as Stop | null;
        // Without a window around it, the way may begin anew at once.
        if (stop === null || (stops.length > 1 && stop.html === stops[0]?.html)) break;
        // The fields within one for a day.
        if (stop.isSame) continue;
        assert.ok(stop.isVisible, `/${path}: ${stop.html} is not in sight`);
        assert.ok(stop.isMarked, `/${path}: ${stop.html} looks as if it had no focus`);
        stops.push(stop);
        assert.ok(stops.length < 300, `/${path}: no way out after ${stop.html}`);
      }
      assert.match(stops[0]?.html ?? '', /class="skip"/, path);
      const wanted = await page.evaluate(COUNT_STOPS);
      assert.equal(stops.length, wanted, path);
    }
  });
});

test('whoever skips to the content is there', OPTIONS, async (t) => {
  await withPage(await browser(), {}, async (page) => {
    const { address } = await sampleSite(t);
    await page.goto(`${address}/runs`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.closest("main") !== null'), true);
  });
});

test('on paper it is dark on white, without what cannot be pressed there', OPTIONS, async (t) => {
  await withPage(await browser(), { ...NOT_FOUND, colorScheme: 'dark' }, async (page) => {
    const { address } = await sampleSite(t);
    for (const path of PAGES) {
      await page.goto(addressOf(address, path, 'en'));
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      // As wide as A4 between its margins.
      await page.setViewportSize({ width: 718, height: 1000 });
      assert.equal(await page.getByRole('heading', { level: 1 }).isVisible(), true, path);
      assert.equal(await page.locator('header nav:visible, main button:visible').count(), 0, path);
      assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 718, path);
      const { ground, ink } = (await page.evaluate(COLOURS_OF_BODY)) as { ground: string; ink: string };
      assert.match(ground, /rgb\(255, 255, 255\)|rgba\(0, 0, 0, 0\)/, path);
      const parts = ink.match(/\d+/g)?.slice(0, 3).map(Number) ?? [];
      assert.ok(Math.max(...parts) < 100, `/${path}: ${ink}`);
    }
  });
});

interface Stop {
  readonly html: string;
  /** As the one before. */
  readonly isSame: boolean;
  readonly isVisible: boolean;
  readonly isMarked: boolean;
}

const LOOK_AT_FOCUS = `(() => {
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  const isSame = globalThis.lastStop === element;
  globalThis.lastStop = element;
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  return {
    html: element.outerHTML.slice(0, 120),
    isSame,
    isVisible: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    isMarked: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none',
  };
})()`;

/** What the keyboard should stop at: also a frame that can be moved sideways, when it can. */
const COUNT_STOPS = `[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')].filter((element) =>
  element.checkVisibility() && element.getAttribute('tabindex') !== '-1' && !element.hidden && element.type !== 'hidden'
).length`;

const COLOURS_OF_BODY = `(() => {
  const style = getComputedStyle(document.body);
  return { ground: style.backgroundColor, ink: style.color };
})()`;

function* everyPage(): Generator<readonly [string, (typeof LANGUAGES)[number]]> {
  for (const path of PAGES) for (const language of LANGUAGES) yield [path, language];
}

function addressOf(address: string, path: string, language: string): string {
  return `${address}/${path}${path.includes('?') ? '&' : '?'}lang=${language}`;
}

async function violations(page: Page): Promise<string[]> {
  const run = "axe.run(document, { resultTypes: ['violations'] })";
  const { violations: found } = (await page.evaluate(run)) as axe.AxeResults;
  return found.flatMap(({ id, nodes }) =>
    nodes
      .slice(0, 3)
      .map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`),
  );
}
