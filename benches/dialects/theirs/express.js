// Measures how long express-session's own parts take to find, verify and parse each session.
'use strict';
const cookie = require('cookie');
const signature = require('cookie-signature');
const { vectors } = JSON.parse(require('node:fs').readFileSync(process.argv[2], 'utf8'));

function median(run) {
  const time = (calls) => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) run();
    return Number(process.hrtime.bigint() - start) / calls;
  };
  let calls = 1;
  while (time(calls) * calls < 2e6) calls *= 2;
  const rounds = Array.from({ length: 40 }, () => time(calls)).sort((a, b) => a - b);
  return rounds[20];
}

for (const vector of vectors) {
  if (!vector.redis_value_base64) continue;
  const { secrets, cookie_name: name } = vector.config;
  const header = `${name}=${vector.cookie_value_wire}`;
  const stored = Buffer.from(vector.redis_value_base64, 'base64').toString();
  const read = () => {
    const value = cookie.parse(header)[name].slice(2);
    let sid = false;
    for (const secret of secrets) if ((sid = signature.unsign(value, secret)) !== false) break;
    if (sid === false) throw new Error(vector.id);
    return JSON.parse(stored);
  };
  console.log(`${vector.id}\t${median(read)}`);
}
