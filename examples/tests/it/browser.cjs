// What must hold for every way of keeping sessions, in a real browser: `node browser.cjs EXAMPLE`.
//
// Nothing here waits for time to pass: every step waits for what it needs to see. Time itself is the server's to move.
'use strict';

const assert = require('node:assert/strict');
const { Shop, launch, profile } = require('./shop.cjs');

const example = JSON.parse(process.argv[2]);
const shop = new Shop(`https://shop.hallpass.test:${example.port}`, example.isScripted);
const neighbour = `https://evil.hallpass.test:${example.port}`;
const direct = `https://127.0.0.1:${example.port}`;
const MINUTE = 60;

const control = (path) => fetch(`${direct}/control${path}`, { method: 'POST' });
const advance = (minutes) => control(`/advance/${minutes * MINUTE}`);

// Every cookie of the profile, as the browser stored it.
async function jar(page) {
  const session = await page.context().newCDPSession(page);
  const { cookies } = await session.send('Network.getAllCookies');
  await session.detach();
  return cookies;
}

// What the browser holds, for whoever could read it: the cookie, or what the last answer handed to the page.
const held = new WeakMap();
async function watched(context) {
  context.on('response', (response) => {
    const token = response.headers()['session-token'];
    if (token !== undefined) held.set(response.frame().page(), token);
  });
  return context;
}

async function token(page) {
  if (!example.cookie) return held.get(page) || undefined;
  return (await jar(page)).find(({ name }) => name === example.cookie)?.value;
}

// Whether `value` lets somebody in as Ada who shows it from another machine, past this browser.
async function opens(value) {
  const headers = example.cookie ? { cookie: `${example.cookie}=${value}` } : { authorization: `Bearer ${value}` };
  headers.origin = direct; // as from a page of the shop: who says nothing changes nothing
  const { method, path } = example.question;
  const answer = await fetch(direct + path, { method, headers });
  if (answer.status === 401) return false;
  assert.ok(answer.ok, `${answer.status}`);
  assert.deepEqual(answer.headers.getSetCookie().filter((cookie) => cookie.includes('Max-Age=0')), [], 'no cookie is removed');
  return /Ada Lovelace|"access_token"/.test(await answer.text());
}

async function fresh(browser) {
  return watched(await profile(browser));
}

const checks = {
  async the_browser_stores_what_it_should_and_nothing_beside_it(browser) {
    const context = await fresh(browser);
    const page = await shop.open(context);
    assert.deepEqual(await jar(page), [], 'a visit alone leaves nothing behind');
    await shop.add(page, 'Honey');
    await shop.signIn(page);
    const cookies = await jar(page);
    if (example.cookie) {
      const [{ name, domain, path, secure, httpOnly, sameSite, session, expires }, ...others] = cookies;
      assert.deepEqual(others, []);
      assert.deepEqual(
        { name, domain, path, secure, httpOnly, sameSite, session, expires },
        {
          name: example.cookie, domain: 'shop.hallpass.test', path: '/', secure: true, httpOnly: true,
          sameSite: example.sameSite, session: true, expires: -1,
        },
      );
    } else {
      assert.deepEqual(cookies, []);
    }
    const beside = await page.evaluate(async () => [
      document.cookie, localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,
      (await caches.keys()).length,
    ]);
    assert.deepEqual(beside, ['', 0, 0, 0, 0]);
    assert.ok(!(await page.content()).includes(await token(page)), 'no page shows it');
  },

  async a_login_replaces_the_token_and_whoever_planted_the_old_one_has_nothing(browser) {
    const context = await fresh(browser);
    const page = await shop.open(context);
    await shop.add(page, 'Honey');
    const planted = await token(page);
    assert.ok(planted && !(await opens(planted)));

    // Somebody who can write cookies plants a session of their own; here the same one, by the browser's own means.
    if (example.cookie) {
      const [cookie] = await context.cookies();
      await context.clearCookies();
      await context.addCookies([{ ...cookie, value: planted }]);
      await shop.look(page);
    }
    await shop.signIn(page);
    assert.equal(await shop.customer(page), 'Ada Lovelace');
    assert.deepEqual(await shop.cart(page), ['Honey 1'], 'the cart is carried over by its name');
    const after = await token(page);
    assert.notEqual(after, planted);
    assert.ok(await opens(after));
    assert.ok(!(await opens(planted)), 'the old value is dead');
    await shop.look(page);
    assert.equal(await shop.customer(page), 'Ada Lovelace', 'showing a dead token ended nothing');
  },

  async a_wrong_password_lets_nobody_in_and_keeps_the_cart(browser) {
    const page = await shop.open(await fresh(browser));
    await shop.add(page, 'Tea');
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill('compiler');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('That name and that password do not belong together.').waitFor();
    const again = example.isScripted ? page : await shop.open(page.context());
    assert.equal(await shop.customer(again), null);
    assert.deepEqual(await shop.cart(again), ['Tea 1']);
  },

  async a_session_that_goes_unused_for_30_minutes_is_over(browser) {
    const page = await shop.signedIn(await fresh(browser));
    await advance(29);
    await shop.look(page);
    assert.equal(await shop.customer(page), 'Ada Lovelace');
    const value = await token(page);
    await advance(31);
    await shop.look(page);
    assert.equal(await shop.customer(page), null);
    assert.ok(!(await opens(value)));
  },

  async a_session_is_over_after_4_hours_however_much_it_is_used(browser) {
    const page = await shop.signedIn(await fresh(browser));
    for (let used = 0; used < 232; used += 29) {
      await advance(29);
      await shop.look(page);
      assert.equal(await shop.customer(page), 'Ada Lovelace', `after ${used + 29} minutes`);
    }
    const value = await token(page);
    await advance(9);
    await shop.look(page);
    assert.equal(await shop.customer(page), null);
    assert.ok(!(await opens(value)));
  },

  async a_logout_holds_on_both_sides_and_back_shows_nothing_private(browser) {
    const context = await fresh(browser);
    const page = await shop.signedIn(context);
    await shop.add(page, 'Bread');
    await page.getByText("12 St James's Square").waitFor();
    const value = await token(page);
    assert.ok(await opens(value));
    await shop.logOut(page);
    assert.equal(await shop.customer(page), null);
    assert.deepEqual(await jar(page), [], 'the cookie is gone');
    assert.equal(await token(page), undefined);
    assert.ok(!(await opens(value)), 'and who kept a copy has nothing');
    await page.goto(`${direct}/shop.svg`); // somewhere else
    for (let step = 0; step < 2; step += 1) {
      await page.goBack({ waitUntil: 'commit' });
      if (page.url() === 'about:blank') break;
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      const shown = await page.locator('body').innerText();
      for (const secret of ['Ada Lovelace', "St James's", 'Bread 1']) {
        assert.ok(!shown.includes(secret), `${secret} is shown ${step + 1} steps back`);
      }
    }
  },

  async two_tabs_renew_and_neither_is_logged_out(browser) {
    const context = await fresh(browser);
    const one = await shop.signedIn(context);
    // Where nothing but the page knows the token, another tab is another session.
    const two = example.cookie ? await shop.open(context) : await shop.signedIn(context);
    const first = await token(one);
    for (let round = 0; round < 3; round += 1) {
      await advance(29);
      await Promise.all([shop.look(one), shop.look(two)]);
      await Promise.all([shop.look(two), shop.look(one)]);
      for (const page of [one, two]) assert.equal(await shop.customer(page), 'Ada Lovelace', `in round ${round}`);
    }
    assert.notEqual(await token(one), first, 'the token was renewed');
    await Promise.all([shop.add(one, 'Tea'), shop.look(two)]);
    await shop.add(two, 'Tea');
    for (const page of [one, two]) assert.equal(await shop.customer(page), 'Ada Lovelace');
  },

  async a_cookie_from_a_site_next_door_logs_nobody_out_or_in(browser) {
    const attacker = await shop.signedIn(await fresh(browser), 'grace', 'compiler');
    const theirs = await token(attacker);
    const context = await fresh(browser);
    const page = await shop.signedIn(context);
    const mine = await token(page);
    const name = example.cookie ?? 'session-token';
    const next = await context.newPage();
    for (const cookie of [
      `${name}=${theirs}; Domain=hallpass.test; Path=/; Secure`,
      `${name.toLowerCase()}=${theirs}; Domain=hallpass.test; Path=/; Secure`,
      `=${name}=${theirs}; Domain=hallpass.test; Path=/; Secure`,
      `${name}=; Domain=hallpass.test; Path=/; Secure; Max-Age=0`,
      `${name}=${theirs}; Domain=shop.hallpass.test; Path=/; Secure`,
      'planted=1; Domain=hallpass.test; Path=/; Secure',
    ]) {
      await next.goto(`${neighbour}/control/toss?cookie=${encodeURIComponent(cookie)}`);
    }
    await next.evaluate(([key, value]) => {
      document.cookie = `${key}=${value}; domain=hallpass.test; path=/; secure`;
      document.cookie = `${key}=; domain=hallpass.test; path=/; secure; max-age=0`;
    }, [name, theirs]);

    const stored = (await jar(page)).filter((cookie) => cookie.domain !== 'evil.hallpass.test');
    assert.ok(stored.some((cookie) => cookie.name === 'planted'), 'the site next door can toss what it likes');
    await shop.look(page);
    assert.equal(await shop.customer(page), 'Ada Lovelace', 'neither somebody else nor nobody');
    assert.equal(await token(page), mine);
    await shop.add(page, 'Apples');
    await shop.logOut(page);
    await shop.look(page);
    assert.equal(await shop.customer(page), null, 'nobody is logged in by it either');
  },

  async a_form_of_the_site_next_door_changes_nothing(browser) {
    const context = await fresh(browser);
    const page = await shop.signedIn(context);
    for (const [path, fields] of [['/log-out', {}], ['/cart', { item: 'tea' }], ['/sign-in', { name: 'grace', password: 'compiler' }]]) {
      const next = await context.newPage();
      await next.goto(`${neighbour}/control/toss?cookie=planted=1`);
      // The browser sends the cookie along, since to it both are one site.
      const [answer] = await Promise.all([
        next.waitForResponse((response) => response.url() === shop.origin + path),
        next.evaluate(([action, inputs]) => {
          const form = Object.assign(document.createElement('form'), { method: 'post', action });
          for (const [name, value] of Object.entries(inputs)) form.append(Object.assign(document.createElement('input'), { name, value }));
          document.body.append(form);
          form.submit();
        }, [shop.origin + path, fields]),
      ]);
      if (example.cookie) assert.equal(answer.status(), 403, path);
      await next.close();
    }
    await shop.look(page);
    assert.equal(await shop.customer(page), 'Ada Lovelace');
    assert.deepEqual(await shop.cart(page), []);
  },

  async a_request_from_before_a_login_that_answers_after_it_changes_nothing(browser) {
    // What was asked before the login answers after it: held in its handler, and held on its way back.
    for (const held of ['body', 'answer']) {
      const context = await fresh(browser);
      const page = await shop.open(context);
      await shop.add(page, 'Honey');
      const before = await token(page);
      const slow = slowly(page, held);
      await control('/arrived');

      // Where nothing but the page knows the token, the login is in the same page.
      const other = example.cookie ? await shop.open(context) : page;
      await shop.signIn(other);
      const after = await token(other);
      assert.notEqual(after, before);
      await control('/release');
      await slow;

      assert.equal(await token(other), after, `held at its ${held}`);
      await shop.look(other);
      assert.equal(await shop.customer(other), 'Ada Lovelace');
      assert.deepEqual(await shop.cart(other), ['Honey 1']);
      assert.ok(await opens(await token(other)));
      assert.ok(!(await opens(before)));
      await context.close();
    }
  },
};

// Asks for something that is held up: a change that waits in its handler, or a page whose answer waits.
async function slowly(page, held) {
  if (example.isScripted) {
    return page.evaluate(async ([hold, path]) => {
      const { call } = await import('/call.js');
      const ask = hold === 'body' ? ['POST', `${path}?hold=body`, { item: 'bread' }] : ['GET', '/visit?hold=answer'];
      return call(...ask).then(() => 'answered', (error) => error.message);
    }, [held, '/cart']);
  }
  return page.evaluate(async (hold) => {
    const ask = hold === 'body'
      ? ['/cart?hold=body', { method: 'POST', body: new URLSearchParams({ item: 'bread' }), redirect: 'manual' }]
      : ['/?hold=answer', {}];
    return (await fetch(...ask)).status;
  }, held);
}

(async () => {
  const browser = await launch([`--host-resolver-rules=MAP *.hallpass.test 127.0.0.1`, '--ignore-certificate-errors']);
  const failed = [];
  for (const [name, check] of Object.entries(checks)) {
    const started = Date.now();
    try {
      await check(browser);
      process.stdout.write(`passed: ${name} (${Date.now() - started} ms)\n`);
    } catch (error) {
      failed.push(name);
      process.stdout.write(`FAILED: ${name}\n${error.stack}\n`);
    }
    await Promise.all(browser.contexts().map((context) => context.close()));
  }
  await browser.close();
  process.stdout.write(failed.length ? `${failed.length} failed\n` : 'all passed\n');
  process.exit(failed.length ? 1 : 0);
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
