// Scenarios for the dashboard in a real browser: `node browser.cjs SCENARIO BASE CONTROL PROPS`.
//
// Nothing here waits for a length of time: every step waits for what it needs to see. With HALLPASS_SCREENSHOTS, every
// page is drawn into that folder, at two widths, light and dark.
'use strict';

const assert = require('node:assert/strict');
const { createServer } = require('node:http');
const path = require('node:path');
const { chromium } = require('playwright-core');

const [name, base, control, given] = process.argv.slice(2);
const { keys, expired, found } = JSON.parse(given);
const dashboard = `${base}/dashboard`;

const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM,
  timeout: 120_000,
  args: [
    '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
});

// A profile of its own: cookies and caches are shared with no other. What its pages complain of, what the policy for
// their content stops, and whom else they ask, is kept; the scenario fails if there is anything.
const complaints = [];
async function profile(browser, options = {}) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(60_000);
  context.on('console', (message) => {
    // The browser itself tells of answers that are errors, which some scenarios ask for.
    if (['error', 'warning'].includes(message.type()) && !/status of (401|403|404|422|503)/.test(message.text())) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  context.on('weberror', (error) => complaints.push(`error: ${error.error()}`));
  context.on('request', (request) => {
    if (!options.strays && new URL(request.url()).origin !== base) complaints.push(`a request to ${request.url()}`);
  });
  return context;
}

const outage = (away) => fetch(`${control}/outage/${away}`, { method: 'POST' });

async function signIn(context, role = 'admin', to = '') {
  const page = await context.newPage();
  await page.goto(dashboard + to);
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  await page.getByLabel('API key').fill(keys[role]);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  return page;
}

const heading = (page, text) => page.getByRole('heading', { level: 1, name: text }).waitFor();

// Somebody in the demo: the one whose sessions are ended.
async function visitor(browser, person) {
  const context = await profile(browser);
  const page = await context.newPage();
  await page.goto(`${base}/demo`);
  await page.getByRole('button', { name: person }).click();
  await heading(page, person);
  return page;
}

async function endsByFilter(browser, page) {
  const ada = await visitor(browser, 'Ada Lovelace');
  const grace = await visitor(browser, 'Grace Hopper');
  const alan = await visitor(browser, 'Alan Turing');
  await alan.getByRole('button', { name: 'Log out', exact: true }).first().click();
  await alan.getByRole('status').getByText('Logged out.').waitFor();

  // By address, as a range.
  await page.getByRole('link', { name: 'Sessions', exact: true }).click();
  await page.getByLabel('Address or range').fill('127.0.0.0/8');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByText('Searched by').waitFor();
  assert.ok(page.url().includes('ip=127.0.0.0%2F8'), page.url());
  const rows = page.getByRole('row').filter({ has: page.getByRole('rowheader') });
  assert.deepEqual(await rows.count(), 3);
  for (const stranger of ['mallory@example.org', 'trent@example.org']) {
    assert.equal(await page.getByText(stranger).count(), 0, `${stranger} is elsewhere`);
  }

  // Why another one ended.
  await rows.filter({ hasText: 'ended' }).getByRole('link', { name: 'alan' }).click();
  await page.getByRole('heading', { name: 'Why it ended' }).waitFor();
  await page.getByText('Its user logged out.').waitFor();
  await page.goBack();

  // The dry run, and then the deed.
  await page.getByLabel('Subject').fill('ada');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('link', { name: 'End all that match…' }).click();
  await page.getByText('Dry run: nothing has ended yet').waitFor();
  assert.match(await page.locator('#matched').textContent(), /^1 /);
  await ada.reload();
  await heading(ada, 'Ada Lovelace');
  await page.getByLabel('Reason').fill('reported as stolen');
  await page.getByRole('button', { name: 'End 1 session' }).click();
  await page.getByText('Effective at').waitFor();
  assert.equal(await page.locator('#revoked').textContent(), '1');

  // The browser that is meant is refused with its next request, and no other.
  await ada.reload();
  await ada.getByText('Your browser showed a token that opens nothing any more').waitFor();
  await grace.reload();
  await heading(grace, 'Grace Hopper');
  await page.getByRole('link', { name: 'Look at what is there now' }).click();
  await page.getByRole('link', { name: 'ada', exact: true }).click();
  await page.getByText('An operator or an application ended it.').waitFor();
  await page.getByText('reported as stolen').first().waitFor();
}

const scenarios = {
  async an_operator_finds_reads_and_ends_sessions_and_the_browser_is_refused(browser) {
    const context = await profile(browser);
    const page = await signIn(context, 'operator');
    assert.equal(await page.evaluate(() => document.cookie), '', 'no script sees the cookie');
    const stored = await page.evaluate(() => localStorage.length + sessionStorage.length);
    assert.equal(stored, 0, 'nothing is kept beside it');
    assert.ok(!(await page.content()).includes(keys.operator));
    await endsByFilter(browser, page);

    // An address can be shared: whoever follows it signs in, and is there.
    const address = '/sessions?ip=198.51.100.0%2F24&state=active';
    const other = await signIn(await profile(browser), 'viewer', address);
    await other.getByText('mallory@example.org').first().waitFor();
    assert.equal(other.url(), dashboard + address);
    assert.equal(await other.getByRole('link', { name: /^End/ }).count(), 0, 'a viewer is not offered to end');

    // Why one ended by itself: which clock, which policy, who; and for those who may read events, what happened to it.
    await other.goto(`${dashboard}/sessions/${expired}`);
    await other.getByText('the idle timeout of its policy').waitFor();
    await other.getByText('Events are for the roles auditor and admin.').waitFor();
    const auditor = await signIn(await profile(browser), 'auditor', `/sessions/${found}`);
    await auditor.getByText('Session made').waitFor();
    await auditor.getByRole('link', { name: 'Audit' }).click();
    await auditor.getByText('reported as stolen').first().waitFor();
    await auditor.getByText('operator:night shift operator').first().waitFor();
    const [download] = await Promise.all([
      auditor.waitForEvent('download'),
      auditor.getByRole('link', { name: 'Export as JSON lines' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'hallpass-events-demo.jsonl');
  },

  async everything_works_without_scripts(browser) {
    const context = await profile(browser, { javaScriptEnabled: false });
    const page = await signIn(context);
    assert.ok(await page.locator('#pause').isHidden(), 'what needs a script is not offered');
    await endsByFilter(browser, page);
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('link', { name: 'Refresh' }).click();
    await page.getByText('The same in numbers, minute by minute').click();
    for (const place of ['Audit', 'Keys', 'Policy', 'Store']) {
      await page.getByRole('link', { name: place, exact: true }).click();
      await heading(page, place);
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out.').waitFor();
    assert.deepEqual(await context.cookies(), []);
  },

  async everything_can_be_done_from_the_keyboard(browser) {
    const context = await profile(browser);
    const page = await context.newPage();
    await page.goto(`${dashboard}/sessions`);
    const focused = () => page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const text = element.labels?.[0]?.textContent ?? element.textContent;
      return { text: text.trim(), shows: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 1 };
    });
    // Goes on by Tab until an element with this text has the focus, which must be seen.
    const reach = async (text) => {
      const seen = [];
      for (let step = 0; step < 60; step += 1) {
        await page.keyboard.press('Tab');
        const now = await focused();
        seen.push(now.text);
        if (now.text.startsWith(text)) {
          assert.ok(now.shows, `the focus on ${text} is seen`);
          return;
        }
      }
      assert.fail(`${text} cannot be reached: ${seen.join(' | ')}`);
    };
    assert.equal((await focused()).text, 'API key', 'a form to fill in is where the keyboard is');
    await page.keyboard.type(keys.operator);
    await page.keyboard.press('Enter');
    await heading(page, 'Sessions');
    await reach('Skip to the content');
    await page.keyboard.press('Enter');
    await reach('Address or range');
    await page.keyboard.type('198.51.100.0/24');
    await page.keyboard.press('Enter');
    await page.getByText('Searched by').waitFor();
    await reach('mallory@example.org');
    await page.keyboard.press('Enter');
    await heading(page, /mallory/);
    await reach('End all of this subject');
    await page.keyboard.press('Enter');
    await page.getByText('Dry run: nothing has ended yet').waitFor();
    assert.equal((await focused()).text, 'Reason');
    await page.keyboard.type('by keyboard');
    await reach('End 2 sessions');
    await page.keyboard.press('Space');
    await page.getByText('Effective at').waitFor();
    assert.equal(await page.locator('#revoked').textContent(), '2');
    await reach('Sign out');
    await page.keyboard.press('Enter');
    await page.getByText('You are signed out.').waitFor();
  },

  async the_overview_goes_on_by_itself_and_stops_when_told(browser) {
    const context = await profile(browser);
    const page = await signIn(context);
    const created = page.getByRole('listitem').filter({ hasText: 'Created' }).locator('.figure');
    const before = Number(await created.textContent());
    await page.getByText('The same in numbers').click();
    await page.getByRole('heading', { name: 'Overview' }).click();
    await page.evaluate(() => document.activeElement.blur());
    await visitor(browser, 'Ada Lovelace');
    await page.waitForFunction((value) => {
      const cards = [...document.querySelectorAll('.cards li')];
      return Number(cards.find((card) => card.textContent.includes('Created')).querySelector('.figure').textContent) > value;
    }, before);
    assert.ok(await page.locator('.numbers').evaluate((details) => details.open), 'what is open stays open');

    await page.getByRole('button', { name: 'Pause' }).click();
    let asked = 0;
    page.on('request', (request) => { asked += request.url().endsWith('/live') ? 1 : 0; });
    const resume = page.getByRole('button', { name: 'Resume' });
    await resume.waitFor();
    // Longer than the page would wait by itself: that nothing happens can only be seen by waiting.
    await new Promise((done) => { setTimeout(done, 7000); });
    assert.equal(asked, 0, 'a pause is a pause');

    await outage(true);
    await resume.click();
    await page.getByText('The service does not answer.').waitFor();
    await outage(false);
    await page.getByText('The service does not answer.').waitFor({ state: 'hidden' });
  },

  async a_page_of_another_site_ends_nothing(browser) {
    const context = await profile(browser, { strays: true });
    const page = await signIn(context);
    const attack = `<!doctype html><form method="post" action="${dashboard}/revoke"><input name="all_of" value="mallory@example.org">
      <input name="reason" value="csrf"><button>Win a prize</button></form>`;
    const server = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(attack));
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    const evil = await context.newPage();
    await evil.goto(`http://localhost:${server.address().port}/`);
    await evil.getByRole('button', { name: 'Win a prize' }).click();
    await heading(evil, 'This did not come from the dashboard');
    await page.goto(`${dashboard}/sessions?subject=mallory@example.org&state=active`);
    await page.getByText('2 on this page').waitFor();
    server.close();
  },

  async pages_fit_a_phone_and_can_be_read_in_light_and_dark(browser) {
    await visitor(browser, 'Ada Lovelace');
    const pages = {
      overview: '', sessions: '/sessions', search: '/sessions?ip=198.51.100.0%2F24&level=2', wrong: '/sessions?ip=nowhere',
      none: '/sessions?subject=nobody', session: `/sessions/${found}`, ended: `/sessions/${expired}`,
      revoke: '/revoke?ip=198.51.100.0%2F24', everything: '/revoke', audit: '/audit', keys: '/keys', policy: '/policy',
      store: '/store', nowhere: '/nowhere',
    };
    for (const colorScheme of ['light', 'dark']) {
      for (const viewport of [{ width: 320, height: 640 }, { width: 390, height: 844 }, { width: 1280, height: 800 }]) {
        const context = await profile(browser, { colorScheme, viewport });
        const page = await context.newPage();
        const look = async (label) => {
          await fits(page);
          if (!process.env.HALLPASS_SCREENSHOTS || viewport.width === 320) return;
          const file = `${label}-${viewport.width}-${colorScheme}.png`;
          await page.screenshot({ path: path.join(process.env.HALLPASS_SCREENSHOTS, file), fullPage: true });
        };
        await page.goto(dashboard);
        await look('sign-in');
        await page.getByLabel('API key').fill('hpk_wrong');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByText('There is no such key').waitFor();
        await look('sign-in-wrong');
        await page.getByLabel('API key').fill(keys.admin);
        await page.getByRole('button', { name: 'Sign in' }).click();
        await heading(page, 'Overview');
        for (const [label, address] of Object.entries(pages)) {
          await page.goto(dashboard + address);
          await look(label);
        }
        if (colorScheme === 'dark' && viewport.width === 1280) {
          await page.goto(`${dashboard}/revoke?all_of=trent@example.org`);
          await page.getByLabel('Reason').fill('left the company');
          await page.getByRole('button', { name: 'End 1 session' }).click();
          await page.getByText('Effective at').waitFor();
          await look('revoked');
        }
        await context.close();
      }
    }
  },
};

// No sideways scrolling, text with enough contrast (WCAG 2.2, 1.4.3), targets that a finger can hit (2.5.8), names on
// everything that can be used (4.1.2).
async function fits(page) {
  const findings = await page.evaluate(() => {
    const found = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) {
      const wide = [...document.querySelectorAll('body *')].find((element) => element.getBoundingClientRect().right > root.clientWidth + 1);
      found.push(`${root.scrollWidth} px wide on ${root.clientWidth}: ${wide?.outerHTML.slice(0, 200)}`);
    }

    const parse = (color) => {
      const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
      return { rgb: [r, g, b], a };
    };
    const light = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const color = parse(getComputedStyle(at).backgroundColor);
        if (color.a === 1) return color.rgb;
      }
      return [255, 255, 255];
    };
    const isSeen = (element) => element.checkVisibility() && !element.closest('.skip, progress, option');
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode;
      const element = text.parentElement;
      if (!text.data.trim() || !isSeen(element)) continue;
      const style = getComputedStyle(element);
      const [a, b] = [light(parse(style.color).rgb), light(behind(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const isLarge = parseFloat(style.fontSize) >= 24;
      if (ratio < (isLarge ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)}: ${text.data.trim()}`);
    }

    for (const element of document.querySelectorAll('button, .button, nav a, summary, input, select')) {
      if (element.type === 'hidden' || !isSeen(element)) continue;
      const target = (element.closest('label') ?? element).getBoundingClientRect();
      if (Math.min(target.width, target.height) < 24) found.push(`small: ${element.outerHTML}`);
      const isNamed = element.textContent.trim() || element.ariaLabel || element.labels?.length;
      if (!isNamed) found.push(`nameless: ${element.outerHTML}`);
    }
    return found;
  });
  assert.deepEqual(findings, [], page.url());
}

(async () => {
  const browser = await launch();
  await scenarios[name](browser);
  await browser.close();
  assert.deepEqual(complaints, []);
  process.stdout.write('passed\n');
})().catch((error) => {
  process.stderr.write(`${error.stack}\n${complaints.join('\n')}\n`);
  process.exit(1);
});
