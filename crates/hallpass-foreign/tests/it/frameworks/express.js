// An application with sessions of express-session in Redis: it signs in, shows, changes and signs out.
'use strict';
const http = require('node:http');
const session = require('express-session');
const { RedisStore } = require('connect-redis');
const { createClient } = require('redis');

function answer(request, response, body, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ user: request.session?.passport?.user ?? null, values: request.session ?? null, ...body }));
}

// As Passport does it: a new session for whoever signs in.
function handle(request, response) {
  const url = new URL(request.url, 'http://localhost');
  const query = (name) => url.searchParams.get(name);
  switch (url.pathname) {
    case '/login':
      return request.session.regenerate((error) => {
        if (error) return answer(request, response, {}, 500);
        request.session.passport = { user: query('user') };
        return answer(request, response, {});
      });
    case '/logout':
      return request.session.destroy((error) => answer(request, response, {}, error ? 500 : 200));
    case '/set':
      request.session[query('name')] = query('value');
      return answer(request, response, {});
    default:
      return answer(request, response, {});
  }
}

(async () => {
  const client = createClient({ url: process.env.REDIS_URL });
  await client.connect();
  const maxAge = process.env.MAX_AGE ? Number(process.env.MAX_AGE) : undefined;
  const middleware = session({
    secret: 'keyboard cat',
    store: new RedisStore({ client }),
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge },
  });
  const server = http.createServer((request, response) => middleware(request, response, () => handle(request, response)));
  server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
})();
