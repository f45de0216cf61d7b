// Discovers, registers and gets tokens with oauth4webapi, which accepts nothing but the standards,
// and verifies a token with jose. Argument: JSON with `issuer`, `statement` and `modules`.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { issuer, statement, modules } = JSON.parse(process.argv[2]);
const resolve = createRequire(join(modules, 'anchor.js')).resolve;
const load = (name) => import(pathToFileURL(resolve(name)).href);
const oauth = await load('oauth4webapi');
const jose = await load('jose');

// The server under test speaks plain HTTP on loopback.
const loopback = { [oauth.allowInsecureRequests]: true };

const url = new URL(issuer);
const server = await oauth
  .discoveryRequest(url, { algorithm: 'oauth2', ...loopback })
  .then((response) => oauth.processDiscoveryResponse(url, response));

const client = await oauth
  .dynamicClientRegistrationRequest(
    server,
    { software_statement: statement, redirect_uris: ['https://acme.example/'] },
    loopback,
  )
  .then(oauth.processDynamicClientRegistrationResponse);

const tokens = [];
for (const proof of [
  oauth.ClientSecretBasic(client.client_secret),
  oauth.ClientSecretPost(client.client_secret),
]) {
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    proof,
    new URLSearchParams({ scope: 'api:client:v2' }),
    loopback,
  );
  tokens.push(await oauth.processClientCredentialsResponse(server, client, response));
}

const keys = jose.createRemoteJWKSet(new URL(server.jwks_uri));
const [{ access_token }] = tokens;
// The house of this test has a clock of its own.
const currentDate = new Date(jose.decodeJwt(access_token).iat * 1000);
const { payload } = await jose.jwtVerify(access_token, keys, { currentDate });

console.log(
  JSON.stringify({
    access_token,
    client_id: client.client_id,
    token_types: tokens.map((token) => token.token_type),
    verified: payload,
  }),
);
