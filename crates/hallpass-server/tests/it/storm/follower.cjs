// Verifies each token that comes on a line, by the keys that one of two nodes publishes: `node follower.cjs NODE NODE ISSUER`.
// Writes as JSON how many there were, of how many keys, and which were refused.
'use strict';

const readline = require('node:readline');

const [one, two, issuer] = process.argv.slice(2);

const main = async () => {
  const jose = await import(require.resolve('jose'));
  // The keys say `max-age=0`: they are read for each token.
  const sets = [one, two].map((node) =>
    jose.createRemoteJWKSet(new URL(`${node}/.well-known/jwks.json`), { cacheMaxAge: 0, cooldownDuration: 0 }));
  const rules = { issuer, audience: issuer, typ: 'at+jwt', algorithms: ['EdDSA'], clockTolerance: 30 };
  const keys = new Set();
  const refused = [];
  let verified = 0;
  for await (const token of readline.createInterface({ input: process.stdin })) {
    try {
      const { protectedHeader } = await jose.jwtVerify(token, sets[verified % 2], rules);
      keys.add(protectedHeader.kid);
      verified += 1;
    } catch (error) {
      refused.push(`${error.code}: ${error.message}`);
    }
  }
  console.log(JSON.stringify({ verified, keys: keys.size, refused }));
};

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
