import { after } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import { chromiumPath } from './parts.ts';

/** Nothing of it looks outside: it resolves no names, and fetches neither updates nor lists. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** A real Chromium without a window; the caller closes it. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('there is no chromium on PATH');
  return await chromium.launch({ executablePath, args: ARGUMENTS });
}

/** One for all tests of the file, started when it is asked for first and closed after the last of them. */
export function sharedBrowser(): () => Promise<Browser> {
  let browser: Promise<Browser> | undefined;
  after(async () => {
    await (await browser)?.close();
  });
  return () => {
    browser ??= launchBrowser();
    return browser;
  };
}
