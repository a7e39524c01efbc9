// A session of the hybrid pattern, as a page holds it: a short access token in memory, and a refresh token in a cookie that
// no script can read.
//
//   import { Session, SignedOut, Outage } from './session.js';
//
//   const session = new Session({ refresh: '/session/refresh' });
//   const answer = await session.fetch('/api/orders');
//
// `session.fetch` is `fetch` with the access token. When that is over, it is refreshed once for all requests that wait, in
// all tabs, and each request is sent again. The endpoint at `refresh` takes a POST with the cookie and answers
//
//   200 {"access_token": "...", "expires_in": 300}, with the next cookie
//   401: the session is over, and `SignedOut` is thrown
//   503, anything else of the kind, or nothing at all: an outage. `Outage` is thrown, nothing is forgotten and nobody is
//       logged out; `error.retryAfter` says in how many seconds to try again.
//
// Tabs take turns by Web Locks, and tell each other what they got by BroadcastChannel. Without either it is as correct, and
// each tab asks for itself: the server gives all of them the same next token.
//
// Nothing is kept in localStorage, and the token goes to this page's own origin only, and to those in `origins`.

/** The session is over: the person signs in again. */
export class SignedOut extends Error {
  name = 'SignedOut';

  constructor(options) {
    super('The session is over. Sign in again.', options);
  }
}

/** Nobody can say now whether the session is good; the person stays signed in. */
export class Outage extends Error {
  name = 'Outage';

  /**
   * @param {number} retryAfter in how many seconds to try again
   * @param {ErrorOptions} [options]
   */
  constructor(retryAfter, options) {
    super('The session cannot be refreshed now. You are still signed in: try again.', options);
    this.retryAfter = retryAfter;
  }
}

/** How long a tab waits to be told what another tab got, once that one is done, in milliseconds. */
const HEARSAY = 500;
/** In how many seconds to try again if the server does not say. */
const RETRY_AFTER = 2;
/** For how long a failed refresh stands for all who ask, in milliseconds: their requests end one after another. */
const STANDS = 1000;

/**
 * Tells as events of what happened: `refreshed` and `signed-out`, in whichever tab it was, and `outage` (with
 * `event.detail.retryAfter`) where somebody waited for a refresh.
 */
export class Session extends EventTarget {
  #refresh;
  #name;
  #origins;
  #patience;
  /** What stands for the session now: the token, and until when, by the page's own clock. */
  #access;
  /** What all requests of this tab wait for. */
  #refreshing;
  /** How the last refresh failed, and for how long that stands. */
  #failure;
  #channel;
  /** Who waits to be told what another tab got. */
  #listeners = new Set();

  /**
   * @param {object} options
   * @param {string} options.refresh where the next access token comes from
   * @param {string} [options.name] what the tabs of one session agree on; two sessions of one origin have two names
   * @param {string[]} [options.origins] who gets the token besides this page's origin
   * @param {number} [options.patience] how long the refresh may take, in milliseconds
   */
  constructor({ refresh, name = 'session', origins = [], patience = 15_000 }) {
    super();
    this.#refresh = new URL(refresh, location.href);
    this.#name = `hallpass ${name}`;
    this.#origins = new Set([location.origin, ...origins]);
    this.#patience = patience;
    if (globalThis.BroadcastChannel) {
      this.#channel = new BroadcastChannel(this.#name);
      this.#channel.onmessage = ({ data }) => this.#hear(data);
    }
  }

  /**
   * As `fetch`, with the access token; throws `SignedOut` or `Outage` where there is none to be had.
   *
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  async fetch(input, init) {
    const request = new Request(input, init);
    if (!this.#origins.has(new URL(request.url).origin)) return fetch(request);
    const access = this.#present() ?? (await this.#next(this.#access));
    const answer = await send(request.clone(), access);
    if (answer.status !== 401) return answer;
    await answer.body?.cancel();
    // It may have been replaced while this was under way.
    const now = this.#present();
    return send(request, now && now !== access ? now : await this.#next(access));
  }

  /**
   * Takes what a sign-in was answered with, and tells the other tabs.
   *
   * @param {{ access_token: string, expires_in: number }} answer
   */
  begin(answer) {
    this.#take(answer);
    this.#tell({ got: answer });
  }

  /** Forgets the access token after a logout, in all tabs. */
  end() {
    this.#forget();
    this.#tell({ over: true });
  }

  /** Listens to other tabs no more. */
  close() {
    this.#channel?.close();
  }

  #present() {
    return this.#access && performance.now() < this.#access.until ? this.#access : undefined;
  }

  /** Returns what comes after `stale`: asked for once, however many wait for it. */
  #next(stale) {
    if (this.#failure && performance.now() < this.#failure.until) return Promise.reject(this.#failure.error());
    this.#refreshing ??= this.#inTurn(stale).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Asks unless another tab does: then that one tells what it got. */
  async #inTurn(stale) {
    const locks = this.#channel && globalThis.navigator?.locks;
    if (!locks) return this.#ask(stale);
    const first = await locks.request(this.#name, { ifAvailable: true }, async (lock) => {
      if (!lock) return undefined;
      // What another tab told a moment ago is heard first.
      await turn();
      return { access: this.#newer(stale) ?? (await this.#ask(stale)) };
    });
    if (first) return first.access;
    const told = this.#listen();
    try {
      const signal = AbortSignal.timeout(this.#patience);
      return await locks.request(this.#name, { signal }, async () => {
        const news = await Promise.race([told.news, later(HEARSAY)]);
        if (news?.outage) this.dispatchEvent(new CustomEvent('outage', { detail: { retryAfter: news.outage } }));
        if (news?.outage || news?.over) throw this.#failure.error();
        return this.#newer(stale) ?? this.#ask(stale);
      });
    } catch (error) {
      // The other tab is stuck. To ask beside it is harmless.
      if (error.name === 'TimeoutError' || error.name === 'AbortError') return this.#ask(stale);
      throw error;
    } finally {
      told.stop();
    }
  }

  #newer(stale) {
    const access = this.#present();
    return access === stale ? undefined : access;
  }

  async #ask(stale) {
    let answer;
    let body;
    try {
      answer = await fetch(this.#refresh, {
        method: 'POST',
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'error',
        headers: { accept: 'application/json' },
        signal: AbortSignal.timeout(this.#patience),
      });
      if (answer.ok) body = await answer.json();
    } catch (cause) {
      // Cut off, too late, or something else than the answer of this endpoint.
      return this.#fail(RETRY_AFTER, { cause });
    }
    if (typeof body?.access_token === 'string') {
      this.begin(body);
      this.dispatchEvent(new Event('refreshed'));
      return this.#access;
    }
    if (answer.status === 401) {
      // Unless somebody signed in meanwhile.
      const newer = this.#newer(stale);
      if (newer) return newer;
      this.end();
      throw this.#failure.error();
    }
    return this.#fail(Number(answer.headers.get('retry-after')) || RETRY_AFTER);
  }

  #fail(retryAfter, options) {
    this.#tell({ outage: retryAfter });
    this.#stand(() => new Outage(retryAfter, options));
    this.dispatchEvent(new CustomEvent('outage', { detail: { retryAfter } }));
    throw this.#failure.error();
  }

  #take({ access_token: token, expires_in: seconds }) {
    this.#access = { token, until: performance.now() + seconds * 1000 };
    this.#failure = undefined;
  }

  #forget() {
    this.#access = undefined;
    this.#stand(() => new SignedOut());
    this.dispatchEvent(new Event('signed-out'));
  }

  #stand(error) {
    this.#failure = { error, until: performance.now() + STANDS };
  }

  #tell(news) {
    this.#channel?.postMessage(news);
  }

  #hear(news) {
    if (news.got) {
      this.#take(news.got);
      this.dispatchEvent(new Event('refreshed'));
    } else if (news.over) {
      this.#forget();
    } else if (news.outage) {
      this.#stand(() => new Outage(news.outage));
    }
    for (const listener of this.#listeners) listener(news);
  }

  #listen() {
    let stop;
    const news = new Promise((resolve) => {
      this.#listeners.add(resolve);
      stop = () => this.#listeners.delete(resolve);
    });
    return { news, stop };
  }
}

function send(request, access) {
  request.headers.set('authorization', `Bearer ${access.token}`);
  return fetch(request);
}

const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Lets messages in that have come already; a timer would be slow in a tab that nobody sees. */
const turn = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
