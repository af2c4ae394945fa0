// Clicks through the dashboard of an orchestrator with two nodes, one of which it kills.

import assert from 'node:assert/strict';
import { given, until, withPage } from './chromium.mjs';

const MARKUP = '<img src=x onerror="globalThis.harmed = true">';

const text = (page, selector) => page.locator(selector).innerText();

async function call(page, method, params) {
  await page.fill('#method', method);
  await page.fill('#params', params);
  await page.click('#call-form button[type=submit]');
}

/** What came of it, once it is there. */
async function outcome(page, begin) {
  return until(`the call has come to ${begin}`, async () => {
    const said = await text(page, '#outcome');
    return said.startsWith(begin) && said;
  });
}

async function shoot(page, name) {
  if (!given.pictures) return;
  for (const colorScheme of ['light', 'dark']) {
    for (const [width, height] of [[1280, 800], [390, 844]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: `${given.pictures}/${name}-${width}-${colorScheme}.png` });
      await page.screenshot({ path: `${given.pictures}/${name}-${width}-${colorScheme}-all.png`, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** The page is as wide as the window, whatever is in it. */
async function fits(page) {
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `the page is ${wide} wide in a window of ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

await withPage(async (page, mistakes) => {
  const answer = await page.goto(given.url);
  assert.equal(answer.headers()['content-type'], 'text/html; charset=utf-8');
  await page.locator('#status', { hasText: 'Connected' }).waitFor();

  // Nodes and methods appear, names as they are written.
  const nodes = page.locator('#nodes tbody tr');
  await until('both nodes are there', async () => (await nodes.count()) === 2);
  const states = () => page.locator('#nodes tbody .state').allInnerTexts();
  assert.deepEqual(await states(), ['up', 'closed', 'up', 'closed']);
  const names = await page.locator('#methods tbody th').allInnerTexts();
  for (const name of ['greet', 'fail', MARKUP]) assert.ok(names.includes(name), `${name} is not in ${names}`);

  // A method is chosen and called.
  await page.locator('#methods tbody th button', { hasText: /^greet$/ }).click();
  assert.equal(await page.inputValue('#method'), 'greet');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'params');
  await page.keyboard.type('{"name": "Ada"}');
  await page.keyboard.press('Control+Enter');
  await outcome(page, 'Result');
  assert.equal(await text(page, '#result'), '"Hello, Ada!"');

  // Params that are none are refused before anything is sent.
  await call(page, 'greet', '{"name"');
  assert.match(await text(page, '#params-error'), /^This is not JSON/);
  await call(page, 'greet', '"Ada"');
  assert.equal(await text(page, '#params-error'), 'Params are an object or an array.');

  // An error is shown with its stack.
  await call(page, 'fail', '');
  await outcome(page, 'Error -32000');
  assert.equal(await text(page, '#params-error'), '');
  assert.ok((await text(page, '#result')).startsWith(`${MARKUP} is out of range`));
  assert.match(await text(page, '#stack'), new RegExp(`dashboard\\.js:${given.failingLine}:\\d+`));

  // A long call is cancelled.
  await call(page, 'pause', '{"ms": 60000}');
  await page.click('#cancel');
  await outcome(page, 'Error -32800');

  // Items of a stream come before its result.
  await call(page, 'count_up', '{"to": 7}');
  assert.match(await outcome(page, 'Result'), /, 7 items$/);
  assert.equal(await page.locator('#items li').count(), 7);
  assert.equal(await text(page, '#result'), '"counted"');

  // The trace of a call that makes others.
  await call(page, 'greet_many', '{"count": 30}');
  await outcome(page, 'Result');
  await page.click('#its-trace');
  await page.locator('#tree th', { hasText: 'greet_many' }).waitFor();
  await page.locator('#tree th', { hasText: 'greet ×30' }).waitFor();

  // What anybody says is text: names, results, channels and data of events.
  await call(page, MARKUP, '[]');
  await outcome(page, 'Result');
  assert.deepEqual(JSON.parse(await text(page, '#result')), { markup: MARKUP });
  await page.fill('#channel', '*');
  await page.click('#channel-form button');
  await page.locator('#events-note', { hasText: 'Listening to *' }).waitFor();
  await call(page, '_publish', JSON.stringify({ channel: MARKUP, data: { markup: MARKUP } }));
  await outcome(page, 'Result');
  await page.locator('#events li b', { hasText: MARKUP }).waitFor();
  assert.deepEqual(await page.evaluate(() => [document.images.length, globalThis.harmed]), [0, undefined]);

  // Keyboard alone: the first stop leads past the head, and heads of columns sort.
  await page.locator('#methods thead button', { hasText: 'Method' }).focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#methods thead th').first().getAttribute('aria-sort'), 'ascending');
  const sorted = await page.locator('#methods tbody th').allInnerTexts();
  assert.deepEqual(sorted, [...sorted].sort((a, b) => a.localeCompare(b)));
  await page.fill('#filter', 'greet');
  assert.deepEqual(await page.locator('#methods tbody th').allInnerTexts(), ['greet', 'greet_many']);
  await page.fill('#filter', '');

  // Figures come in, and the charts tell them.
  const chart = page.locator('svg.chart').first();
  await until('the chart tells a figure', async () => /calls\/s [\d.]+/.test(await chart.getAttribute('aria-label')));
  await fits(page);

  // A node dies.
  process.kill(given.kill, 'SIGKILL');
  await until('the node is down', async () => (await states()).filter((state) => state === 'down').length === 1);
  await page.locator('#events li b', { hasText: '_node.down' }).first().waitFor();
  await shoot(page, 'dashboard');

  // A node has the same page, with what it knows.
  await page.goto(given.node);
  await page.locator('#kind', { hasText: /^node / }).waitFor();
  await page.locator('#tiles dt', { hasText: 'Executors busy' }).waitFor();
  assert.equal(await page.locator('#nodes-section').isVisible(), false);
  await call(page, 'greet', '{"name": "Grace"}');
  await outcome(page, 'Result');
  assert.equal(await text(page, '#result'), '"Hello, Grace!"');
  assert.deepEqual(mistakes, []);
});
