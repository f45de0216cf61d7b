//! Signing in by OAuth 2.0 / OpenID Connect (`mvpd` §6): authorization code with PKCE and nonce.
//!
//! A client of our own rather than the `openidconnect` crate: that one brings a second JOSE
//! implementation (with the crate `rsa`, which `deny.toml` bans), while all cryptography here
//! stays in `usher-jose`; and what providers of this field need around the standard (claims by table,
//! stable refresh tokens, one budget over several calls) would be ours to write all the same.

mod access;
mod callback;
mod id_token;
mod keys;
mod token;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use usher_core::{Clock, Entropy, EntropyExt, Secret};
use usher_entitle::{BrowserStep, Partner, SignInError, SignInStart, Upstream, VerifiedIdentity};
use usher_jose::{base64url, sha256};
use usher_registry::{
    AuthnEndpoint, AuthnProtocol, ChosenEndpoints, Connection, EffectiveSettings, OAuthEndpoint,
    RedirectLogout, ReturnedState,
};

use self::access::AccessTokens;
pub(crate) use self::access::{AccessError, Live};
use self::callback::Callback;
use self::keys::KeySets;
pub(crate) use self::token::{Client, TokenEndpoint};
use self::token::{Grant, TokenError, Tokens};
use crate::claims;
use crate::credentials::{Credentials, OAuthCredentials};
use crate::path;
use crate::peer::{PeerError, Peers, exchange};

/// Where providers send browsers back to, below the server's origin (`mvpd` §6.1).
const CALLBACK_PATH: &str = "sp/oauth2/callback";
const LOGOUT_CALLBACK_PATH: &str = "sp/oauth2/logout-callback";

/// The OAuth side of the gateway.
pub(crate) struct OAuth {
    peers: Peers,
    keys: KeySets,
    access_tokens: AccessTokens,
    redirect_uri: Url,
    logout_uri: Url,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// What must be known to check the answer.
#[derive(Serialize, Deserialize)]
struct Pending {
    endpoints: ChosenEndpoints,
    nonce: String,
    verifier: String,
}

impl OAuth {
    /// Sends viewers back to addresses below `base_url`.
    pub(crate) fn new(
        peers: Peers,
        base_url: &Url,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Result<Self, url::ParseError> {
        Ok(Self {
            peers,
            keys: KeySets::default(),
            access_tokens: AccessTokens::default(),
            redirect_uri: base_url.join(CALLBACK_PATH)?,
            logout_uri: base_url.join(LOGOUT_CALLBACK_PATH)?,
            clock,
            entropy,
        })
    }

    /// The authorization request (`mvpd` §6.2).
    pub(crate) fn begin(
        &self,
        partner: &Partner,
        (endpoint, oauth): (&AuthnEndpoint, &OAuthEndpoint),
        (settings, connection): (&EffectiveSettings, &Connection),
        state: &str,
    ) -> Result<SignInStart, SignInError> {
        let client = Client::of(partner, oauth.client_authentication)?;
        let endpoints =
            ChosenEndpoints { authn: Some(endpoint.id().to_owned()), ..partner.endpoints() };
        let endpoint = oauth;
        let pending = Pending {
            endpoints,
            // As random as a UUID, and no longer: it is in the id token, which is kept with every profile.
            nonce: base64url(self.entropy.bytes::<16>()),
            verifier: base64url(self.entropy.bytes::<32>()),
        };
        let mut location = endpoint.authorization_url.clone();
        let mut query = location.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", client.id)
            .append_pair("redirect_uri", self.redirect_uri.as_str())
            .append_pair("scope", &endpoint.scope)
            .append_pair("state", state);
        if is_openid(endpoint) {
            query.append_pair("nonce", &pending.nonce);
        }
        if endpoint.pkce {
            query
                .append_pair("code_challenge", &base64url(sha256(pending.verifier.as_bytes())))
                .append_pair("code_challenge_method", "S256");
        }
        query.extend_pairs(wishes(partner, endpoint, settings, connection));
        drop(query);
        let pending = serde_json::to_string(&pending)
            .map_err(|error| SignInError::Unsupported(error.to_string()))?;
        Ok(SignInStart { step: BrowserStep::Go(location), pending: Secret::new(pending) })
    }

    /// Redeems the code and believes what the provider proves (`mvpd` §6.3, §6.4).
    pub(crate) async fn finish(
        &self,
        partner: &Partner,
        pending: &Secret<String>,
        answer: &[(String, String)],
    ) -> Result<VerifiedIdentity, SignInError> {
        let pending: Pending = serde_json::from_str(pending.expose())
            .map_err(|_| unverified("nothing is known about this sign-in"))?;
        let endpoint = pending.endpoints.authn.as_deref().unwrap_or_default();
        let endpoint = partner
            .speaker()
            .authn
            .get(endpoint)
            .and_then(oauth_of)
            .ok_or_else(|| unverified("the sign-in did not begin with OAuth"))?;
        let code = Callback::read(answer)?.code_from(&endpoint.issuer)?;
        let tokens = self.redeem(partner, endpoint, code, &pending.verifier).await?;
        let nonce = is_openid(endpoint).then_some(pending.nonce.as_str());
        let client_id = Client::of(partner, endpoint.client_authentication)?.id;
        let claims = self.claims(client_id, endpoint, &tokens, nonce).await?;
        let user_id = claims::user_id(endpoint, &claims)
            .ok_or_else(|| unverified("the answer holds no usable user id"))?;
        let attributes = {
            let find = |name: &str| path::member(&claims, name).cloned();
            claims::attributes(&endpoint.claims, find)
        };
        let (authn, now) = (pending.endpoints.authn.clone(), self.clock.now());
        let kept = self.access_tokens.remember(client_id, tokens, pending.endpoints, now).await;
        Ok(VerifiedIdentity {
            user_id,
            home_based: claims::home_based(claims.get(claims::HBA_STATUS)),
            // Nobody is signed out by the names that such a provider has: there is no back channel.
            upstream: Upstream { endpoint: authn, ..Upstream::default() },
            credentials: Credentials::Oauth2(kept).seal(),
            attributes,
            not_after: endpoint.refresh_ttl.map(|ttl| now + ttl),
            proof_not_after: None,
        })
    }

    async fn redeem(
        &self,
        partner: &Partner,
        endpoint: &OAuthEndpoint,
        code: &str,
        verifier: &str,
    ) -> Result<Tokens, SignInError> {
        let verifier = endpoint.pkce.then_some(verifier);
        let grant = Grant::Code { code, redirect_uri: &self.redirect_uri, verifier };
        let provider = TokenEndpoint::of(endpoint, partner)?;
        token::request(&self.peers, &provider, &grant).await.map_err(|error| match error {
            TokenError::Refused(code) => unverified(&format!("the code was refused: {code}")),
            TokenError::Peer(error) => unreachable("token endpoint", error),
        })
    }

    /// The claims of the id token (which must be there if a nonce was sent), completed from the user-profile endpoint where they fall short.
    async fn claims(
        &self,
        client_id: &str,
        endpoint: &OAuthEndpoint,
        tokens: &Tokens,
        nonce: Option<&str>,
    ) -> Result<Value, SignInError> {
        let mut claims = match &tokens.id_token {
            Some(token) => {
                let expected = id_token::Expected {
                    issuer: &endpoint.issuer,
                    client_id,
                    nonce,
                    now: self.clock.now(),
                };
                self.verified(endpoint, token, &expected).await?
            }
            None if nonce.is_some() => return Err(unverified("there is no id token")),
            None => Value::Object(serde_json::Map::new()),
        };
        if let Some(url) = &endpoint.userinfo_url
            && !claims::are_complete(endpoint, &claims)
        {
            let profile = self.profile(url, &tokens.access_token).await?;
            complete(&mut claims, profile)?;
        }
        Ok(claims)
    }

    async fn verified(
        &self,
        endpoint: &OAuthEndpoint,
        token: &str,
        expected: &id_token::Expected<'_>,
    ) -> Result<Value, SignInError> {
        let url = endpoint
            .jwks_url
            .as_ref()
            .ok_or_else(|| SignInError::Unsupported("no key set is configured".to_owned()))?;
        let claims = self
            .keys
            .verify(&self.peers, url, token, expected.now)
            .await
            .map_err(|error| unreachable("key set", error))?
            .map_err(|error| unverified(&error.to_string()))?;
        id_token::check(&claims, expected).map_err(unverified)?;
        Ok(claims)
    }

    /// The user-profile call (`mvpd` §6.4).
    async fn profile(&self, url: &Url, access_token: &str) -> Result<Value, SignInError> {
        let profile = async {
            let request = self.peers.get(url)?.bearer_auth(access_token);
            exchange(request.header("Accept", "application/json")).await?.json()
        };
        profile.await.map_err(|error| unreachable("user-profile endpoint", error))
    }

    /// An access token for calls about a viewer who signed in with these `credentials` (`mvpd` O3).
    pub(crate) async fn access(
        &self,
        provider: &TokenEndpoint<'_>,
        credentials: &OAuthCredentials,
    ) -> Result<Option<Live>, AccessError> {
        self.access_tokens.live(&self.peers, provider, credentials, self.clock.now()).await
    }

    /// Forgets what is remembered of a sign-in that is over.
    pub(crate) async fn forget(&self, partner: &Partner, credentials: &OAuthCredentials) {
        if let Some(client_id) = &partner.integration.client_id {
            self.access_tokens.forget(client_id, credentials).await;
        }
    }

    /// Where the browser signs out (`mvpd` §6.5), and comes back from with `state`.
    pub(crate) fn sign_out(
        &self,
        partner: &Partner,
        logout: &RedirectLogout,
        credentials: Option<&Credentials>,
        state: &str,
    ) -> Url {
        let mut back = self.logout_uri.clone();
        let mut location = logout.url.clone();
        let mut query = location.query_pairs_mut();
        match logout.state {
            ReturnedState::InAddress => {
                back.query_pairs_mut().append_pair("state", state);
                query.append_pair(&logout.return_parameter, back.as_str());
            }
            ReturnedState::Beside => {
                query.append_pair(&logout.return_parameter, back.as_str());
                query.append_pair("state", state);
            }
        }
        if let Some(Credentials::Oauth2(tokens)) = credentials {
            let hint = tokens.id_token.as_ref().map(|token| ("id_token_hint", token.as_str()));
            query.extend_pairs(hint);
        }
        let client = partner.integration.client_id.as_deref().map(|id| ("client_id", id));
        query.extend_pairs(client);
        drop(query);
        location
    }
}

/// Adds what `profile` knows beyond `claims`; both must speak of one subject (OpenID Connect Core
/// §5.3.2), and what was signed wins.
fn complete(claims: &mut Value, profile: Value) -> Result<(), SignInError> {
    let (Value::Object(claims), Value::Object(profile)) = (claims, profile) else {
        return Err(unverified("the user profile is no JSON object"));
    };
    if claims.get("sub").is_some_and(|subject| profile.get("sub") != Some(subject)) {
        return Err(unverified("the user profile is somebody else's"));
    }
    for (name, value) in profile {
        claims.entry(name).or_insert(value);
    }
    Ok(())
}

fn is_openid(endpoint: &OAuthEndpoint) -> bool {
    endpoint.scope.split(' ').any(|scope| scope == "openid")
}

/// The OAuth side of a sign-in endpoint, if it has one.
pub(crate) fn oauth_of(endpoint: &AuthnEndpoint) -> Option<&OAuthEndpoint> {
    match &endpoint.protocol {
        AuthnProtocol::Oauth2(oauth) => Some(oauth),
        AuthnProtocol::Saml2(_) => None,
    }
}

/// What the catalog wants to be asked for beyond the standard (`mvpd` §6.2).
fn wishes<'w>(
    partner: &'w Partner,
    endpoint: &'w OAuthEndpoint,
    settings: &EffectiveSettings,
    connection: &'w Connection,
) -> impl Iterator<Item = (&'w str, &'w str)> {
    let force = connection.force_authn.unwrap_or(false).then(|| {
        let name = connection.force_authn_parameter_name.as_deref().unwrap_or("prompt");
        (name, connection.force_authn_parameter_value.as_deref().unwrap_or("none"))
    });
    let home_based = settings.attempt_hba().unwrap_or(false);
    let home_based = home_based.then_some((endpoint.hba_parameter.as_str(), "true"));
    let requestor = endpoint.requestor_parameter.as_deref();
    let requestor = requestor.map(|name| (name, partner.requestor()));
    [force, home_based, requestor].into_iter().flatten()
}

fn unverified(why: &str) -> SignInError {
    SignInError::Unverified { code: "oauth", detail: why.to_owned() }
}

fn unreachable(what: &str, error: PeerError) -> SignInError {
    SignInError::Unreachable(format!("{what}: {error}"))
}
