// Scenarios for `session.js` in a real browser: `node browser.cjs SCENARIO PAGE CONTROL`.
//
// Time is the server's to move; every step waits for what it needs to see.
'use strict';

const assert = require('node:assert/strict');
const { chromium } = require('playwright-core');

const [name, base, control] = process.argv.slice(2);

const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM,
  timeout: 120_000,
  args: [
    '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
});

const steer = (path) => fetch(`${control}/${path}`, { method: 'POST' });
const advance = (seconds) => steer(`advance/${seconds}`);
const outage = (away) => steer(`outage/${away}`);
const refreshes = async () => Number(await (await fetch(`${control}/refreshes`)).text());

// An access token is good for five minutes, and some more where clocks differ.
const OVER = 5 * 60 + 31;

async function profile(browser) {
  const context = await browser.newContext();
  context.setDefaultTimeout(60_000);
  return context;
}

async function tab(context) {
  const page = await context.newPage();
  page.on('pageerror', (error) => assert.fail(`${error}`));
  await page.goto(base);
  await page.waitForFunction(() => window.session);
  return page;
}

async function signedIn(context) {
  const page = await tab(context);
  await page.evaluate(async () => {
    const answer = await fetch('/sign-in', { method: 'POST' });
    session.begin(await answer.json());
  });
  return page;
}

// Sends as many requests at once, and returns how each ended.
const ask = (page, count) => page.evaluate(async (count) => {
  const one = async (number) => {
    try {
      const init = number % 2 ? { method: 'POST', body: `number ${number}` } : {};
      const answer = await session.fetch('/api/who', init);
      const { subject, said } = await answer.json();
      return said === (init.body ?? '') ? `${answer.status} ${subject}` : `lost ${said}`;
    } catch (error) {
      return error.retryAfter ? `${error.name} ${error.retryAfter}` : error.name;
    }
  };
  return Promise.all(Array.from({ length: count }, (_, number) => one(number)));
}, count);

// Asks until what failed stands no longer.
async function askAgain(page, count) {
  for (;;) {
    const answers = await ask(page, count);
    if (!answers.includes('Outage 2')) return answers;
    await page.waitForTimeout(100);
  }
}

// A failed refresh stands for a second.
const stoodLong = (page) => page.waitForTimeout(1100);

const told = (page) => page.evaluate(() => window.told.splice(0));
const all = (count, what) => Array.from({ length: count }, () => what);

async function cookie(context) {
  const cookies = await context.cookies();
  assert.equal(cookies.length, 1);
  return cookies[0];
}

const scenarios = {
  async many_requests_of_a_page_wait_for_one_refresh(browser) {
    const context = await profile(browser);
    const page = await signedIn(context);
    const first = (await cookie(context)).value;
    assert.deepEqual(await ask(page, 4), all(4, '200 alice'));
    assert.equal(await refreshes(), 0, 'a good token is not refreshed');
    await advance(OVER);
    assert.deepEqual(await ask(page, 64), all(64, '200 alice'));
    assert.equal(await refreshes(), 1);
    assert.notEqual((await cookie(context)).value, first);
    assert.deepEqual(await told(page), ['refreshed']);

    // A page that has just been loaded has nothing in its hand, and asks once too.
    await page.reload();
    await page.waitForFunction(() => window.session);
    assert.deepEqual(await ask(page, 64), all(64, '200 alice'));
    assert.equal(await refreshes(), 2);
    // And one after another.
    for (let turn = 0; turn < 3; turn += 1) {
      await advance(OVER);
      assert.deepEqual(await ask(page, 8), all(8, '200 alice'));
    }
    assert.equal(await refreshes(), 5);
  },

  async two_tabs_refresh_once_and_without_locks_both_go_on(browser) {
    const context = await profile(browser);
    const one = await signedIn(context);
    const two = await tab(context);
    assert.deepEqual(await ask(two, 2), all(2, '200 alice'));
    const before = await refreshes();
    await advance(OVER);
    // Long enough that both find their token over while it is under way.
    await steer('slow/1500');
    const both = await Promise.all([ask(one, 32), ask(two, 32)]);
    assert.deepEqual(both.flat(), all(64, '200 alice'));
    assert.equal(await refreshes(), before + 1);
    await two.waitForFunction(() => window.told.includes('refreshed'));

    for (const missing of ['locks', 'BroadcastChannel']) {
      const context = await profile(browser);
      await context.addInitScript((missing) => {
        if (missing === 'locks') Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
        else delete window.BroadcastChannel;
      }, missing);
      await steer('slow/0');
      const one = await signedIn(context);
      const two = await tab(context);
      assert.equal(await one.evaluate(() => !navigator.locks || !window.BroadcastChannel), true);
      await ask(two, 1);
      for (let turn = 0; turn < 3; turn += 1) {
        await advance(OVER);
        await steer('slow/300');
        const before = await refreshes();
        const both = await Promise.all([ask(one, 32), ask(two, 32)]);
        assert.deepEqual(both.flat(), all(64, '200 alice'), `without ${missing}`);
        assert.ok((await refreshes()) <= before + 2, 'each tab asks once');
      }
      // Both hold what follows one and the same cookie.
      assert.deepEqual((await Promise.all([ask(one, 1), ask(two, 1)])).flat(), all(2, '200 alice'));
    }
  },

  async an_outage_is_told_to_the_page_and_is_no_logout(browser) {
    const context = await profile(browser);
    const page = await signedIn(context);
    const other = await tab(context);
    await ask(other, 1);
    // What one tab got, the other hears of.
    await page.waitForFunction(() => window.told.includes('refreshed'));
    await told(page);
    await told(other);
    const before = await cookie(context);
    await advance(OVER);
    await outage(true);
    const asked = await refreshes();
    assert.deepEqual(await ask(page, 64), all(64, 'Outage 2'));
    assert.equal(await refreshes(), asked + 1, 'one request learns of it for all');
    assert.deepEqual(await told(page), ['outage']);
    assert.deepEqual(await told(other), [], 'nobody is told of a logout');
    assert.equal((await cookie(context)).value, before.value);
    // Neither is a network that is gone a logout, nor an answer of something else.
    await stoodLong(page);
    await page.route('**/session/refresh', (route) => route.abort());
    assert.deepEqual(await ask(page, 8), all(8, 'Outage 2'));
    await page.unroute('**/session/refresh');
    await stoodLong(page);
    await page.route('**/session/refresh', (route) => route.fulfill({ status: 200, body: '<html>Log in to our WLAN' }));
    assert.deepEqual(await ask(page, 8), all(8, 'Outage 2'));
    await page.unroute('**/session/refresh');
    assert.ok((await told(page)).every((name) => name === 'outage'));
    await outage(false);
    assert.deepEqual(await askAgain(page, 64), all(64, '200 alice'));
    assert.deepEqual(await askAgain(other, 8), all(8, '200 alice'));
  },

  async a_replay_signs_every_tab_out(browser) {
    const context = await profile(browser);
    const page = await signedIn(context);
    const other = await tab(context);
    await ask(other, 1);
    const stolen = (await cookie(context)).value;
    for (let turn = 0; turn < 3; turn += 1) {
      await advance(OVER);
      assert.deepEqual(await ask(page, 4), all(4, '200 alice'));
    }
    await advance(200);
    await told(page);
    await told(other);
    // Who copied the cookie shows it from elsewhere, when its holder is long past it.
    const thief = await fetch(`${base}/session/refresh`, { method: 'POST', headers: { cookie: `sid=${stolen}` } });
    assert.equal(thief.status, 401);
    assert.deepEqual(await ask(page, 64), all(64, 'SignedOut'));
    assert.deepEqual(await told(page), ['signed-out']);
    await other.waitForFunction(() => window.told.includes('signed-out'));
    assert.deepEqual(await ask(other, 4), all(4, 'SignedOut'));
    // Signing in again is signing in, in both tabs.
    await page.evaluate(async () => session.begin(await (await fetch('/sign-in', { method: 'POST' })).json()));
    assert.deepEqual(await ask(page, 4), all(4, '200 alice'));
    assert.deepEqual(await ask(other, 4), all(4, '200 alice'));
  },

  async rft_11_no_script_sees_the_refresh_token_and_no_other_origin_a_token(browser) {
    const context = await profile(browser);
    const page = await signedIn(context);
    await advance(OVER);
    await ask(page, 4);
    const { httpOnly, sameSite, value } = await cookie(context);
    assert.ok(httpOnly && sameSite === 'Lax');
    const seen = await page.evaluate(async () => {
      const kept = [...Object.entries(localStorage), ...Object.entries(sessionStorage)];
      const held = Object.values(Object.getOwnPropertyDescriptors(session));
      return { cookie: document.cookie, kept, held, databases: await indexedDB.databases() };
    });
    assert.deepEqual(seen, { cookie: '', kept: [], held: [], databases: [] });
    assert.ok(!(await page.content()).includes(value));
    const shown = await page.evaluate(async (there) => (await session.fetch(there)).text(), `${control}/elsewhere`);
    assert.equal(shown, '0', 'another origin is sent no token');
  },
};

(async () => {
  const browser = await launch();
  await scenarios[name](browser);
  await browser.close();
  process.stdout.write('passed\n');
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
