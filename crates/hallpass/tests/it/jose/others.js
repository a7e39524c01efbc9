// Verifies our tokens with jose, and makes tokens of its own; input and output are JSON.

const assert = require('node:assert');
const fs = require('node:fs');
const { pathToFileURL } = require('node:url');

globalThis.crypto ??= require('node:crypto').webcrypto; // Node.js 18 has it under another name

async function main() {
  const jose = await import(pathToFileURL(require.resolve('jose')));
  const job = JSON.parse(fs.readFileSync(0, 'utf8'));
  const secret = jose.base64url.decode(job.secret.k);
  const published = jose.createLocalJWKSet(job.jwks);

  const verify = (text, algorithm) =>
    jose.jwtVerify(text, algorithm === 'HS256' ? secret : published, {
      algorithms: [algorithm],
      issuer: job.issuer,
      audience: job.audience,
      typ: 'at+jwt',
      currentDate: new Date(job.now * 1000),
      requiredClaims: ['exp', 'sub', 'jti'],
    });

  const verified = [];
  for (const { text, algorithm } of job.tokens) {
    verified.push((await verify(text, algorithm)).payload);
    // A character in the middle of the signature, where each has six bits that count.
    const at = text.lastIndexOf('.') + 10;
    const flipped = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    await assert.rejects(verify(flipped, algorithm), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  }

  const made = [];
  const keys = [];
  for (const algorithm of ['EdDSA', 'ES256', 'RS256', 'HS256']) {
    const header = { alg: algorithm, typ: 'at+jwt' };
    let key = secret;
    if (algorithm !== 'HS256') {
      const pair = await jose.generateKeyPair(algorithm, { extractable: true });
      const jwk = await jose.exportJWK(pair.publicKey);
      header.kid = await jose.calculateJwkThumbprint(jwk);
      keys.push({ ...jwk, kid: header.kid, use: 'sig', alg: algorithm });
      key = pair.privateKey;
    }
    const text = await new jose.SignJWT(job.claims).setProtectedHeader(header).sign(key);
    made.push({ algorithm, text });
  }
  process.stdout.write(JSON.stringify({ verified, made, jwks: { keys } }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
