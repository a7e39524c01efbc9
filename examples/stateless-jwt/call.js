// The token lives in the memory of this page and nowhere else: no other site, no extension that reads storage, and no
// reload finds it.
let token;

export async function call(method, path, body) {
  const headers = { accept: 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  if (body) headers['content-type'] = 'application/json';
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: 'omit' });
  // The next token, or an empty one after a logout.
  token = answer.headers.get('session-token') ?? token;
  if (answer.ok) return answer.json();
  const isProblem = answer.headers.get('content-type')?.includes('json');
  throw new Error(isProblem ? (await answer.json()).detail : await answer.text());
}
