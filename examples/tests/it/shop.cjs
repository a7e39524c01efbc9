// What somebody does in the shop, whichever way it keeps its sessions.
'use strict';

const { chromium } = require('playwright-core');

const launch = (args = []) => chromium.launch({
  executablePath: process.env.CHROMIUM,
  timeout: 120_000,
  // With the browser's own memory of pages, which the driver switches off otherwise.
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
  args: [
    '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', ...args,
  ],
});

// A profile of its own: cookies and caches are shared with no other.
async function profile(browser, options = {}) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ignoreHTTPSErrors: true, ...options });
  context.setDefaultTimeout(60_000);
  return context;
}

const button = (page, name) => page.getByRole('button', { name, exact: true });

class Shop {
  constructor(origin, isScripted) {
    this.origin = origin;
    this.isScripted = isScripted;
  }

  async open(context) {
    const page = await context.newPage();
    await this.settled(page, () => page.goto(this.origin));
    return page;
  }

  // Does something, and waits until the page shows what came of it.
  async settled(page, act) {
    const before = this.isScripted ? await looks(page) : 0;
    await act();
    await page.waitForLoadState('load');
    if (!this.isScripted) return;
    await page.waitForFunction((looked) => {
      const now = Number(document.body?.dataset.looks ?? 0);
      return now > 0 && now !== looked;
    }, before);
  }

  async press(page, act) {
    if (this.isScripted) return this.settled(page, act);
    return Promise.all([page.waitForURL(this.origin + '/', { waitUntil: 'load' }), page.waitForEvent('load'), act()]);
  }

  add(page, good) { return this.press(page, () => button(page, `Add ${good}`).click()); }

  async signIn(page, name = 'ada', password = 'engine') {
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill(password);
    await this.press(page, () => button(page, 'Sign in').click());
  }

  logOut(page) { return this.press(page, () => button(page, 'Log out').click()); }

  // Looks again: what a page with a script does when somebody comes back to it, and others when they are loaded anew.
  look(page) {
    const again = () => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    return this.settled(page, this.isScripted ? again : () => page.reload());
  }

  async signedIn(context, name, password) {
    const page = await this.open(context);
    await this.signIn(page, name, password);
    return page;
  }

  // Who is signed in, as the page shows it.
  async customer(page) {
    const shown = page.locator('#customer:visible');
    return (await shown.count()) === 1 ? shown.textContent() : null;
  }

  async cart(page) {
    return (await page.locator('#cart li').allTextContents()).map((line) => line.replace(/\s+/g, ' ').trim());
  }
}

const looks = (page) => page.evaluate(() => Number(document.body?.dataset.looks ?? 0)).catch(() => 0);

module.exports = { Shop, button, launch, profile };
