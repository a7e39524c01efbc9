// Verifies messages, one a line, as receivers do; prints which are good.
const fs = require('node:fs');

(async () => {
  const { Webhook } = await import(require.resolve('standardwebhooks'));
  const [secret, file] = process.argv.slice(2);
  const verifier = new Webhook(secret);
  for (const line of fs.readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const { headers, body } = JSON.parse(line);
    try {
      console.log('good', verifier.verify(body, headers).type);
    } catch (error) {
      console.log('bad', error.message);
    }
  }
})();
