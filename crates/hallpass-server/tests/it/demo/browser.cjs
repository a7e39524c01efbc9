// Scenarios for the demo in a real browser: `node browser.cjs SCENARIO DEMO CONTROL`.
//
// Nothing here waits for time to pass: every step waits for what it needs to see. Time itself is the server's to move.
'use strict';

const assert = require('node:assert/strict');
const { chromium } = require('playwright-core');

const [name, demo, control] = process.argv.slice(2);

const launch = (options = {}) => chromium.launch({
  executablePath: process.env.CHROMIUM,
  timeout: 120_000,
  args: [
    '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
  ...options,
});

// A profile of its own: cookies and caches are shared with no other. What its pages complain of, and whom they ask, is
// kept; the scenario fails if there is anything.
const complaints = [];
async function profile(browser, options = {}) {
  // Without movement: the driver waits for it to end, which on a busy machine takes its time.
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(60_000);
  context.on('console', (message) => {
    // The browser itself tells of answers that are errors, which some scenarios ask for.
    if (['error', 'warning'].includes(message.type()) && !/status of (403|404|503)/.test(message.text())) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  context.on('weberror', (error) => complaints.push(`error: ${error.error()}`));
  context.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(demo).origin) complaints.push(`a request to ${request.url()}`);
  });
  return context;
}

const advance = (seconds) => fetch(`${control}/advance/${seconds}`, { method: 'POST' });
const outage = (away) => fetch(`${control}/outage/${away}`, { method: 'POST' });

async function cookie(context) {
  const cookies = await context.cookies();
  assert.ok(cookies.length <= 1, 'the demo sets one cookie');
  return cookies[0];
}

// What somebody gets who shows `value` from another machine, past this browser.
async function replay(value) {
  const answer = await fetch(demo, { headers: { cookie: `sid=${value}` } });
  return { text: await answer.text(), cookies: answer.headers.getSetCookie() };
}

const button = (page, label) => page.getByRole('button', { name: label, exact: true });

async function open(context, path = '') {
  const page = await context.newPage();
  await page.goto(demo + path);
  return page;
}

async function click(page, label, said) {
  await button(page, label).first().click();
  await page.getByRole('status').getByText(said).waitFor();
}

async function signIn(page, person) {
  await page.getByRole('button', { name: person }).click();
  await page.getByRole('heading', { level: 1, name: person }).waitFor();
}

async function signedIn(context, person = 'Ada Lovelace') {
  const page = await open(context);
  await signIn(page, person);
  return page;
}

const isSignedIn = async (page) => (await page.locator('.pass').count()) === 1;

async function generation(page) {
  return Number(await page.locator('#generation').textContent());
}

const scenarios = {
  async a_login_changes_the_cookie_and_the_old_value_is_dead() {
    const browser = await launch();
    const context = await profile(browser);
    const page = await open(context);
    assert.equal(await cookie(context), undefined, 'a visit alone sets no cookie');

    await click(page, 'Count one up', 'Counted.');
    await page.getByRole('textbox', { name: 'Note' }).fill('a ribbon for the engine');
    await click(page, 'Keep the note', 'The note is kept');
    const before = await cookie(context);
    assert.ok(before.httpOnly && before.sameSite === 'Lax' && before.path === '/', JSON.stringify(before));

    await signIn(page, 'Ada Lovelace');
    const after = await cookie(context);
    assert.notEqual(after.value, before.value);
    assert.equal(await page.getByRole('textbox', { name: 'Note' }).inputValue(), 'a ribbon for the engine', 'carried over by its name');
    assert.match(await page.locator('#count').textContent(), /1$/);

    assert.equal(await page.evaluate(() => document.cookie), '', 'no script sees the cookie');
    const stored = await page.evaluate(() => localStorage.length + sessionStorage.length);
    assert.equal(stored, 0, 'nothing is kept beside it');
    assert.ok(!(await page.content()).includes(after.value), 'and no page shows it');

    const old = await replay(before.value);
    assert.match(old.text, /Nobody is signed in/);
    assert.deepEqual(old.cookies, []);
    assert.match((await replay(after.value)).text, /Ada Lovelace<\/h1>/);
    await page.reload();
    assert.ok(await isSignedIn(page), 'the replay of a dead token ended nothing');
    await browser.close();
  },

  async two_tabs_that_renew_at_once_go_on_and_converge() {
    const browser = await launch();
    const context = await profile(browser);
    const one = await signedIn(context);
    const two = await open(context);
    const first = await generation(one);
    const old = await cookie(context);

    await Promise.all([one, two].map((tab) => click(tab, 'Renew now', 'The token was renewed.')));
    await Promise.all([one.reload(), two.reload()]);
    const now = await generation(one);
    assert.equal(await generation(two), now, 'both tabs have the same token');
    assert.ok(now > first && now <= first + 2, `${first} -> ${now}`);
    const fingerprints = await Promise.all([one, two].map((tab) => tab.locator('#fingerprint').textContent()));
    assert.equal(fingerprints[0], fingerprints[1]);
    assert.notEqual((await cookie(context)).value, old.value);

    // Many at once, from one page: whatever their order, all of them go on.
    await one.getByRole('button', { name: 'Renew from 6 tabs at once' }).click();
    await one.getByRole('status').getByText('The token was renewed.').waitFor();
    assert.ok((await generation(one)) > now);
    for (const tab of [one, two]) {
      await click(tab, 'Count one up', 'Counted.');
      assert.ok(await isSignedIn(tab));
    }
    assert.match(await two.locator('#count').textContent(), /2$/);

    // A minute later each page brings the next token by itself, and the first one is long dead.
    await advance(61);
    const due = await cookie(context);
    await Promise.all([one.reload(), two.reload()]);
    await one.reload();
    assert.notEqual((await cookie(context)).value, due.value);
    assert.match((await replay(old.value)).text, /Nobody is signed in/);
    await two.reload();
    assert.ok(await isSignedIn(two));
    await browser.close();
  },

  async logging_out_everywhere_ends_the_second_profile() {
    const browser = await launch();
    const [here, there, grace] = await Promise.all([profile(browser), profile(browser), profile(browser)]);
    const [page, other, bystander] = [
      await signedIn(here), await signedIn(there), await signedIn(grace, 'Grace Hopper'),
    ];
    const token = (await cookie(there)).value;

    await page.getByRole('link', { name: 'Devices' }).click();
    await page.locator('.device').nth(1).waitFor();
    assert.equal(await page.locator('.device').count(), 2);
    assert.match(await page.locator('.device.here').textContent(), /this one/);

    // Some minutes later that needs another proof.
    await advance(180);
    await button(page, 'Log out everywhere').click();
    await page.getByRole('heading', { name: 'Is it still you?' }).waitFor();
    await button(page, 'It is me: log out everywhere').click();
    await page.getByText('All your sessions have ended.').waitFor();

    assert.equal(await cookie(here), undefined);
    assert.ok(!(await isSignedIn(page)));
    await other.reload();
    assert.ok(!(await isSignedIn(other)));
    await other.getByText('opens nothing any more').waitFor();
    assert.match((await replay(token)).text, /Nobody is signed in/);
    await bystander.reload();
    assert.ok(await isSignedIn(bystander), 'somebody else is not concerned');
    await browser.close();
  },

  async after_a_logout_the_back_button_shows_nothing_private() {
    // With the browser's own memory of pages, which the driver switches off otherwise, and without it.
    for (const options of [{}, { ignoreDefaultArgs: ['--disable-back-forward-cache'] }]) {
      const browser = await launch(options);
      const context = await profile(browser);
      const page = await signedIn(context);
      await page.getByRole('textbox', { name: 'Note' }).fill('nobody else is to read this');
      await click(page, 'Keep the note', 'The note is kept');
      await page.getByRole('link', { name: 'Timeline' }).click();
      await page.getByRole('heading', { name: 'Timeline' }).waitFor();
      await click(page, 'Log out', 'Logged out.');
      for (let step = 0; step < 3; step += 1) {
        await page.goBack({ waitUntil: 'commit' });
        await page.getByText(/Nobody is signed in|There is no session yet/).first().waitFor();
        const shown = await page.content();
        for (const secret of ['nobody else is to read this', 'pass-title', 'who-name', 'class="what"']) {
          assert.ok(!shown.includes(secret), `${secret} is shown ${step + 1} steps back`);
        }
      }
      await browser.close();
    }
  },

  async everything_works_without_scripts() {
    const browser = await launch();
    const context = await profile(browser, { javaScriptEnabled: false });
    const page = await open(context);
    await click(page, 'Count one up', 'Counted.');
    await page.getByRole('textbox', { name: 'Note' }).fill('by hand');
    await click(page, 'Keep the note', 'The note is kept');
    await page.getByLabel('Carry over the counter').uncheck();
    await page.getByLabel('Remember me').check();
    await signIn(page, 'Alan Turing');
    assert.ok((await cookie(context)).expires > 0, 'the cookie outlives the browser');
    assert.match(await page.locator('#count').textContent(), /0$/);
    assert.equal(await page.getByRole('textbox', { name: 'Note' }).inputValue(), 'by hand');

    const before = await generation(page);
    await click(page, 'Renew now', 'The token was renewed.');
    assert.equal(await generation(page), before + 1);
    assert.ok(await page.locator('#many').isHidden(), 'what needs a script is not offered');
    await click(page, 'Use a second factor', 'Second factor taken.');
    await page.getByText('Open. You proved two factors').waitFor();

    const other = await signedIn(await profile(browser), 'Alan Turing');
    await page.getByRole('link', { name: 'Devices' }).click();
    await page.getByRole('button', { name: /^End this session/ }).click();
    await page.getByRole('status').getByText('That session has ended.').waitFor();
    await other.reload();
    assert.ok(!(await isSignedIn(other)));

    await page.getByRole('link', { name: 'Timeline' }).click();
    await page.getByText('Signed in: new chain of tokens').waitFor();
    await page.getByRole('link', { name: 'Session', exact: true }).click();
    await click(page, 'Log out everywhere but here', 'Logged out everywhere but here.');
    await page.getByRole('link', { name: 'Dismiss this message' }).click();
    await page.getByRole('status').waitFor({ state: 'detached' });
    await click(page, 'Log out', 'Logged out.');
    assert.equal(await cookie(context), undefined);
    await browser.close();
  },

  async everything_can_be_done_from_the_keyboard() {
    const browser = await launch();
    const context = await profile(browser);
    const page = await open(context);
    const focused = () => page.evaluate(() => {
      const element = document.activeElement;
      const outline = getComputedStyle(element);
      return { text: element.textContent.trim(), shows: outline.outlineStyle !== 'none' && parseFloat(outline.outlineWidth) > 1 };
    });
    // Goes on by Tab until an element with this text has the focus, which must be seen.
    const reach = async (text) => {
      for (let step = 0; step < 40; step += 1) {
        await page.keyboard.press('Tab');
        const now = await focused();
        if (now.text.includes(text)) {
          assert.ok(now.shows, `the focus on ${text} is seen`);
          return;
        }
      }
      assert.fail(`${text} cannot be reached`);
    };
    await reach('Skip to the content');
    await page.keyboard.press('Enter');
    await reach('Grace Hopper');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Grace Hopper' }).waitFor();
    await reach('Count one up');
    await page.keyboard.press('Space');
    await page.getByRole('status').getByText('Counted.').waitFor();
    await reach('Log out everywhere but here');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('Logged out everywhere but here.').waitFor();
    await reach('×');
    await page.keyboard.press('Enter');
    await page.getByRole('status').waitFor({ state: 'detached' });
    assert.ok(!page.url().includes('said='), 'a reload tells nothing again');
    await browser.close();
  },

  async an_outage_is_told_and_logs_nobody_out() {
    const browser = await launch();
    const context = await profile(browser);
    const page = await signedIn(context);
    const before = await cookie(context);
    await outage(true);
    await page.reload();
    await page.getByRole('heading', { name: 'The session store is away' }).waitFor();
    await page.getByText('You are still signed in.').waitFor();
    assert.equal((await cookie(context)).value, before.value);
    await outage(false);
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.getByRole('heading', { level: 1, name: 'Ada Lovelace' }).waitFor();
    await browser.close();
  },

  async pages_fit_a_phone_and_can_be_read_in_light_and_dark() {
    const browser = await launch();
    for (const colorScheme of ['light', 'dark']) {
      for (const viewport of [{ width: 320, height: 640 }, { width: 1280, height: 800 }]) {
        const context = await profile(browser, { colorScheme, viewport });
        const page = await open(context);
        await fits(page);
        await click(page, 'Count one up', 'Counted.');
        await fits(page);
        await signIn(page, 'Ada Lovelace');
        await click(page, 'Renew now', 'The token was renewed.');
        await fits(page);
        for (const path of ['/devices', '/timeline', '/nowhere']) {
          await page.goto(demo + path);
          await fits(page);
        }
        await page.goto(demo);
        await advance(180);
        await button(page, 'Log out everywhere').click();
        await page.getByRole('heading', { name: 'Is it still you?' }).waitFor();
        await fits(page);
        await context.close();
      }
    }
    await browser.close();
  },
};

// No sideways scrolling, text with enough contrast (WCAG 2.2, 1.4.3), targets that a finger can hit (2.5.8), names on
// everything that can be used (4.1.2).
async function fits(page) {
  const findings = await page.evaluate(() => {
    const found = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) found.push(`${root.scrollWidth} px wide on ${root.clientWidth}`);

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
    const isSeen = (element) => element.checkVisibility() && !element.closest('.unseen, .skip, progress');
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

    for (const element of document.querySelectorAll('button, .button, nav a, .dismiss, input, textarea')) {
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
  await scenarios[name]();
  assert.deepEqual(complaints, []);
  process.stdout.write('passed\n');
})().catch((error) => {
  process.stderr.write(`${error.stack}\n${complaints.join('\n')}\n`);
  process.exit(1);
});
