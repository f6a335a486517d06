// Debian's Chromium, and pages in it, for both suites that need a browser.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';

/** What axe checks: WCAG 2.2 AA, and what is good practice. */
export const RULES = [
  'wcag2a',
  'wcag2aa',
  'wcag21a',
  'wcag21aa',
  'wcag22aa',
  'best-practice',
];

let browser: Browser;

/** Starts the browser before the tests of a file, and ends it after them. */
export function useBrowser(): void {
  before(async () => {
    browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  after(() => browser.close());
}

/** Opens a page without a network, and returns what `use` returns. An error in the
 * page, or a request for anything that is not a file, fails the test. */
export async function visit<Result>(
  url: string,
  options: BrowserContextOptions,
  use: (page: Page) => Promise<Result>,
): Promise<Result> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    offline: true,
    ...options,
  });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') wrong.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) wrong.push(request.url());
  });
  try {
    await page.goto(url);
    const result = await use(page);
    assert.deepEqual(wrong, []);
    return result;
  } finally {
    await context.close();
  }
}
