// The page where it builds itself: it shows what `call` of the example's own /call.js brings.
import { call } from '/call.js';

const find = (id) => document.getElementById(id);

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

function show({ customer, cart, facts }) {
  find('account').hidden = !customer;
  find('sign-in').hidden = Boolean(customer);
  find('customer').textContent = customer?.name ?? '';
  find('address').textContent = customer?.address ?? '';
  find('cart').replaceChildren(...cart.map(({ name, count }) => element('li', element('span', name), ' ', element('b', count))));
  find('empty').hidden = cart.length > 0;
  find('facts').replaceChildren(...facts.map(({ name, value }) => element('div', element('dt', name), element('dd', value))));
  find('nothing').hidden = facts.length > 0;
}

async function go(method, path, body) {
  const notice = find('notice');
  try {
    show(await call(method, path, body));
    notice.hidden = true;
  } catch (error) {
    notice.textContent = error.message;
    notice.hidden = false;
  }
  // How often it looked, for whoever waits for it.
  document.body.dataset.looks = Number(document.body.dataset.looks ?? 0) + 1;
}

document.addEventListener('submit', (event) => {
  event.preventDefault();
  const { target: form, submitter } = event;
  const body = Object.fromEntries(new FormData(form, submitter));
  form.querySelectorAll('[type=password]').forEach((field) => { field.value = ''; });
  go('POST', new URL(form.action).pathname, body);
});

// Who comes back to the page sees how things stand now, also where the browser kept it as it was.
const look = () => document.visibilityState === 'visible' && go('GET', '/visit');
document.addEventListener('visibilitychange', look);
addEventListener('pageshow', look);
