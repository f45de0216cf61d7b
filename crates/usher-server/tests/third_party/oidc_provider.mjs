// npm `oidc-provider` as a TV provider, with a decision point that knows its access tokens.

import http from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const settings = JSON.parse(process.argv[2]);
const require = createRequire(`${settings.modules}/`);
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const origin = `http://127.0.0.1:${settings.port}`;
const provider = new Provider(origin, {
  clients: [{
    client_id: 'usher-ref30',
    client_secret: settings.secret,
    redirect_uris: [settings.callback],
    post_logout_redirect_uris: [settings.afterLogout],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  }],
  pkce: { required: () => true },
  claims: { openid: ['sub', 'household_id', 'zip', 'channels', 'hba_status'] },
  conformIdTokenClaims: false,
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  extraParams: ['hba_flag'],
  cookies: { keys: ['tests keep no secrets'] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: async () => ({
      sub: id, household_id: `hh-${id}`, zip: ['75001'], channels: ['acme-one'], hba_status: 'false',
    }),
  }),
});

let refreshes = 0;
provider.on('grant.success', ({ oidc }) => {
  refreshes += oidc.params.grant_type === 'refresh_token' ? 1 : 0;
});

async function decision(request) {
  const parameters = new URL(request.url, origin).searchParams;
  const bearer = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const token = await provider.AccessToken.find(bearer);
  if (!token || token.accountId !== parameters.get('uuID')) return { decision: 'Deny', message: 'unknown token' };
  const channel = /<title>(.*?)<\/title>/.exec(Buffer.from(parameters.get('mrss'), 'base64').toString())[1];
  return { decision: channel === 'acme-one' ? 'Permit' : 'Deny', ttl: 60 };
}

const handle = provider.callback();
const server = http.createServer(async (request, response) => {
  if (request.url.startsWith('/decide')) {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(await decision(request)));
  } else if (request.url === '/refreshes') {
    response.end(String(refreshes));
  } else {
    handle(request, response);
  }
});
server.listen(settings.port, '127.0.0.1', () => console.log('ready'));
