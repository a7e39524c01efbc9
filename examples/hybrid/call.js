// The cookie is the browser's to keep, and no script sees it. The access token lives in the memory of this page, for five
// minutes, and whoever needs the next one asks for it with the cookie.
let token;

export async function call(method, path, body) {
  const visit = await ask(method, path, body);
  if (path === '/sign-in' || path === '/log-out') token = undefined;
  return { ...visit, customer: await account() };
}

// Asks with what is there, and once more with the next token if that is over.
async function account() {
  for (const isFresh of [false, true]) {
    if (!token || isFresh) token = await next();
    if (!token) return null;
    const answer = await fetch('/account', { headers: { authorization: `Bearer ${token}` }, credentials: 'omit' });
    if (answer.ok) return answer.json();
    if (answer.status !== 401) throw new Error('The shop is not there for the moment.');
  }
  return null;
}

async function next() {
  const answer = await fetch('/token', { method: 'POST' });
  if (answer.ok) return (await answer.json()).access_token;
  if (answer.status === 401) return undefined; // nobody is signed in
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
