import assert from 'node:assert/strict';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

export interface PageOptions extends BrowserContextOptions {
  /** What may go wrong all the same. */
  readonly expected?: RegExp;
}

const PATIENCE_MILLISECONDS = 10_000;

/**
 * Gives a page of its own, and closes it. Fails where anything went wrong meanwhile: errors of scripts, of the console, of the content
 * security policy, answers that are no success, a request to another host.
 */
export async function withPage(
  browser: Browser,
  { expected, ...options }: PageOptions,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  const faults: string[] = [];
  try {
    context.setDefaultTimeout(PATIENCE_MILLISECONDS);
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('request', (request) => {
      if (new URL(request.url()).hostname !== '127.0.0.1') faults.push(`asks ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
    });
    await use(page);
  } finally {
    await context.close();
  }
  assert.deepEqual(
    faults.filter((fault) => !expected?.test(fault)),
    [],
  );
}
