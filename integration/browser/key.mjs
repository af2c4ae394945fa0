// The dashboard of a server that asks for keys, and which is started again meanwhile.

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { given, until, withPage } from './chromium.mjs';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

await withPage(async (page, mistakes) => {
  await page.goto(given.url);
  await page.locator('#key-form').waitFor();
  assert.equal(await page.locator('#figures').isVisible(), false);
  assert.deepEqual(mistakes, [], 'nothing is tried without a key');

  await page.fill('#key', 'a wrong one');
  await page.keyboard.press('Enter');
  await page.locator('#key-error', { hasText: 'does not know this key' }).waitFor();
  await page.fill('#key', given.key);
  await page.keyboard.press('Enter');
  await page.locator('#status', { hasText: 'Connected' }).waitFor();
  await page.locator('#tiles dt', { hasText: 'Calls per second' }).waitFor();
  assert.ok(!page.url().includes('?'), 'no key in the URL');
  assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie]), [0, '']);

  // The server goes, and comes back where it was: so does the page, with its key.
  console.log('stop');
  await lines.next();
  await until('the page has noticed', async () => (await page.locator('#status').innerText()).startsWith('Not connected'));
  console.log('start');
  await lines.next();
  await page.locator('#status', { hasText: /^Connected$/ }).waitFor();

  await page.reload();
  await page.locator('#status', { hasText: 'Connected' }).waitFor();
  await page.click('#forget');
  await page.locator('#key-form').waitFor();
});
process.stdin.destroy();
