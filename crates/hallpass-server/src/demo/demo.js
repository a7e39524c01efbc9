// Everything works without this. It counts down, forgets messages that were read, and shows what needs many tabs.
(() => {
  'use strict';

  // A reload is not to tell again what was done before it.
  if (location.search) history.replaceState(null, '', location.pathname + location.hash);

  // A page that the browser kept for its back button may be another person's by now.
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });

  document.querySelector('.dismiss')?.addEventListener('click', (event) => {
    event.preventDefault();
    document.querySelector('.toast').remove();
    document.getElementById('main').focus();
  });

  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const span = (seconds) => {
    const first = units.findIndex(([size]) => seconds >= size);
    if (first < 0) return 'over';
    const [size, short] = units[first];
    const [nextSize, nextShort] = units[first + 1] ?? [1, ''];
    const rest = nextShort ? Math.floor((seconds % size) / nextSize) : 0;
    return `${Math.floor(seconds / size)} ${short}${rest ? ` ${rest} ${nextShort}` : ''}`;
  };

  const clocks = [...document.querySelectorAll('[data-left]')];
  const loaded = Date.now();
  const tick = () => {
    const passed = Math.floor((Date.now() - loaded) / 1000);
    for (const clock of clocks) {
      const left = Math.max(0, Number(clock.dataset.left) - passed);
      if (clock.tagName === 'PROGRESS') clock.value = left;
      else clock.textContent = span(left);
    }
  };
  if (clocks.length) setInterval(tick, 1000);

  const many = document.getElementById('many');
  if (many) {
    many.hidden = false;
    many.addEventListener('click', async () => {
      many.disabled = true;
      const renew = () => fetch('/demo/renew', { method: 'POST', redirect: 'manual' });
      await Promise.allSettled(Array.from({ length: 6 }, renew));
      location.assign('/demo?said=renewed#token');
    });
  }
})();
