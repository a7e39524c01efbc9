// What pages do better with a script. All of them are whole without it.
'use strict';

(() => {
  const EVERY = 5000;
  const live = document.getElementById('live');
  const pause = document.getElementById('pause');
  const stale = document.getElementById('stale');
  if (!live || !pause) return;

  let paused = false;
  let timer;

  const tell = (text) => {
    stale.hidden = !text;
    if (stale.textContent !== text) stale.textContent = text;
  };

  // The numbers may be open, or somebody may be in them: what they look at stays as it is.
  const show = (html) => {
    const isOpen = live.querySelector('details')?.open;
    if (live.contains(document.activeElement) && document.activeElement !== document.body) return;
    live.innerHTML = html;
    if (isOpen) live.querySelector('details').open = true;
  };

  const refresh = async () => {
    try {
      const answer = await fetch(live.dataset.source, { headers: { accept: 'text/html' }, redirect: 'manual', cache: 'no-store' });
      if (answer.type === 'opaqueredirect') {
        tell('You are signed out. Reload the page to sign in again.');
        return stop();
      }
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.text());
      tell('');
    } catch {
      tell('The service does not answer. What you see is what it last said; this page asks again every 5 seconds.');
    }
    next();
  };

  const next = () => {
    clearTimeout(timer);
    if (!paused && !document.hidden) timer = setTimeout(refresh, EVERY);
  };

  const stop = () => {
    paused = true;
    clearTimeout(timer);
    pause.textContent = 'Resume';
    pause.setAttribute('aria-pressed', 'true');
  };

  pause.hidden = false;
  pause.addEventListener('click', () => {
    if (!paused) return stop();
    paused = false;
    pause.textContent = 'Pause';
    pause.setAttribute('aria-pressed', 'false');
    refresh();
  });
  document.addEventListener('visibilitychange', next);
  next();
})();
