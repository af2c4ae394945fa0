// Debian's Chromium, driven by playwright-core. The first arguments of each program here are the folder with that package
// and the path of the browser; the last is JSON.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const [tools, executablePath, setting] = process.argv.slice(2);
const { chromium } = createRequire(`${tools}/`)('playwright-core');

export const given = JSON.parse(setting);

/** How long anything on a page may take. */
const SOON_MS = 20000;

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Runs `work(page, mistakes)` in a browser with an empty profile, and ends the process with what came of it. */
export async function withPage(work) {
  const browser = await chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: FLAGS });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(SOON_MS);
    const mistakes = [];
    page.on('pageerror', (error) => mistakes.push(`uncaught: ${error.stack}`));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) mistakes.push(`${message.type()}: ${message.text()}`);
    });
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
    });
    await work(page, mistakes);
  } finally {
    await browser.close();
  }
}

/** Waits until `look` gives something true. */
export async function until(what, look) {
  const end = Date.now() + SOON_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
