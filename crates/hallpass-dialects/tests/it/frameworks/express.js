// Serves a session that was stored here with express-session over HTTP, has it changed there, and returns all of it.
'use strict';
const http = require('node:http');

const input = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));

async function exchange(version) {
  const session = require(`express-session-${version}`);
  const store = new session.MemoryStore();
  store.sessions[input.sid] = input.stored;
  const middleware = session({ secret: input.secret, store, resave: false, saveUninitialized: false, rolling: true });
  const server = http.createServer((request, response) =>
    middleware(request, response, () => {
      const found = JSON.stringify({ id: request.sessionID, session: request.session });
      request.session.reply = `from ${version} é🦀`;
      response.end(found);
    }),
  );
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${server.address().port}/`;
  const response = await fetch(address, { headers: { cookie: input.cookie } });
  const found = await response.json();
  const set = response.headers.getSetCookie();
  server.close();
  return { ...found, set, stored: store.sessions[input.sid] };
}

(async () => {
  const found = {};
  for (const version of input.versions) found[version] = await exchange(version);
  process.stdout.write(JSON.stringify(found));
})();
