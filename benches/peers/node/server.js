// The application of src/app, for express-session: `node server.js REDIS_URL` prints its address.
import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient } from 'redis';

const IDLE = 30 * 60;
// What the slow handlers do between reading and writing: as long as a query or two.
const pause = () => setTimeout(20);

if (cluster.isPrimary) {
  let started = false;
  cluster.on('listening', (_, { port }) => {
    if (!started) console.log(`127.0.0.1:${port}`);
    started = true;
  });
  for (let worker = 0; worker < availableParallelism(); worker++) cluster.fork();
} else {
  const client = createClient({ url: process.argv[2] });
  client.on('error', () => process.exit(1));
  await client.connect();
  const app = express();
  // As its page recommends for stores that can touch.
  app.use(
    session({
      store: new RedisStore({ client }),
      secret: 'only to be measured',
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', maxAge: IDLE * 1000 },
    }),
  );
  app.get('/start/:user', (request, response) => {
    request.session.user_id = request.params.user;
    request.session.count = 0;
    response.send('ok');
  });
  app.get('/read', (request, response) => {
    response.send(request.session.user_id ?? '');
  });
  app.get('/add', (request, response) => {
    request.session.count = (request.session.count ?? 0) + 1;
    response.send(`${request.session.count}`);
  });
  app.get('/count', async (request, response) => {
    const count = (request.session.count ?? 0) + 1;
    await pause();
    request.session.count = count;
    response.send(`${count}`);
  });
  app.get('/key/:key', async (request, response) => {
    await pause();
    request.session[request.params.key] = true;
    response.send('ok');
  });
  app.get('/seen/:keys', (request, response) => {
    const keys = Array.from({ length: Number(request.params.keys) }, (_, key) => request.session[key]);
    response.send(`${request.session.count ?? 0} ${keys.filter(Boolean).length}`);
  });
  app.listen(0, '127.0.0.1');
}
