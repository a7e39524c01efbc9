// Goes through the life of a token with `openid-client` and `jose`, and writes what it saw as JSON.
'use strict';

const main = async () => {
  const oauth = await import(require.resolve('openid-client'));
  const jose = await import(require.resolve('jose'));
  const given = JSON.parse(process.env.HALLPASS_TEST_INPUT);
  const seen = {};

  // The tests speak plain HTTP on loopback.
  const plain = { algorithm: 'oauth2', execute: [oauth.allowInsecureRequests] };
  const find = (key) =>
    oauth.discovery(new URL(given.issuer), given.client, undefined, oauth.ClientSecretBasic(key), plain);
  const word = async (call) => {
    try {
      await call();
    } catch (error) {
      return error.error ?? error.code ?? String(error);
    }
    return 'nothing';
  };

  const config = await find(given.key);
  const server = config.serverMetadata();
  seen.issuer = server.issuer;

  const tokens = await oauth.refreshTokenGrant(config, given.refresh_token);
  seen.refreshed = tokens.refresh_token !== given.refresh_token && tokens.expires_in === 300;

  const keys = jose.createRemoteJWKSet(new URL(server.jwks_uri));
  const rules = { issuer: server.issuer, audience: server.issuer, typ: 'at+jwt', algorithms: ['EdDSA'] };
  const { payload, protectedHeader } = await jose.jwtVerify(tokens.access_token, keys, rules);
  seen.same_session = payload.sid === given.sid;
  seen.verified_sub = payload.sub;
  seen.verified_typ = protectedHeader.typ;

  const ask = (token) => oauth.tokenIntrospection(config, token);
  const both = [tokens.access_token, tokens.refresh_token];
  const before = await Promise.all(both.map(ask));
  seen.active = before.map((answer) => answer.active);
  seen.sub = before[0].sub;

  // A token that nobody ever had.
  const wrong = tokens.refresh_token.slice(0, -4) + (tokens.refresh_token.endsWith('AAAA') ? 'BBBB' : 'AAAA');
  seen.replaced = await word(() => oauth.refreshTokenGrant(config, wrong));
  const stranger = await find('hpk_' + 'x'.repeat(40));
  // Where there is a challenge, this client tells of that, and not of the error.
  const challenged = await oauth.refreshTokenGrant(stranger, tokens.refresh_token).catch((error) => error);
  seen.wrong_client = [challenged.code, challenged.status, challenged.cause?.[0]?.scheme];

  await oauth.tokenRevocation(config, tokens.access_token);
  seen.after = (await Promise.all(both.map(ask))).map((answer) => answer.active);
  await oauth.tokenRevocation(config, tokens.refresh_token);
  seen.revoked_twice = true;
  seen.dead = await word(() => oauth.refreshTokenGrant(config, tokens.refresh_token));
  console.log(JSON.stringify(seen));
};

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
