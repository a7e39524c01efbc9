// The program as its page tells people to use it: `node localhost.cjs ADDRESS`.
'use strict';

const assert = require('node:assert/strict');
const { Shop, launch, profile } = require('./shop.cjs');

(async () => {
  const browser = await launch();
  const context = await profile(browser);
  const shop = new Shop(process.argv[2], false);
  const page = await shop.signedIn(context);
  await shop.add(page, 'Tea');
  assert.equal(await shop.customer(page), 'Ada Lovelace');
  const [cookie, ...others] = await context.cookies();
  assert.deepEqual(others, []);
  assert.ok(cookie.secure && cookie.httpOnly && cookie.name.startsWith('__Host-'), JSON.stringify(cookie));
  await browser.close();
  process.stdout.write('passed\n');
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
