// The cookie is the browser's to keep, and no script sees it. The access token lives in the memory of this page, and
// `session.js` gets the next one by the cookie, once for all tabs.
import { Session, SignedOut } from './session.js';

const session = new Session({ refresh: '/token' });

export async function call(method, path, body) {
  const visit = await ask(method, path, body);
  if (path === '/sign-in') session.begin(await ask('POST', '/token'));
  if (path === '/log-out') session.end();
  return { ...visit, customer: await account() };
}

// What nobody sees without an access token; nothing where nobody is signed in.
async function account() {
  try {
    const answer = await session.fetch('/account');
    if (answer.ok) return await answer.json();
  } catch (error) {
    if (error instanceof SignedOut) return null;
    throw error;
  }
  throw new Error('The shop is not there for the moment.');
}

async function ask(method, path, body) {
  const headers = { accept: 'application/json' };
  if (body) headers['content-type'] = 'application/json';
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (answer.ok) return answer.json();
  const isProblem = answer.headers.get('content-type')?.includes('json');
  throw new Error(isProblem ? (await answer.json()).detail : await answer.text());
}
